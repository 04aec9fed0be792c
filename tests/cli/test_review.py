"""``datus knowledge review``: from feedback through the service to a version that has learned, or has not."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datus.auth import Client
from datus.cli.main import main
from datus.config import Settings, load_settings
from datus.connectors.registry import Connectors
from datus.errors import RefusalError
from datus.generation.scripted import ScriptedGenerator
from datus.knowledge.decisions import deciding
from datus.knowledge.library import Knowledge
from datus.knowledge.versions import Versions
from datus.service import RunRequest, Service
from datus.types import GenerationContext, ReferenceSql

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, amount REAL NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'Tokyo'), (2, 'Bo', 'Oslo'), (3, 'Chen', 'Tokyo');
INSERT INTO orders VALUES (1, 1, 10.5), (2, 2, 20), (3, 1, 7);
"""
AGENT = """
agent:
  knowledge: {embeddings: {type: none}}
  namespace:
    shop:
      type: sqlite
      uri: shop.sqlite
      knowledge: {golden: golden.jsonl}
    vault: {type: sqlite, uri: shop.sqlite}
"""
GOLDEN = [
    {"question": "How many customers are there?", "sql": "SELECT count(*) FROM customers"},
    {"question": "What is the meaning of life?", "expect": "refusal"},
]
BEST = "Who are our best customers?"
BEST_SQL = (
    "SELECT name FROM customers JOIN orders ON customer_id = customers.id "
    "GROUP BY customers.id, name HAVING sum(amount) > 15"
)


