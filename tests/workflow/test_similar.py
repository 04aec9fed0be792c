"""Chinese words that nothing explains are looked for among the names by sentence vectors, and only these."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datus.errors import RefusalError
from datus.generation.offline.generator import OfflineGenerator
from datus.knowledge.library import Knowledge
from datus.knowledge.similar import SimilarNames
from datus.types import Candidate, DatabaseSchema, SimilarName

ALIKE = {
    "款项": "amount",
    "amount": "amount",
    "买主": "customer",
    "customer": "customer",
    "笔记": "note",
    "note": "note",
}


class Alike:
    """Texts of one meaning have one vector; all others stand at right angles to it and to each other."""

    name = "alike"
    dimension: int | None = 64

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.places: dict[str, int] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            self.places.setdefault(ALIKE.get(text, text), len(self.places))
            rows[row, self.places[ALIKE.get(text, text)]] = 1.0
        return rows


def refusing(words: list[str]) -> Any:
    """A generator that knows an answer once it is told of similar names."""

    def script(context: Any) -> list[Candidate]:
        if context.similar:
            return [Candidate("SELECT sum(amount) FROM orders", 1.0, (), ())]
        raise RefusalError("?", code="unanswerable", details={"words": words})

    return script


@pytest.fixture
async def lab(make_lab):
    made = make_lab()
    made.knowledge.close()
    made.embedder = Alike()
    made.knowledge = Knowledge(
        made.connectors, made.settings, embedder=made.embedder, clock=time.monotonic
    )
    yield made
    made.knowledge.close()
    await made.connectors.close()


async def test_a_word_that_names_nothing_is_asked_again_with_its_likeliest_name(lab) -> None:
    outcome = await lab.ask("nl2sql", refusing(["平均款项"]), "平均款项是多少？")
    assert outcome.answer["sql"].lower().startswith("select sum(amount)")
    assert lab.asked[-1].similar == (SimilarName("款项", "orders", "amount", 1.0),)


@pytest.mark.parametrize("words", [["天气"], ["amount"], [], ["款"]])
async def test_other_refusals_stay(lab, words: list[str]) -> None:
    outcome = await lab.ask("nl2sql", refusing(words), "是多少？")
    assert outcome.status == "refused"
    assert {context.similar for context in lab.asked} == {()}


async def test_a_question_that_is_understood_makes_no_vector(lab) -> None:
    await lab.ask("nl2sql", lambda _: [Candidate("SELECT 1 AS n FROM orders", 1.0, (), ())], "多少")
    assert lab.embedder.asked == []


async def test_keys_are_no_names_and_vectors_are_made_once(lab) -> None:
    schema: DatabaseSchema = (await lab.knowledge.snapshot("shop", ("shop",))).schema("shop")
    embedder = Alike()
    similar = SimilarNames(embedder)
    assert [each.table for each in similar.find(schema, ["买主"])] == ["customers"]
    before = len(embedder.asked)
    assert similar.find(schema, ["笔记"])[0].column == "note"
    assert embedder.asked[before:] == ["笔记"]
    assert not {"id", "customer id"} & set(embedder.asked)


async def test_the_offline_generator_reads_similar_names(lab) -> None:
    text = "款项最高的是多少？"
    seen: list[Any] = []

    def script(context: Any) -> list[Candidate]:
        seen.append(context)
        return [Candidate("SELECT 1 AS n FROM orders", 1.0, (), ())]

    await lab.ask("nl2sql", script, text)
    generator = OfflineGenerator()
    with pytest.raises(RefusalError):
        generator.candidates(seen[0])
    told = replace(seen[0], similar=(SimilarName("款项", "orders", "amount", 0.9),))
    assert "MAX(orders.amount)" in generator.candidates(told)[0].sql
