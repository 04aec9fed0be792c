"""The offline generator as a whole: what candidates tell, attempts, determinism, threads and speed."""

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from datus.config import ModelConfig, ModelType, load_settings
from datus.errors import RefusalError
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.registry import MAKERS, make_generator
from datus.llm.scripted import ScriptedModel
from datus.types import (
    Attempt,
    Column,
    DatabaseSchema,
    ForeignKey,
    GenerationContext,
    Question,
    TableSchema,
)


def test_a_candidate_tells_what_it_rests_on(huts: Any) -> None:
    text = "What is the total price of stays in the Eagle House in 2023?"
    best = huts.ask(text)[0]
    assert set(best.tables) == {"stay", "hut"}
    assert set(best.columns) >= {"stay.price", "stay.arrival_date", "hut.name"}
    assert [time.words for time in best.times] == ["2023"] or "2023" in best.times[0].words
    assert best.generator == "offline"
    assert not best.ordered
    uses = {use.words: use.meaning for use in best.words}
    assert "hut.name = Eagle House" in uses["Eagle House"]
    for use in best.words:
        assert text[slice(*use.span)] == use.words
    assert [use.span for use in best.words] == sorted(use.span for use in best.words)


def test_tables_of_a_subquery_are_told_too(huts: Any) -> None:
    assert set(huts.ask("huts without repairs")[0].tables) == {"hut", "repair"}


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("names of hikers sorted by age", True),
        ("top 3 huts by altitude", True),
        ("names of hikers", False),
        ("average age of hikers", False),
    ],
)
def test_ordered_says_whether_an_order_is_asked_for(huts: Any, text: str, ordered: bool) -> None:
    assert huts.ask(text)[0].ordered is ordered


def test_the_best_candidate_comes_first_and_none_comes_twice(huts: Any) -> None:
    found = huts.ask("name of the hikers in Vienna")
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert len({each.sql for each in found}) == len(found)


def test_what_was_tried_is_not_tried_again(huts: Any) -> None:
    text = "the names of hikers and huts"
    tried: tuple[Attempt, ...] = ()
    generator = OfflineGenerator(least_confidence=-9)
    seen: set[str] = set()
    for _ in range(400):
        try:
            best = generator.candidates(huts.context(text, tried))[0]
        except RefusalError:
            break
        assert best.sql not in seen
        seen.add(best.sql)
        tried = (*tried, Attempt(best.sql, "the rows were not what was wanted"))
    else:
        pytest.fail("there is no end of candidates")
    assert seen


def test_the_same_context_gives_the_same_candidates(worlds: dict[str, Any]) -> None:
    for name, text in (
        ("huts", "Which hikers stayed in both Larkspur Hut and Eagle House?"),
        ("huts", "average age of hikers from Vienna"),
        ("clinic", "各科室2023年的诊疗费总额"),
    ):
        world = worlds[name]
        first = world.read(text)
        assert all(world.read(text) == first for _ in range(3))
        assert OfflineGenerator(least_confidence=0).candidates(world.context(text)) == first


def test_an_equal_schema_read_anew_gives_the_same_candidates(huts: Any) -> None:
    context = huts.context("average age of hikers from Vienna")
    copy = replace(context, schema=replace(context.schema))
    assert OfflineGenerator().candidates(copy) == OfflineGenerator().candidates(context)


async def test_parallel_questions_over_two_schemas_never_mix(worlds: dict[str, Any]) -> None:
    asked = [
        ("huts", "How many huts are there?"),
        ("huts", "average age of hikers from Vienna"),
        ("clinic", "每个科室有多少位医生？"),
        ("clinic", "单价最高的3种药品是什么？"),
    ]
    generator = OfflineGenerator()
    contexts = {text: worlds[name].context(text) for name, text in asked}
    alone = {text: OfflineGenerator().candidates(context) for text, context in contexts.items()}
    order = [text for _, text in asked] * 13
    random.Random(5).shuffle(order)
    found = await asyncio.gather(*(generator.generate(contexts[text]) for text in order[:50]))
    for text, candidates in zip(order, found, strict=False):
        assert candidates == alone[text]


def test_threads_that_meet_a_new_schema_at_once_agree(huts: Any) -> None:
    generator = OfflineGenerator()
    context = huts.context("average age of hikers from Vienna")
    fresh = [replace(context, schema=replace(context.schema)) for _ in range(5)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(generator.candidates, fresh * 10))
    assert all(each == found[0] for each in found)


def test_schemas_are_forgotten_in_time(huts: Any) -> None:
    generator = OfflineGenerator()
    for _ in range(300):
        context = GenerationContext(
            Question("boxes", huts.context("x").question.today),
            DatabaseSchema("sqlite", "t", (TableSchema("box", (Column("name", "TEXT", "text"),)),)),
        )
        generator.candidates(context)
    assert len(generator._prepared) <= 256


def big_schema(tables: int) -> DatabaseSchema:
    words = "order line stock batch invoice ledger asset shift route claim quota parcel".split()
    made = []
    for n in range(tables):
        name = f"{words[n % 12]}_{words[n // 12 % 12]}_{n}"
        columns = [Column("id", "INTEGER", "integer", False)]
        columns += [
            Column(f"{words[(n + k) % 12]}_{k}_name", "TEXT", "text", comment=f"第{k}名称")
            for k in range(10)
        ]
        keys = ()
        if n:
            columns.append(Column(f"parent_{n}", "INTEGER", "integer"))
            keys = (ForeignKey((f"parent_{n}",), made[n // 2].name, ("id",)),)
        made.append(TableSchema(name, tuple(columns), primary_key=("id",), foreign_keys=keys))
    return DatabaseSchema("sqlite", "big", tuple(made), "main")


def test_preparing_a_schema_grows_with_its_size_and_not_with_its_square(huts: Any) -> None:
    generator = OfflineGenerator()
    generator.prepare(big_schema(5))  # dictionaries are loaded once a process
    seconds = []
    for tables in (100, 800):
        began = time.process_time()
        generator.prepare(big_schema(tables))
        seconds.append(time.process_time() - began)
    assert seconds[1] < 24 * seconds[0]  # eight times the tables; the square would be 64


def test_a_long_question_takes_no_longer_than_a_person_waits(huts: Any) -> None:
    began = time.process_time()
    for text in ("huts and hikers with stays " * 11, '" ' * 150, "more than 5 beds and " * 14):
        try:
            huts.ask(text[:300])
        except RefusalError:
            continue
    assert time.process_time() - began < 3


@pytest.mark.parametrize("kind", get_args(ModelType))
def test_every_model_type_has_a_generator(kind: ModelType, tmp_path: Path) -> None:
    settings = load_settings(env={}, home=tmp_path, cwd=tmp_path)
    models = {**settings.models, "mine": ModelConfig("mine", kind, model="m")}
    nodes = {"generate_sql": {**settings.node_settings["generate_sql"], "model": "mine"}}
    asked: list[str] = []

    def model_of(name: str) -> ScriptedModel:
        asked.append(name)
        return ScriptedModel(lambda _: "")

    made = make_generator(replace(settings, models=models), nodes, model_of)
    assert set(MAKERS) == set(get_args(ModelType))
    assert made.name == ("offline" if kind == "offline" else "hosted")
    assert asked == ([] if kind == "offline" else ["mine"])
