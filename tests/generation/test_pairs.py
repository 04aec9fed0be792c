"""Questions and the queries that answer them, executed on real databases and compared by their rows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from datus.errors import RefusalError
from datus.evaluation.compare import as_list, as_multiset, matches
from datus.types import Candidate

DATA = Path(__file__).with_name("data")


def _load(name: str) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        (DATA / f"{name}.yml").read_text(encoding="utf-8")
    )
    return loaded


PAIRS = [
    pytest.param(world, pair, id=f"{world}: {construct}: {pair['ask']}")
    for world in ("huts", "clinic", "parcels", "shop")
    for construct, pairs in _load(world).items()
    for pair in pairs
]
GAPS = [
    pytest.param(
        world,
        gap,
        id=f"{world}: {gap['ask']}",
        marks=pytest.mark.xfail(
            strict=True,
            reason=gap["reason"],
            raises=RefusalError if gap["today"] == "refused" else AssertionError,
        ),
    )
    for world, gaps in _load("gaps").items()
    for gap in gaps
]


def _check(world: Any, pair: dict[str, Any], best: Candidate) -> None:
    wanted = world.run(pair["sql"])
    assert wanted.rows, "a reference without rows compares nothing"
    reference = (as_list if pair.get("ordered") else as_multiset)(wanted)
    given = world.rows(best.sql)
    assert matches(given, reference), f"{best.sql}\ngave {given.rows}\nnot  {wanted.rows}"


@pytest.mark.parametrize(("name", "pair"), PAIRS)
def test_answer(worlds: dict[str, Any], name: str, pair: dict[str, Any]) -> None:
    _check(worlds[name], pair, worlds[name].read(pair["ask"])[0])


@pytest.mark.parametrize(("name", "gap"), GAPS)
def test_gap(worlds: dict[str, Any], name: str, gap: dict[str, Any]) -> None:
    if gap.get("refuse"):
        refused = False
        try:
            worlds[name].ask(gap["ask"])
        except RefusalError:
            refused = True
        assert refused
    else:
        _check(worlds[name], gap, worlds[name].ask(gap["ask"])[0])


@pytest.mark.parametrize("name", ["huts", "clinic", "parcels", "shop"])
def test_most_are_answered_with_the_shipped_confidence(worlds: dict[str, Any], name: str) -> None:
    asked = [pair["ask"] for pairs in _load(name).values() for pair in pairs]
    refused = 0
    for text in asked:
        try:
            assert worlds[name].ask(text)[0] == worlds[name].read(text)[0]
        except RefusalError:
            refused += 1
    assert refused <= 0.2 * len(asked)


def test_both_languages_have_every_construct() -> None:
    assert len(PAIRS) >= 120
    shared = _load("huts").keys() & _load("clinic").keys()
    assert _load("huts").keys() - shared <= {"having"}
    assert not _load("clinic").keys() - shared
