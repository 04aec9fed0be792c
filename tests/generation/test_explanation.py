"""Every answer says in the asker's language what was computed, and leaves out nothing that narrows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datus.generation.offline.explanation import explain
from datus.generation.offline.plan import (
    AnyPlan,
    Compare,
    Condition,
    Either,
    Intersection,
    Like,
    Plan,
    subplans,
)
from datus.text import is_chinese

DATA = Path(__file__).with_name("data")
ASKED = [
    (world, pair["ask"])
    for world in ("huts", "clinic", "shop")
    for pairs in yaml.safe_load((DATA / f"{world}.yml").read_text(encoding="utf-8")).values()
    for pair in pairs
]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("How many hikers live in Vienna?", "The number of hikers where the city is “Vienna”."),
        ("What is the average age of hikers?", "The average age of all hikers."),
        (
            "What percentage of hikers live in Vienna?",
            "The percentage of hikers where the city is “Vienna”.",
        ),
        (
            "How many huts have more than 2 stays?",
            "The number of huts where the number of stays is more than 2 for the hut.",
        ),
        (
            "Which hiker is the second oldest?",
            "The name of each hiker, sorted by age, highest first, only the second one.",
        ),
        (
            "How many huts have fewer than 2 wardens?",
            "The number of huts where it is not so that the number of wardens is at least 2 for the hut.",
        ),
        (
            "就诊超过2次的患者有多少个？",
            "在（按患者分组后就诊记录的数量大于2）的患者中，统计患者的数量。",
        ),
        ("第三贵的药品是什么？", "在全部药品中，列出药品名称，按单价从高到低排序，取第3条。"),
        ("有多少种药品", "在全部药品中，统计药品的数量。"),
        ("女患者占比是多少？", "在全部患者中，统计性别为“F”的部分占患者的数量的百分比。"),
    ],
)
def test_what_was_computed_is_said(worlds: dict[str, Any], text: str, said: str) -> None:
    world = worlds["clinic" if is_chinese(text) else "huts"]
    summary = world.read(text)[0].explanation
    assert summary.replace("hiker ", "").replace("患者性别", "性别") == said.replace("hiker ", "")


def plans(plan: AnyPlan) -> Iterator[Plan]:
    pending = [plan.left, plan.right] if isinstance(plan, Intersection) else [plan]
    while pending:
        each = pending.pop()
        yield each
        pending.extend(subplans(each))


def values(conditions: tuple[Condition, ...]) -> Iterator[str]:
    for each in conditions:
        match each:
            case Either(conditions=inner):
                yield from values(inner)
            case Compare(right=str() | int() | float() as value) if not isinstance(value, bool):
                yield f"{value:g}" if isinstance(value, float) else str(value)
            case Like(pattern=pattern):
                yield pattern.strip("%")
            case _:
                continue


@pytest.mark.parametrize(("name", "text"), ASKED)
def test_no_condition_and_no_limit_goes_unsaid(
    worlds: dict[str, Any], name: str, text: str
) -> None:
    world = worlds[name]
    explored = world.generator.explore(world.context(text))
    plan = next(explored.ranked()).proposal.plan
    said = explain(plan, world.prepared.index, chinese=name == "clinic")
    assert is_chinese(said) is (name == "clinic")
    for each in plans(plan):
        for value in values((*each.where, *each.having)):
            assert value in said
        if each.limit not in (None, 1):
            assert str(each.limit) in said
