"""From feedback to proposals, and the file of decisions about them."""

import json
import stat
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datus.config import DatabaseConfig, NamespaceConfig
from datus.errors import ConfigError, ConflictError, UnavailableError
from datus.knowledge.decisions import FILE, Decision, Verdict, accepted, decide, deciding, decisions
from datus.knowledge.learning import Proposal, check_proposals, find_proposals
from datus.tasks.engines import migrate, open_store
from datus.tasks.store import TaskStore
from datus.types import Column, DatabaseSchema, ReferenceSql, TableSchema

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
SCHEMA = DatabaseSchema(
    "sqlite",
    "huts",
    (TableSchema("hut", (Column("hut_id", "INTEGER", "integer"), Column("name", "TEXT", "text"))),),
)
HUTS = {"huts": SCHEMA}
SPACE = NamespaceConfig("alps", (DatabaseConfig("huts", "sqlite"),))
BOTH = NamespaceConfig(
    "alps",
    (DatabaseConfig("huts", "sqlite"), DatabaseConfig("maps", "sqlite")),
    area=("sales",),
)


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    migrate(tmp_path / "state.db")
    store = await open_store(tmp_path / "state.db")
    yield store
    await store.close()


class Told:
    """Puts tasks that are over, with feedback, into a store."""

    def __init__(self, store: TaskStore) -> None:
        self._store = store
        self._count = 0

    async def __call__(
        self,
        question: str = "How many huts?",
        sql: str | None = "SELECT count(*) FROM hut",
        *,
        status: Any = "success",
        corrected: str | None = None,
        ended: Any = "completed",
        database: str | None = "huts",
        namespace: str = "alps",
        client: str = "c",
        **request: Any,
    ) -> None:
        self._count += 1
        name = f"t{self._count}"
        task, _ = await self._store.submit(
            client, name, name, {"task": question, **request}, workflow="w", namespace=namespace
        )
        run = await self._store.start(task)
        metadata: Mapping[str, Any] = {"database": database} if database else {}
        await run.finish(
            ended,
            answer={"sql": sql, "metadata": metadata},
            error=None,
            events=[("done", {"status": ended})],
        )
        await self._store.add_feedback(client, name, status, corrected_sql=corrected)


@pytest.fixture
def tell(store: TaskStore) -> Told:
    return Told(store)


async def test_what_is_proposed(store: TaskStore, tell: Told) -> None:
    await tell("right")
    await tell("wrong", status="failed")
    await tell("mended", status="failed", corrected=" SELECT 2 ")
    await tell("praised and mended", corrected="SELECT 3")
    await tell("blank", status="failed", corrected=" \n ")
    await tell("refused", None, ended="refused")
    await tell("praised though cancelled", ended="cancelled")
    await tell("of metrics", metric_query={"metrics": ["revenue"]})
    await tell("elsewhere", namespace="other")
    found = await find_proposals(store, SPACE)
    assert [(each.question, each.kind, each.sql) for each in found] == [
        ("praised and mended", "corrected", "SELECT 3"),
        ("mended", "corrected", "SELECT 2"),
        ("right", "confirmed", "SELECT count(*) FROM hut"),
    ]


async def test_where_it_belongs(store: TaskStore, tell: Told) -> None:
    await tell("a", database=None, corrected="SELECT 1")
    await tell("b", database=None, corrected="SELECT 1", database_name="maps")
    await tell("c", database=None, corrected="SELECT 1", database_name="secrets")
    await tell("d", domain="ops", layer1="huts/high")
    found = await find_proposals(store, BOTH)
    assert [(each.question, each.database, each.area) for each in found] == [
        ("d", "huts", ("ops", "huts", "high")),
        ("c", None, ("sales",)),
        ("b", "maps", ("sales",)),
        ("a", None, ("sales",)),
    ]
    (alone, *_) = await find_proposals(store, SPACE, wanted={found[0].id})
    assert alone.database == "huts"


async def test_the_same_said_often_is_one_proposal(store: TaskStore, tell: Told) -> None:
    for client in ("a", "b", "c"):
        await tell(client=client)
    await tell(domain="ops")
    other, one = await find_proposals(store, SPACE)
    assert (one.times, one.client, other.times) == (3, "c", 1)
    assert one.id != other.id
    assert await find_proposals(store, SPACE, decided={one.id}) == (other,)
    assert [each.times for each in await find_proposals(store, SPACE, client="a")] == [1]
    assert len(await find_proposals(store, SPACE, limit=1)) == 1


async def test_more_feedback_than_a_page(store: TaskStore, tell: Told) -> None:
    for number in range(105):
        await tell(f"question {number}")
    found = await find_proposals(store, SPACE)
    assert [each.question for each in found] == [f"question {n}" for n in reversed(range(105))]
    (oldest,) = await find_proposals(store, SPACE, wanted={found[-1].id})
    assert oldest.question == "question 0"


@pytest.mark.parametrize(
    ("question", "request_", "part"),
    [
        ("How many huts opened last month?", {}, "depends on the day"),
        ("上个月开业的小屋", {"current_date": "2024-01-15"}, "2024-01-15"),
        ("How many huts opened in 2023?", {}, None),
        ("How many huts?", {"ext_knowledge": "only open ones"}, "only open ones"),
        ("How many huts?", {"schema_name": "east"}, "schema east"),
    ],
)
async def test_what_a_person_should_think_of(
    store: TaskStore, tell: Told, question: str, request_: dict[str, Any], part: str | None
) -> None:
    await tell(question, **request_)
    (found,) = await find_proposals(store, SPACE)
    assert len(found.notes) == (part is not None)
    assert part is None or part in found.notes[0]


def proposal(question: str = "How many huts?", sql: str = "SELECT count(*) FROM hut") -> Proposal:
    return Proposal(question, "confirmed", question, sql, "huts", (), "c", "t", "", NOON)


