"""The examples of docs/knowledge.md are read as the page says."""

import re
from pathlib import Path

import pytest

from datus.config import SETTINGS, load_settings
from datus.knowledge.content import COMPONENTS
from datus.knowledge.reading.documents import MAX_PASSAGE, read_documents
from datus.knowledge.reading.reference_sql import read_references
from datus.knowledge.reading.terms import read_terms
from datus.types import Column, DatabaseSchema, TableSchema

PAGE = (Path(__file__).parents[2] / "docs" / "knowledge.md").read_text(encoding="utf-8")
ORDERS = TableSchema("orders", (Column("city", "TEXT", "text"), Column("amount", "REAL", "number")))
SCHEMAS = {"shop": DatabaseSchema("sqlite", "shop", (ORDERS,))}


def block(language: str, part: str) -> str:
    found = [
        text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if part in text
    ]
    assert len(found) == 1
    return str(found[0])


def test_terms(tmp_path: Path) -> None:
    (tmp_path / "terms.yml").write_text(block("yaml", "terms:\n"), encoding="utf-8")
    (term,) = read_terms(tmp_path / "terms.yml")
    assert (term.word, term.area) == ("active customer", ("sales", "retail"))


@pytest.mark.parametrize(("language", "name"), [("csv", "r.csv"), ("sql", "r.sql")])
def test_references(tmp_path: Path, language: str, name: str) -> None:
    (tmp_path / name).write_text(block(language, "Revenue by city"), encoding="utf-8")
    path = tmp_path if language == "sql" else tmp_path / name
    (found,), problems = read_references(path, (), SCHEMAS, None)
    assert problems == ()
    assert (found.question, found.area) == ("Revenue by city", ("sales", "retail"))
    assert found.columns == ("orders.amount", "orders.city")


def test_documents(tmp_path: Path) -> None:
    (tmp_path / "d.md").write_text(block("markdown", "area"), encoding="utf-8")
    (found,) = read_documents(tmp_path)
    assert (found.title, found.area) == ("Returns", ("sales", "retail"))
    assert f"{MAX_PASSAGE:,} characters" in PAGE


def test_settings(tmp_path: Path) -> None:
    text = block("yaml", "namespace:").replace("# ...", "host: h\n      database: d")
    (tmp_path / "agent.yml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "agent.yml", env={}, home=tmp_path, cwd=tmp_path)
    assert settings.namespaces["sales"].area == ("sales",)
    assert settings.namespaces["sales"].knowledge.values_exclude[0] == "customers.email"


def test_every_component_and_setting_is_told() -> None:
    for component in COMPONENTS:
        assert f"| `{component}` |" in PAGE
    for setting in SETTINGS:
        section, _, name = setting.name.rpartition(".")
        if section == "agent.namespace.<name>.knowledge" and name != "golden":
            assert name in PAGE
