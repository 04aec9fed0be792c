"""Every statement of ``hostile.yml`` is refused, and for the reason that is written there."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from datus.errors import RefusalError
from datus.sql.guard import check

_GROUPS = yaml.safe_load(Path(__file__).with_name("hostile.yml").read_text("utf-8"))
_DIALECTS = ("sqlite", "duckdb", "postgresql", "mysql")
_CASES = [
    pytest.param(dialect, sql, group["reason"], id=f"{dialect}: {group['why']} [{number}]")
    for dialect in _DIALECTS
    for group in [*_GROUPS["any"], *_GROUPS[dialect]]
    for number, sql in enumerate(group["sql"])
]


def test_there_are_enough_of_them() -> None:
    distinct = {sql for groups in _GROUPS.values() for group in groups for sql in group["sql"]}
    assert len(distinct) >= 400


@pytest.mark.parametrize(("dialect", "sql", "reasons"), _CASES)
def test_refused(dialect: Any, sql: str, reasons: list[str], shop: ModuleType) -> None:
    with pytest.raises(RefusalError) as refusal:
        check(sql, shop.schema(dialect))
    assert refusal.value.code == "unsafe_sql"
    assert refusal.value.details["reason"] in reasons