def checked(one: Proposal, **known: Any) -> Proposal:
    (found,) = check_proposals([one], HUTS, **known)
    return found


def test_what_is_learned_is_what_the_guard_wrote() -> None:
    found = checked(proposal(sql="select COUNT( * ) from HUT;"))
    assert found.problems == found.notes == ()
    assert found.reference is not None
    assert found.reference.tables == ("hut",)
    assert ";" not in found.reference.sql


@pytest.mark.parametrize(
    ("one", "part"),
    [
        (proposal(sql="DROP TABLE hut"), "The guard refuses"),
        (proposal(sql="SELECT 1; SELECT 2"), "The guard refuses"),
        (proposal(sql="SELECT * FROM guests"), "The guard refuses"),
        (proposal(sql="(" * 5_000), "The guard refuses"),
        (proposal(sql="SELECT 1 /* x */"), "The guard refuses"),
        (proposal("How\x00 many?"), "nobody sees"),
        (proposal("How \u202emany?"), "nobody sees"),
        (proposal("How \u200bmany?"), "nobody sees"),
        (proposal(""), "no question"),
        (replace(proposal(), area=("sales", "x\x1b")), "The area holds"),
        (replace(proposal(), database="maps"), "There is no database 'maps'"),
        (replace(proposal(), database=None), "not known which database"),
    ],
)
def test_what_cannot_be_accepted(one: Proposal, part: str) -> None:
    (problem,) = checked(one).problems
    assert part in problem


def test_the_wide_space_of_chinese_is_text() -> None:
    assert checked(proposal("小屋\u3000多少？\n按类型")).problems == ()


def test_who_answers_the_same_question() -> None:
    one = proposal()
    same = checked(one).reference
    assert same is not None
    other = replace(same, sql="SELECT 7")
    elsewhere = replace(other, area=("ops",))
    assert "the same" in checked(one, references=[same]).notes[0]
    assert "otherwise: SELECT 7" in checked(one, references=[other]).notes[0]
    assert checked(one, accepted=[same]).problems == ()
    assert "says the same" in checked(one, accepted=[same]).notes[0]
    assert "revoke that first" in checked(one, accepted=[other]).problems[0]
    away = replace(one, area=("sales",))
    for strange in (elsewhere, replace(other, database="maps"), replace(other, question="How?")):
        assert checked(away, references=[strange], accepted=[strange]).notes == ()
    first, second = check_proposals([one, proposal("how MANY huts ？", "SELECT 8")], HUTS)
    assert second.id in first.notes[0]
    assert first.id in second.notes[0]


async def test_halves_of_characters_do_no_harm(
    store: TaskStore, tell: Told, tmp_path: Path
) -> None:
    await tell("How many \ud83d?", domain="\udc00")
    (found,) = await find_proposals(store, SPACE)
    (one,) = check_proposals([found], HUTS)
    assert len(one.problems) == 0
    made(tmp_path, "rejected", one)
    assert decisions(tmp_path)[one.id].proposal.question == one.question


def made(folder: Path, verdict: Verdict, *about: Proposal) -> None:
    with deciding(folder):
        decide(folder, [Decision(verdict, NOON, each) for each in about])


def questions(found: tuple[ReferenceSql, ...]) -> list[str]:
    return [each.question for each in found]


def test_what_is_accepted_follows_from_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    one, two = checked(proposal("one")), checked(proposal("two"))
    assert accepted(folder) == ()
    made(folder, "accepted", one, two)
    assert questions(accepted(folder)) == ["one", "two"]
    made(folder, "revoked", one)
    made(folder, "rejected", checked(proposal("three")))
    assert questions(accepted(folder)) == ["two"]
    made(folder, "accepted", one)
    assert questions(accepted(folder)) == ["two", "one"]
    assert accepted(folder)[1] == one.reference
    assert decisions(folder)["three"].verdict == "rejected"
    assert (folder / FILE).read_bytes().count(b"\n") == 5
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_line_that_a_crash_cut_off_was_never_decided(tmp_path: Path, cut: int) -> None:
    made(tmp_path, "accepted", checked(proposal("one")), checked(proposal("two")))
    path = tmp_path / FILE
    lines = path.read_bytes()
    path.write_bytes(lines[:-cut])
    left = ["one", "two"] if cut == 1 else ["one"]  # a line that only lacks its end is whole
    assert questions(accepted(tmp_path)) == left
    made(tmp_path, "accepted", checked(proposal("three")))
    assert questions(accepted(tmp_path)) == [*left, "three"]
    kept = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [each["proposal"]["question"] for each in kept] == [*left, "three"]


def test_a_file_that_somebody_damaged_is_named_and_left_alone(tmp_path: Path) -> None:
    made(tmp_path, "accepted", checked(proposal("one")), checked(proposal("two")))
    path = tmp_path / FILE
    damaged = path.read_bytes().replace(b'"accepted"', b'"maybe"', 1)
    path.write_bytes(damaged)
    for call in (lambda: accepted(tmp_path), lambda: made(tmp_path, "rejected", proposal("x"))):
        with pytest.raises(ConfigError, match=rf"{FILE}:1: "):
            call()
    assert path.read_bytes() == damaged


def test_one_decides_at_a_time(tmp_path: Path) -> None:
    with (
        deciding(tmp_path),
        pytest.raises(ConflictError, match="Another process"),
        deciding(tmp_path),
    ):
        pass
    with deciding(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"), deciding(tmp_path / "file"):
        pass
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (tmp_path / FILE).symlink_to(elsewhere)
    with pytest.raises(UnavailableError, match="cannot be written"):
        made(tmp_path, "rejected", proposal())
    assert elsewhere.read_text() == ""