class Shop:
    """A configured folder, what clients did with it, and the command line over it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = ""
        self.err = ""

    @property
    def settings(self) -> Settings:
        home = self.folder / "home"
        return load_settings(self.folder / "agent.yml", env={}, home=home, cwd=self.folder)

    @property
    def versions(self) -> Versions:
        return Versions(self.settings.knowledge_path, "shop")

    def say(
        self,
        question: str,
        answer: str = "SELECT 1 AS one",
        *,
        status: str = "success",
        client: str = "alice",
        namespace: str = "shop",
        corrected: str | None = None,
        comment: str | None = None,
        **fields: Any,
    ) -> None:
        """A client asks, gets an answer and says what it thinks of it."""

        async def go() -> None:
            service = await open_service(self.settings, answer)
            try:
                request = RunRequest("nl2sql", namespace, question, **fields)
                task = await service.submit(Client(client), request)
                await service.wait(Client(client), task.task_id)
                await service.feedback(Client(client), task.task_id, status, comment, corrected)  # type: ignore[arg-type]
            finally:
                await service.close(grace_s=0)

        asyncio.run(go())

    def run(self, *words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["knowledge", *words, "--config", str(self.folder / "agent.yml")])
        self.out, self.err = self._capsys.readouterr()
        return int(ended.value.code or 0)

    def review(self, *words: str) -> int:
        return self.run("review", "--namespace", "shop", *words)

    def ids(self, *words: str) -> list[str]:
        """The ids that the list shows, newest first."""
        assert self.review(*words) == 0, self.err
        return re.findall(r"^\d+\. (\S+)", self.out, re.MULTILINE)

    def files(self) -> dict[str, bytes]:
        found = self.versions.folder.glob("*") if self.versions.folder.is_dir() else ()
        return {path.name: path.read_bytes() for path in found}

    def finds(self, question: str) -> tuple[str, tuple[ReferenceSql, ...]]:
        """The version that questions are answered from, and the references it has for one."""

        async def go() -> tuple[str, tuple[ReferenceSql, ...]]:
            connectors = Connectors(self.settings)
            knowledge = Knowledge(connectors, self.settings, embedder=None, clock=lambda: 0.0)
            try:
                snapshot = await knowledge.snapshot("shop", ("shop",))
                return snapshot.version, snapshot.find_references(question, (), 5)
            finally:
                knowledge.close()
                await connectors.close()

        return asyncio.run(go())

    def answer(self, question: str) -> dict[str, Any]:
        async def go() -> dict[str, Any]:
            service = await Service.open(
                self.settings, clock=lambda: datetime.now(UTC), random=os.urandom
            )
            try:
                task = await service.submit(Client("bob"), RunRequest("nl2sql", "shop", question))
                return dict(await service.wait(Client("bob"), task.task_id))
            finally:
                await service.close(grace_s=0)

        return asyncio.run(go())


async def open_service(settings: Settings, answer: str) -> Service:
    return await Service.open(
        settings,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        generator=ScriptedGenerator(lambda context: [answer]),
    )


@pytest.fixture
def shop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shop:
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    connection.executescript(SHOP)
    connection.close()
    (tmp_path / "agent.yml").write_text(AGENT, encoding="utf-8")
    lines = (json.dumps(line) + "\n" for line in GOLDEN)
    (tmp_path / "golden.jsonl").write_text("".join(lines), encoding="utf-8")
    return Shop(tmp_path, capsys)


def test_what_is_accepted_is_in_the_next_version(shop: Shop) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    old = shop.versions.current()
    shop.say(BEST, BEST_SQL)
    shop.say(BEST, "SELECT 2", status="failed", corrected=BEST_SQL + ";", comment="只看大客户")
    shop.say("How many orders?", "SELECT 3", status="failed")
    newer, older = shop.ids()
    for part in (BEST, "HAVING", "alice", "corrected", "confirmed", "只看大客户"):
        assert part in shop.out
    assert shop.finds(BEST) == (old, ())

    assert shop.review("--accept", older) == 0, shop.err
    new = shop.versions.current()
    assert new != old
    assert f"Golden set with {old}: 2 right, 0 wrong, 0 refused" in shop.out
    assert f"Golden set with {new}: 2 right, 0 wrong, 0 refused" in shop.out
    version, (found,) = shop.finds("best customers")
    assert version == new
    assert (found.question, found.database) == (BEST, "shop")
    assert set(found.tables) == {"customers", "orders"}
    answer = shop.answer("How many customers are there?")
    assert answer["metadata"]["knowledge_version"] == new
    assert shop.ids() == [newer]
    assert shop.ids("--accepted") == [older]

    files = shop.files()
    assert shop.review("--accept", older) == 0
    assert "accepted already" in shop.out
    assert shop.files() == files
    assert shop.run("build", "--namespace", "shop", "--update", "overwrite") == 0
    assert [each.question for each in shop.finds(BEST)[1]] == [BEST]


def test_nothing_a_stranger_sends_changes_anything(shop: Shop) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    before = shop.files()
    database = (shop.folder / "shop.sqlite").read_bytes()
    shop.say("Empty it", status="failed", corrected="DELETE FROM customers")
    shop.say("Two at once", corrected="SELECT 1; DROP TABLE customers")
    shop.say("Show all", corrected="SELECT sql FROM sqlite_master")
    shop.say("Load", corrected="SELECT load_extension('/tmp/x.so')")
    shop.say("[red]How\x1b[2J many\u202e?\n1. fake", "SELECT count(*) FROM customers")
    shop.say("Of the vault", "SELECT 5", namespace="vault", client="mallory")
    shop.say("x", comment="\x1b]0;owned\x07[bold]hi[/bold]", client="[link=x]m\x1b[1m")
    shop.say("Broken", corrected="SELECT nothing FROM customers")
    ids = shop.ids("--run")
    harmless = ids[1]
    assert len(ids) == 7
    assert "vault" not in shop.out
    assert not {"\x1b", "\x07", "\u202e"} & set(shop.out)
    for part in ("[red]How", "[bold]hi[/bold]", "[link=x]m", "The guard refuses", "   1. fake"):
        assert part in shop.out
    assert shop.out.count("PROBLEM") == 6
    for id in ids:
        if id != harmless:
            assert shop.review("--accept", id) == 1
            assert "Nothing was accepted" in shop.out
    assert shop.files() == before | {".review": b""}
    assert shop.finds("Empty it")[1] == ()
    assert (shop.folder / "shop.sqlite").read_bytes() == database


def worse_when_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that answer the golden set, each one worse than the one before."""
    answers = iter(["SELECT count(*) FROM customers", "SELECT 7"])

    def make(*_: object) -> ScriptedGenerator:
        answer = next(answers)

        def write(context: GenerationContext) -> list[str]:
            if "customers" in context.question.text:
                return [answer]
            raise RefusalError("Nobody knows.", code="unanswerable")

        return ScriptedGenerator(write)

    monkeypatch.setattr("datus.service.service.make_generator", make)


