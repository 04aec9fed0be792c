"""One suite that every generator passes: best first, harmless SQL, refusals as errors, nothing tried twice.

A generator joins by a line in ``GENERATORS``: how it is made, given what it is to answer.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.generation.base import Generator
from datus.generation.fallback import FallbackGenerator
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.prompted.asking import Options
from datus.generation.prompted.generator import PromptedGenerator
from datus.generation.prompted.prompts import load_prompts
from datus.generation.scripted import ScriptedGenerator
from datus.llm.scripted import ScriptedModel
from datus.sql.guard import check
from datus.types import (
    Attempt,
    Call,
    Candidate,
    Column,
    DatabaseSchema,
    ForeignKey,
    GenerationContext,
    Prompt,
    Question,
    TableSchema,
    ValueHit,
)

ID = Column("id", "INTEGER", "integer", nullable=False)
NAME = Column("name", "TEXT", "text", nullable=False)
FERRIES = DatabaseSchema(
    "sqlite",
    "ferries",
    (
        TableSchema("harbour", (ID, NAME, Column("depth", "REAL", "number")), primary_key=("id",)),
        TableSchema(
            "ferry",
            (ID, NAME, Column("seats", "INTEGER", "integer"), Column("harbour_id", "INTEGER", "integer")),
            primary_key=("id",),
            foreign_keys=(ForeignKey(("harbour_id",), "harbour", ("id",)),),
        ),
    ),
    "main",
)  # fmt: skip
ANSWERABLE: Mapping[str, tuple[str, ...]] = {
    "How many ferries are there?": ("SELECT COUNT(*) FROM ferry", "SELECT COUNT(*) AS n FROM ferry"),
    "names of ferries with more than 200 seats": ("SELECT name FROM ferry WHERE seats > 200",),
    "number of ferries per harbour": (
        "SELECT harbour.name, COUNT(*) FROM ferry JOIN harbour ON ferry.harbour_id = harbour.id GROUP BY harbour.id, harbour.name",
    ),
    "the name of ferries and harbours": ("SELECT name FROM ferry", "SELECT name FROM harbour"),
}  # fmt: skip
UNANSWERABLE = ("What is the mood of the captains?", "bake a cake", "?")


def answer_by_script(context: GenerationContext) -> tuple[str, ...]:
    answers = ANSWERABLE.get(context.question.text)
    if answers is None:
        raise RefusalError("No script for it.", code="unanswerable")
    return answers


class UncountedMeter:
    """Lets a model be asked as often as a test likes."""

    deadline = float("inf")

    def check(self) -> None: ...

    def record(self, call: Call) -> None: ...


def answer_as_a_model(prompt: Prompt) -> Mapping[str, Any]:
    """A model that answers properly: reads question and attempts, writes SQL that was not tried, or refuses."""
    asked, tried = section(prompt, "question"), section(prompt, "attempts")
    for place, sql in enumerate(ANSWERABLE.get(asked, ())):
        if f"SQL: {sql}\n" not in f"{tried}\n":
            return {
                "sql": sql,
                "tables": ["ferry"],
                "columns": ["ferry.id"],
                "confidence": 0.9 - place / 9,
            }
    reason = "Nothing else is known." if tried else f"The tables hold no answer to: {asked}"
    return {"refusal": {"code": "unanswerable", "reason": reason, "words": []}, "confidence": 0.9}


def section(prompt: Prompt, name: str) -> str:
    found = re.search(rf'<data name="{name}">\n(.*?)\n</data>', prompt.user, re.DOTALL)
    return found[1].replace("\n| ", "\n").removeprefix("| ") if found else ""


def hosted(**options: int) -> Generator:
    return PromptedGenerator(ScriptedModel(answer_as_a_model), load_prompts(), Options(**options))


GENERATORS: Mapping[str, Callable[[], Generator]] = {
    "offline": OfflineGenerator,
    "offline, eager": lambda: OfflineGenerator(least_confidence=-9),
    "scripted": lambda: ScriptedGenerator(answer_by_script),
    "hosted": hosted,
    "hosted, three samples": lambda: hosted(samples=3),
    "hosted, offline behind": lambda: FallbackGenerator(hosted(), OfflineGenerator()),
}


@pytest.fixture(params=GENERATORS)
def generator(request: pytest.FixtureRequest) -> Generator:
    return GENERATORS[request.param]()


def context(text: str, *tried: str) -> GenerationContext:
    attempts = tuple(Attempt(sql, "not what was asked for") for sql in tried)
    question = Question(text, date(2024, 3, 15))
    return GenerationContext(question, FERRIES, attempts=attempts, meter=UncountedMeter())


def test_it_has_a_name(generator: Generator) -> None:
    assert generator.name


@pytest.mark.parametrize("text", [*ANSWERABLE][:3])
async def test_there_is_a_candidate_and_the_best_comes_first(
    generator: Generator, text: str
) -> None:
    candidates = await generator.generate(context(text))
    assert candidates
    scores = [each.score for each in candidates]
    assert scores == sorted(scores, reverse=True)
    assert len({each.sql for each in candidates}) == len(candidates)
    assert {each.generator for each in candidates} == {generator.name}


@pytest.mark.parametrize("text", [*ANSWERABLE][:3])
async def test_the_guard_lets_every_candidate_through(generator: Generator, text: str) -> None:
    for candidate in await generator.generate(context(text)):
        checked = check(candidate.sql, FERRIES)
        assert set(candidate.tables) <= set(checked.tables)
        assert set(candidate.columns) <= set(checked.columns)


@pytest.mark.parametrize("text", UNANSWERABLE)
async def test_what_the_data_cannot_answer_is_refused(generator: Generator, text: str) -> None:
    with pytest.raises(RefusalError) as refused:
        await generator.generate(context(text))
    assert refused.value.code in ("unanswerable", "ambiguous")
    assert refused.value.message


@pytest.mark.parametrize("text", ANSWERABLE)
async def test_nothing_is_tried_twice(generator: Generator, text: str) -> None:
    tried: list[str] = []
    for _ in range(400):
        try:
            candidates = await generator.generate(context(text, *tried))
        except RefusalError:
            return
        if not candidates:
            return
        assert not {each.sql for each in candidates} & set(tried)
        tried.append(candidates[0].sql)
    pytest.fail(f"no end of candidates: {tried}")


async def test_it_leaves_its_context_as_it_was(generator: Generator) -> None:
    given = context("How many ferries are there?", "SELECT 1")
    before = repr(given)
    await generator.generate(given)
    assert repr(given) == before


@pytest.mark.parametrize("text", [*ANSWERABLE][:3])
async def test_the_same_context_gets_the_same_candidates(generator: Generator, text: str) -> None:
    assert await generator.generate(context(text)) == await generator.generate(context(text))


async def test_questions_at_once_do_not_mix(generator: Generator) -> None:
    texts = [*ANSWERABLE][:3] * 8
    alone = {text: await generator.generate(context(text)) for text in set(texts)}
    found = await asyncio.gather(*(generator.generate(context(text)) for text in texts))
    assert [alone[text] for text in texts] == list(found)


async def test_it_does_not_hold_up_the_event_loop(generator: Generator) -> None:
    """While a question is worked on, others go on."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    for _ in range(5):
        await generator.generate(context("How many ferries are there?"))
        await asyncio.sleep(0)
    ticking.cancel()
    assert ticks > 4


