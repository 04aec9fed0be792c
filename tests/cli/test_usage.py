"""``datus usage``: what the store says was spent, as a table and as JSON."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datus.cli.main import main
from datus.tasks.engines import migrate, open_store
from datus.tasks.store import Spent
from datus.types import Usage

Run = Callable[..., tuple[int, str, str]]
DONE = ("done", {"status": "completed"})


@pytest.fixture
def datus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def spend(tmp_path: Path) -> Callable[[str, str, Mapping[str, Usage]], None]:
    """Has a client's task end on a day."""

    def spend(client: str, day: str, usage: Mapping[str, Usage]) -> None:
        path = tmp_path / "home" / "state.db"
        migrate(path)

        async def end() -> None:
            at = datetime.fromisoformat(day).replace(tzinfo=UTC)
            store = await open_store(path, clock=lambda: at)
            task, _ = await store.submit(client, f"t{day}", "f", {}, workflow="w", namespace="n")
            run = await store.start(task)
            await run.finish(
                "completed", answer={}, error=None, events=[DONE], spent=Spent(dict(usage))
            )
            await store.close()

        asyncio.run(end())

    return spend


def test_nothing_was_spent(datus: Run) -> None:
    assert datus("usage") == (0, "No task has asked a hosted model.\n", "")
    assert datus("usage", "--since", "2024-01-01")[1].endswith("model since 2024-01-01.\n")
    assert datus("usage", "--json")[1] == "[]\n"


def test_a_line_each(datus: Run, spend: Any) -> None:
    spend("alice", "2024-01-15", {"main": Usage(2, 12_000, 340, 8_000, 0.0421)})
    spend(
        "bob", "2024-01-16", {"main": Usage(1, 500, 60, 0, 0.002), "local": Usage(3, 9, 9, 0, None)}
    )
    code, out, _ = datus("usage", "--by", "client")
    assert code == 0
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert lines["alice"] == ["1", "2", "12,000", "8,000", "340", "0.0421"]
    assert lines["bob"] == ["1", "4", "509", "0", "69", "0.0020+"]
    assert "3 requests have no known price" in out
    found = json.loads(datus("usage", "--json", "--since", "2024-01-16")[1])
    assert {each["name"]: each["cost_usd"] for each in found} == {"main": 0.002, "local": 0.0}
    assert {each["name"]: each["unpriced_requests"] for each in found} == {"main": 0, "local": 3}
    days = json.loads(datus("usage", "--json", "--by", "day")[1])
    assert [each["name"] for each in days] == ["2024-01-15", "2024-01-16"]


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--by", "colour")])
def test_what_cannot_be_meant_is_said(datus: Run, arguments: tuple[str, str]) -> None:
    code, _, err = datus("usage", *arguments)
    assert code != 0
    assert arguments[1] in err