@pytest.mark.parametrize("built", [True, False])
def test_a_golden_set_that_gets_worse_keeps_what_there_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, built: bool
) -> None:
    if built:
        assert shop.run("build", "--namespace", "shop") == 0, shop.err
    before = shop.files()
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    worse_when_asked_again(monkeypatch)
    assert shop.review("--accept", id) == 1
    for part in (
        "2 right, 0 wrong",
        "1 right, 1 wrong",
        "question 1: right -> wrong",
        "Nothing was",
    ):
        assert part in shop.out
    assert {name: data for name, data in shop.files().items() if name[0] != "."} == {
        name: data for name, data in before.items() if name[0] != "."
    }
    assert shop.ids() == [id]

    worse_when_asked_again(monkeypatch)
    assert shop.review("--accept", id, "--force") == 0
    assert "FORCED" in shop.out
    assert [each.question for each in shop.finds(BEST)[1]] == [BEST]


def test_without_a_golden_set_it_has_to_be_said(shop: Shop) -> None:
    (shop.folder / "agent.yml").write_text(AGENT.replace("{golden: golden.jsonl}", "{}"))
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    assert shop.review("--accept", id) == 1
    assert "--without-golden" in shop.err
    assert shop.versions.current() is None
    assert shop.review("--accept", id, "--without-golden") == 0
    assert "the live databases were read" in shop.out
    assert shop.finds(BEST)[0] == shop.versions.current()


def test_a_golden_set_that_measures_nothing_is_told(shop: Shop) -> None:
    row = {"question": "How many customers?", "sql": "SELECT count(*) FROM nowhere"}
    (shop.folder / "broken.json").write_text(json.dumps([row]))
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    assert shop.review("--accept", id, "--golden", str(shop.folder / "broken.json")) == 1
    assert "nowhere" in shop.err
    assert [name for name in shop.files() if name.endswith(".db")] == []
    assert shop.ids() == [id]


def test_back_to_the_version_before_and_without_it_for_good(shop: Shop) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    old = shop.versions.current()
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    assert shop.review("--accept", id) == 0
    assert shop.run("rollback", "--namespace", "shop") == 0
    assert shop.finds(BEST) == (old, ())
    assert shop.run("build", "--namespace", "shop") == 0
    assert len(shop.finds(BEST)[1]) == 1

    assert shop.review("--revoke", id) == 0
    assert shop.finds(BEST)[1] == ()
    assert shop.run("build", "--namespace", "shop", "--update", "overwrite") == 0
    assert shop.finds(BEST)[1] == ()
    assert shop.ids() == shop.ids("--accepted") == []
    assert shop.review("--revoke", id) == 1
    assert "is not accepted" in shop.err

    assert shop.review("--accept", id) == 0
    assert len(shop.finds(BEST)[1]) == 1


def test_what_is_rejected_is_not_shown_again(shop: Shop) -> None:
    shop.say(BEST, BEST_SQL)
    shop.say("How many?", "SELECT count(*) FROM orders")
    second, first = shop.ids()
    assert shop.review("--reject", first) == 0
    shop.say(BEST, BEST_SQL, client="bob")
    assert shop.ids() == [second]
    assert shop.review("--accept", second) == 0
    assert shop.review("--reject", second) == 1
    assert "--revoke" in shop.err
    assert stat.S_IMODE((shop.versions.folder / "decisions.jsonl").stat().st_mode) == 0o600
    assert "rows" not in (shop.versions.folder / "decisions.jsonl").read_text()
    for words in (("--accept", "x" * 24), ("--reject", "x")):
        assert shop.review(*words) == 1
        assert "There is no proposal" in shop.err
    assert shop.review("--accept", first, "--reject", second) == 1
    assert "one kind" in shop.err


