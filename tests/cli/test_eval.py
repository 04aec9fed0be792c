"""``datus eval`` from the command line to its report."""

import json
import sqlite3
from pathlib import Path

import pytest

from datus.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    connection.executescript(
        "CREATE TABLE customers (id INTEGER); INSERT INTO customers VALUES (1), (2)"
    )
    connection.close()
    (tmp_path / "agent.yml").write_text(
        "agent: {namespace: {shop: {type: sqlite, uri: shop.sqlite}}}", encoding="utf-8"
    )
    rows = [
        {"question": "How many customers are there?", "sql": "SELECT count(*) FROM customers"},
        {"question": "What is the meaning of life?", "expect": "refusal", "category": "other"},
    ]
    (tmp_path / "questions.json").write_text(json.dumps(rows), encoding="utf-8")
    return tmp_path


def run(folder: Path, *options: str) -> int:
    common = [str(folder / "questions.json"), "--config", str(folder / "agent.yml")]
    with pytest.raises(SystemExit) as ended:
        main(["eval", *common, "--report", str(folder / "report"), *options])
    return int(ended.value.code or 0)


def test_it_prints_figures_and_writes_the_report(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATUS_HOME", str(folder / "home"))
    assert run(folder, "--namespace", "shop", "--today", "2024-01-15") == 0
    out = capsys.readouterr().out
    for part in ("accuracy", "precision", "total", "report.md"):
        assert part in out
    report = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["total"]["questions"] == 2
    assert report["about"]["workflow"] == "nl2sql"
    assert set(report["verdicts"].values()) == {"right"}
    assert "# Evaluation" in (folder / "report" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        (["--namespace", "sohp"], 1, "There is no namespace 'sohp'"),
        (["--namespace", "shop", "--sql-key", "gold"], 1, "gold"),
        (["--namespace", "shop", "--today", "15.1.2024"], 1, "ISO date"),
        (["--namespace", "shop", "--workflow", "nl3sql"], 1, "nl3sql"),
        ([], 2, "--namespace"),
    ],
)
def test_wrong_use_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, part: str
) -> None:
    assert run(folder, *options) == code
    assert part in capsys.readouterr().err