@pytest.mark.parametrize(
    "value", ["O'Brien", '"; DROP TABLE ferry; --', "a\\' OR 1=1", "%_", "/* x */", "渡轮"]
)
async def test_values_stay_values(generator: Generator, value: str) -> None:
    """A value from the database is data, whatever it looks like."""
    text = f"How many seats has the ferry named {value}"
    span = (text.index(value), len(text))
    hit = ValueHit("ferry", "name", value, span, 0.98)
    try:
        candidates = await generator.generate(replace(context(text), values=(hit,)))
    except RefusalError:
        return
    for candidate in candidates:
        assert set(check(candidate.sql, FERRIES).tables) <= {"ferry", "harbour"}


# What only one of them can do.


async def test_a_script_may_answer_with_whole_candidates() -> None:
    whole = Candidate("SELECT id FROM ferry", 0.7, ("ferry",), ("ferry.id",), generator="mine")
    generator = ScriptedGenerator(lambda _: [whole, "SELECT 1"])
    first, second = await generator.generate(context("anything"))
    assert first is whole
    assert (second.sql, second.generator) == ("SELECT 1", "scripted")


async def test_a_script_may_raise_whatever_a_model_could() -> None:
    def broken(_: GenerationContext) -> tuple[str, ...]:
        raise RefusalError("Two readings.", code="ambiguous")

    with pytest.raises(RefusalError) as refused:
        await ScriptedGenerator(broken).generate(context("anything"))
    assert refused.value.code == "ambiguous"