def test_contradictions_are_told_and_not_learned(shop: Shop) -> None:
    shop.say("How many orders?", "SELECT count(*) FROM orders")
    shop.say("how many  orders", corrected="SELECT count(id) FROM orders", client="bob")
    other, one = shop.ids()
    assert f"Proposal {one} answers it otherwise" in " ".join(shop.out.split())
    assert shop.review("--accept", one, "--accept", other) == 1
    assert shop.versions.current() is None
    assert shop.review("--accept", one) == 0
    assert shop.review("--accept", other) == 1
    assert "revoke that first" in shop.out


def test_the_list_is_narrowed(shop: Shop) -> None:
    for number in range(3):
        shop.say(f"Number {number}?", f"SELECT {number} AS n", client=f"client{number % 2}")
    assert len(shop.ids("--limit", "2")) == 2
    assert "--limit" in shop.out
    assert len(shop.ids("--client", "client1")) == 1
    shop.ids("--run", "--client", "client1")
    assert "It returns 1 rows of (n): 1" in shop.out


REVIEWER = "import sys; from datus.cli.main import main; main(sys.argv[1:])"


def test_two_reviewers_at_once_lose_nothing(shop: Shop) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    for number in range(2):
        shop.say(f"Orders above {number}?", f"SELECT id FROM orders WHERE amount > {number}")
    ids = shop.ids()
    common = [
        "knowledge",
        "review",
        "--namespace",
        "shop",
        "--config",
        str(shop.folder / "agent.yml"),
    ]
    reviewers = [
        subprocess.Popen(
            [sys.executable, "-c", REVIEWER, *common, "--accept", id],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for id in ids
    ]
    said = [reviewer.communicate(timeout=60) for reviewer in reviewers]
    for id, reviewer, (_, errors) in zip(ids, reviewers, said, strict=True):
        if reviewer.returncode:
            assert "Another process decides" in errors
            assert shop.review("--accept", id) == 0
    assert sorted(shop.ids("--accepted")) == sorted(ids)
    assert len(shop.finds("orders above")[1]) == 2


def test_while_another_decides_nothing_is_decided(shop: Shop) -> None:
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    with deciding(shop.versions.folder):
        for words in (("--accept", id), ("--reject", id), ("--revoke", id)):
            assert shop.review(*words) == 1
            assert "Another process decides" in shop.err
    assert shop.ids() == [id]


DYING = """
import os, signal, sys
import datus.service.service
from datus.cli.main import main
datus.service.service.make_generator = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


def test_a_review_that_is_killed_changes_nothing(shop: Shop) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    old = shop.versions.current()
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    common = ["--namespace", "shop", "--config", str(shop.folder / "agent.yml")]
    command = [sys.executable, "-c", DYING, "knowledge", "review", *common, "--accept", id]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == -signal.SIGKILL
    assert len(shop.versions.all()) == 2
    assert shop.finds(BEST) == (old, ())
    assert shop.ids() == [id]
    assert shop.review("--accept", id) == 0
    assert len(shop.finds(BEST)[1]) == 1


def test_what_was_learned_is_held_against_the_schema_of_today(shop: Shop) -> None:
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    assert shop.review("--accept", id) == 0
    assert shop.ids("--accepted") == [id]
    assert "PROBLEM" not in shop.out
    with sqlite3.connect(shop.folder / "shop.sqlite") as connection:
        connection.execute("DROP TABLE orders")
    connection.close()
    assert shop.ids("--accepted") == [id]
    assert "PROBLEM: The guard refuses" in shop.out


def test_a_build_that_comes_between_is_not_undone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.run("build", "--namespace", "shop") == 0, shop.err
    shop.say(BEST, BEST_SQL)
    (id,) = shop.ids()
    between: list[str | None] = []

    def meanwhile(*_: object) -> ScriptedGenerator:
        if not between:
            with shop.versions.building() as draft:
                draft.write_bytes(shop.versions.path(shop.versions.current() or "").read_bytes())
                shop.versions.use(shop.versions.add(draft, "0" * 12))
            between.append(shop.versions.current())
        return ScriptedGenerator(lambda context: ["SELECT count(*) FROM customers"])

    monkeypatch.setattr("datus.service.service.make_generator", meanwhile)
    assert shop.review("--accept", id) == 1
    assert "accept again" in shop.err
    assert [shop.versions.current()] == between
    assert shop.ids("--accepted") == []
