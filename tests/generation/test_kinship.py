"""Which words are the same in another form, and which only look so."""

import pytest

from datus.generation.offline.kinship import is_kindred, is_short_for, is_slip, plain_spelling


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("organisation", "organization"),
        ("colour", "color"),
        ("centre", "center"),
        ("enrolment", "enrollment"),
        ("traveller", "traveler"),
        ("licence", "license"),
        ("programme", "program"),
    ],
)
def test_one_spelling(british: str, american: str) -> None:
    assert plain_spelling(british) == american


@pytest.mark.parametrize("word", ["hour", "seller", "exercise", "science", "tour", "premise", "x"])
def test_endings_that_are_no_matter_of_spelling(word: str) -> None:
    assert plain_spelling(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nation", "nationality"),
        ("populous", "population"),
        ("own", "owner"),
        ("win", "winner"),
        ("plan", "planner"),
        ("act", "actor"),
        ("compose", "composer"),
        ("direct", "director"),
        ("depart", "departure"),
        ("assess", "assessment"),
        ("finance", "financial"),
        ("member", "membership"),
    ],
)
def test_kindred(one: str, other: str) -> None:
    assert is_kindred(one, other)
    assert is_kindred(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nation", "nation"),
        ("count", "county"),
        ("count", "country"),
        ("state", "station"),
        ("state", "statement"),
        ("department", "departure"),
        ("policy", "police"),
        ("custom", "customer"),
        ("university", "universe"),
        ("inventory", "inventor"),
        ("cent", "center"),
        ("may", "mayor"),
        ("min", "minor"),
        ("pet", "peter"),
        ("los", "loss"),
        ("sum", "summer"),
        ("let", "letter"),
        ("port", "portion"),
        ("general", "generate"),
    ],
)
def test_strangers(one: str, other: str) -> None:
    assert not is_kindred(one, other)
    assert not is_kindred(other, one)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("prereq", "prerequisite"),
        ("dst", "destination"),
        ("plyr", "player"),
        ("assoc", "association"),
        ("exam", "examination"),
    ],
)
def test_short_forms(short: str, long: str) -> None:
    assert is_short_for(short, long)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("port", "portion"),  # a word of its own
        ("count", "country"),
        ("part", "participant"),
        ("class", "classroom"),
        ("alt", "adult"),
        ("apr", "airport"),
        ("dst", "customer"),
        ("pa", "payment"),
        ("pay", "pays"),
        ("qty", "quality"),  # has a long form already: quantity
    ],
)
def test_no_short_forms(short: str, long: str) -> None:
    assert not is_short_for(short, long)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("adress", "address"), ("comapny", "company"), ("salarry", "salary"), ("vesel", "vessel")],
)
def test_slips(wrong: str, right: str) -> None:
    assert is_slip(wrong, right)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("price", "prize"),  # both are words
        ("collar", "color"),
        ("ship", "shop"),
        ("agge", "age"),  # too short
        ("ddress", "address"),  # the first letter is seldom mistaken
        ("adrss", "address"),
        ("room12", "room13"),
    ],
)
def test_no_slips(one: str, other: str) -> None:
    assert not is_slip(one, other)
