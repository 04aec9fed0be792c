"""The learned ranking: models in plain Python, features of candidates, and the shipped weights."""

import gzip
import json
import math
from importlib.resources import files
from typing import Any

import pytest

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Origin
from datus.generation.offline.plan import Aggregate, ColumnRef, Compare, Member, Order, Plan
from datus.generation.offline.ranking import ranker
from datus.generation.offline.ranking.features import NAMES, features
from datus.generation.offline.ranking.model import Linear, Trees, sigmoid
from datus.generation.offline.ranking.traits import TRAITS, roles, traits
from datus.generation.offline.ranking.wording import phrases, signs, surroundings

NAME, CITY, AGE = (ColumnRef("hiker", column) for column in ("name", "city", "age"))
FIRST = Origin(0, 0.0, 0.0, 1.0, 0)


def test_linear_models_add_what_they_know() -> None:
    model = Linear({"how many": (2.0, -1.0), "each": (0.0, 3.0)}, (0.5, 0.0))
    assert model.sums(["how many", "each", "never seen"]) == [2.5, 2.0]
    assert model.probabilities([]) == [sigmoid(0.5), 0.5]
    shares = model.shares(["how many"])
    assert sum(shares) == pytest.approx(1)
    assert shares[0] / shares[1] == pytest.approx(math.exp(3.5))


def test_the_logistic_function_has_no_overflow() -> None:
    assert sigmoid(-1e9) < 1e-20
    assert sigmoid(1e9) == 1.0
    assert sigmoid(0) == 0.5


def test_trees_go_left_up_to_the_threshold() -> None:
    tree = ((0, 1.0, 1, 2), 10.0, (1, 0.0, 3, 4), 20.0, 30.0)
    model = Trees((tree, (0.5,)))
    assert model.score([1.0, 9.0]) == 10.5
    assert model.score([1.1, 0.0]) == 20.5
    assert model.score([2.0, 0.1]) == 30.5


def test_traits_tell_what_kind_of_query_a_plan_is() -> None:
    inner = Plan(
        select=(ColumnRef("stay", "hiker_id"),),
        where=(Compare(ColumnRef("stay", "nights"), ">", 2),),
    )
    plan = Plan(
        select=(CITY, Aggregate("count")),
        where=(Member(ColumnRef("hiker", "hiker_id"), inner), Compare(CITY, "=", "Vienna")),
        group=(CITY,),
        order=(Order(Aggregate("count"), True),),
        limit=3,
    )
    held = {name for name, value in traits(plan).items() if value}
    assert held == {
        "two columns", "count", "group", "order", "descending", "limit", "equal", "unequal", "two tables",
    }  # fmt: skip
    assert set(traits(plan)) == set(TRAITS)
    assert roles(plan)[CITY] == {"shown", "grouped", "filtered"}
    assert roles(plan)[ColumnRef("stay", "nights")] == {"filtered"}


def test_wording_leaves_no_data(huts: Any) -> None:
    items = huts.items("How many hikers from Vienna are older than 30?")
    said = " ".join(phrases(items))
    assert "vienna" not in said.lower()
    assert "30" not in said
    assert "<value>" in said
    assert "<table>" in signs(items)
    chinese = signs(huts.items("维也纳有多少个hiker？"))
    assert {"<count:ahead>", "<table>"} <= set(chinese)
    at = next(at for at, item in enumerate(items) if item.kind == "noun")
    assert "noun 0" in set(surroundings(items, at))


def test_a_row_of_features_has_every_name_once(huts: Any) -> None:
    items = huts.items("names of hikers from Vienna")
    prepared = huts.prepared
    scene = Scene(items, prepared.index, prepared.graph)
    judge = ranker.load().judge(scene)
    told = features(
        Plan(select=(NAME,), where=(Compare(CITY, "=", "Vienna"),)), FIRST, judge.evidence
    )
    named = dict(zip(NAMES, told, strict=True))
    assert len(set(NAMES)) == len(NAMES)
    assert named["values used"] == 1
    assert named["has equal"] == 1
    untold = features(Plan(select=(NAME,)), FIRST, judge.evidence)
    assert dict(zip(NAMES, untold, strict=True))["values unused"] == 1


def test_a_plan_that_leaves_a_value_out_is_less_likely(huts: Any) -> None:
    prepared = huts.prepared
    scene = Scene(huts.items("names of hikers from Vienna"), prepared.index, prepared.graph)
    judge = ranker.load().judge(scene)
    whole = Plan(select=(NAME,), where=(Compare(CITY, "=", "Vienna"),))
    assert judge(whole, FIRST) > judge(Plan(select=(NAME,)), FIRST)
    assert judge(whole, FIRST) > judge(Plan(select=(AGE,), where=whole.where), FIRST)


def test_the_shipped_weights_are_small_and_fit_this_release() -> None:
    content = files("datus.generation.offline.ranking").joinpath(ranker.FILE).read_bytes()
    assert len(content) < 2_000_000
    data = json.loads(gzip.decompress(content))
    assert tuple(data["features"]) == NAMES
    data["features"] = data["features"][1:]
    with pytest.raises(ValueError, match=r"training/README\.md"):
        ranker.decode(data)
