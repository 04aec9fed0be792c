"""Each pass alone: what it takes from the draft and what it notes, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest

from datus.generation.offline.draft import Draft
from datus.generation.offline.passes.comparisons import comparisons, ranges
from datus.generation.offline.passes.grouping import absences, grains, groups, orders
from datus.generation.offline.passes.quantities import aggregates, asked_measures, counts, modifiers
from datus.generation.offline.passes.rankings import superlatives
from datus.generation.offline.passes.values import matches, nulls, times, values
from datus.generation.offline.passes.yardsticks import averages
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Expression,
    IsNull,
    Like,
    Plan,
)


@pytest.fixture
def draft(worlds: dict[str, Any]) -> Callable[[str, Callable[[Draft], None]], Draft]:
    """The draft of a question after all passes up to one; Chinese questions are the clinic's."""

    def make(text: str, upto: Callable[[Draft], None]) -> Draft:
        made: Draft = worlds["huts" if text.isascii() else "clinic"].draft(text, upto)
        return made

    return make


Make = Callable[[str, Callable[[Draft], None]], Draft]


def shown(draft: Draft) -> list[Expression]:
    return [placed.expression for placed in draft.select]


def ref(name: str) -> ColumnRef:
    return ColumnRef(*name.split("."))


def owned(draft: Draft) -> list[str]:
    return [draft.items[at].text for at in sorted(draft.owners)]


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("show hut names", ["hut"]),
        ("show the warden salary", ["warden"]),
        ("show the salary of wardens", []),
        ("列出药品单价", ["药品"]),
    ],
)
def test_modifiers_only_say_whose_a_column_is(draft: Make, text: str, owners: list[str]) -> None:
    assert owned(draft(text, modifiers)) == owners


@pytest.mark.parametrize(
    ("text", "column", "operator", "function"),
    [
        ("hikers older than the average", "hiker.age", ">", "avg"),
        ("huts with an altitude above the average altitude", "hut.altitude", ">", "avg"),
        ("repairs with a cost below the maximum cost", "repair.cost", "<", "max"),
        ("月薪低于平均月薪的医生", "doctor.salary", "<", "avg"),
    ],
)
def test_averages(draft: Make, text: str, column: str, operator: str, function: Any) -> None:
    (made,) = draft(text, averages).filters
    inner = Plan(select=(Aggregate(function, ref(column)),))
    assert made.condition == Compare(ref(column), operator, inner)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("how many huts are there", Aggregate("count")),
        ("the number of different cities of hikers", Aggregate("count", ref("hiker.city"), True)),
        ("how many beds", Aggregate("sum", ref("hut.beds"))),
        ("count the number of trails", Aggregate("count")),
        ("有多少位患者", Aggregate("count")),
        ("患者数量", Aggregate("count")),
        ("有多少种不同的诊断", Aggregate("count", ref("visit.diagnosis"), True)),
    ],
)
def test_counts(draft: Make, text: str, counted: Aggregate) -> None:
    assert shown(draft(text, counts)) == [counted]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("average age of hikers", [("avg", "hiker.age")]),
        (
            "maximum and minimum altitude of huts",
            [("max", "hut.altitude"), ("min", "hut.altitude")],
        ),
        ("total cost of repairs", [("sum", "repair.cost")]),
        ("average altitude and beds of huts", [("avg", "hut.altitude"), ("avg", "hut.beds")]),
        ("平均年龄", [("avg", "patient.age")]),
        ("诊疗费总和", [("sum", "visit.fee")]),
        ("诊疗费合计", [("sum", "visit.fee")]),
    ],
)
def test_aggregates(draft: Make, text: str, made: list[tuple[Any, str]]) -> None:
    wanted = {Aggregate(function, ref(column)) for function, column in made}
    assert set(shown(draft(text, aggregates))) == wanted


def test_text_is_not_added_up(draft: Make) -> None:
    assert shown(draft("the total name of hikers", aggregates)) == []


@pytest.mark.parametrize(
    ("text", "pattern", "negated"),
    [
        ("huts whose name contains 'Hut'", "%Hut%", False),
        ("huts whose name starts with 'P'", "P%", False),
        ("huts whose name ends with 'Lodge'", "%Lodge", False),
        ("huts whose name does not contain 'Hut'", "%Hut%", True),
    ],
)
def test_matches(draft: Make, text: str, pattern: str, negated: bool) -> None:
    (made,) = draft(text, matches).filters
    assert made.condition == Like(ref("hut.name"), pattern, negated)


def test_a_match_in_chinese(draft: Make) -> None:
    (made,) = draft("名称包含“西”的药品", matches).filters
    assert made.condition == Like(ref("drug.name"), "%西%", False)


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        ("stays in 2023", "2023", None),
        ("stays with an arrival date after 2023-06-01", "after 2023-06-01", "stay.arrival_date"),
        ("2023年的就诊", "2023年", None),
        ("入职日期在2011年的医生", "2011年", "doctor.hire_date"),
    ],
)
def test_times(draft: Make, text: str, words: str, column: str | None) -> None:
    ((_, time, named),) = draft(text, times).times
    assert words in time.words
    assert named == (ref(column) if column else None)


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ("huts with an altitude between 2000 and 2500", "hut.altitude", 2000, 2500),
        ("hikers between 30 and 40 of age", "hiker.age", 30, 40),
        ("年龄在20和50之间的患者", "patient.age", 20, 50),
    ],
)
def test_ranges(draft: Make, text: str, column: str, low: int, high: int) -> None:
    conditions = {made.condition for made in draft(text, ranges).filters}
    assert conditions == {Compare(ref(column), ">=", low), Compare(ref(column), "<=", high)}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("how old is Ben Foster", "hiker.age"),
        ("how long is the Ridge Way trail", "trail.length_km"),
        ("when was the Pine Hut opened", "hut.opened_year"),
    ],
)
def test_asked_measures(draft: Make, text: str, column: str) -> None:
    assert shown(draft(text, asked_measures)) == [ref(column)]


@pytest.mark.parametrize(
    ("text", "column", "operator", "value"),
    [
        ("huts with more than 40 beds", "hut.beds", ">", 40),
        ("hikers older than 40", "hiker.age", ">", 40),
        ("huts with 40 or more beds", "hut.beds", ">=", 40),
        ("huts with at least 40 beds", "hut.beds", ">=", 40),
        ("huts with no more than 40 beds", "hut.beds", "<=", 40),
        ("repairs with a cost under 1,000", "repair.cost", "<", 1000),
        ("月薪超过2万的医生", "doctor.salary", ">", 20_000),
        ("单价30元以上的药品", "drug.unit_price", ">=", 30),
        ("库存不超过100的药品", "drug.stock", "<=", 100),
    ],
)
def test_comparisons(draft: Make, text: str, column: str, operator: Any, value: int) -> None:
    (made,) = draft(text, comparisons).filters
    assert made.condition == Compare(ref(column), operator, value)


def test_older_than_runs_against_dates_of_birth(draft: Make) -> None:
    ranking = draft("the oldest warden", superlatives).ranking
    assert ranking is not None
    assert (ranking.key, ranking.descending) == (ref("warden.birth_date"), False)


def test_comparing_rows_of_another_table_is_about_their_number(draft: Make) -> None:
    made = draft("huts with more than 3 stays", comparisons)
    assert made.having == [Compare(Aggregate("count"), ">", 3)]
    assert "stay" in {table for _, table in made.mentions}


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("hikers whose email is missing", False),
        ("hikers whose email is not missing", True),
        ("hikers with an unknown email", False),
    ],
)
def test_nulls(draft: Make, text: str, negated: bool) -> None:
    (made,) = draft(text, nulls).filters
    assert made.condition == IsNull(ref("hiker.email"), negated)


def test_nulls_in_chinese(draft: Make) -> None:
    (made,) = draft("电话为空的患者", nulls).filters
    assert made.condition == IsNull(ref("patient.phone"), False)


@pytest.mark.parametrize(
    ("text", "grain"),
    [("stays per month", "month"), ("stays by year", "year"), ("daily stays", "day"), ("quarterly stays", "quarter"),
     ("weekly stays", "week"), ("每月就诊次数", "month"), ("按年统计就诊", "year"), ("每周的就诊数量", "week")],
)  # fmt: skip
def test_grains(draft: Make, text: str, grain: str) -> None:
    assert [each for _, each in draft(text, grains).grains] == [grain]


@pytest.mark.parametrize(
    ("text", "key", "descending"),
    [
        ("list hikers sorted by age", "hiker.age", False),
        ("list hikers ordered by age in descending order", "hiker.age", True),
        ("list the names of hikers in alphabetical order", None, False),
        ("药品按单价从高到低排序", "drug.unit_price", True),
        ("药品按单价升序排列", "drug.unit_price", False),
    ],
)
def test_orders(draft: Make, text: str, key: str | None, descending: bool) -> None:
    ((made, down, _),) = draft(text, orders).orders
    assert (made, down) == (ref(key) if key else None, descending)


@pytest.mark.parametrize(
    ("text", "key", "descending", "limit"),
    [
        ("the highest altitude of a hut", "hut.altitude", True, None),
        ("hut with the lowest altitude", "hut.altitude", False, None),
        ("the youngest hiker", "hiker.age", False, None),
        ("the 3 most expensive repairs", "repair.cost", True, 3),
        ("top 2 huts by beds", "hut.beds", True, 2),
        ("单价最高的3种药品", "drug.unit_price", True, 3),
        ("最便宜的药品", "drug.unit_price", False, None),
        ("年龄最大的患者", "patient.age", True, None),
    ],
)
def test_superlatives(
    draft: Make, text: str, key: str, descending: bool, limit: int | None
) -> None:
    ranking = draft(text, superlatives).ranking
    assert ranking is not None
    assert (ranking.key, ranking.descending, ranking.limit) == (ref(key), descending, limit)


@pytest.mark.parametrize("number", ["0", "2.5", "13800000004", "9" * 30])
def test_not_every_number_says_how_many_rows(draft: Make, number: str) -> None:
    ranking = draft(f"top {number} huts by altitude", superlatives).ranking
    assert ranking is None or ranking.limit is None


@pytest.mark.parametrize(
    ("text", "counted"), [("the hut with the most stays", "stay"), ("hikers with the fewest stays", "stay")]
)  # fmt: skip
def test_most_of_another_table_counts_its_rows(draft: Make, text: str, counted: str) -> None:
    ranking = draft(text, superlatives).ranking
    assert ranking is not None
    assert (ranking.key, ranking.counted) == (None, counted)


def test_most_common_is_about_frequency(draft: Make) -> None:
    for text in ("the most common difficulty", "最常见的诊断"):
        ranking = draft(text, superlatives).ranking
        assert ranking is not None
        assert ranking.by_frequency


@pytest.mark.parametrize(
    ("text", "column", "value", "negated"),
    [
        ("hikers from Vienna", "hiker.city", "Vienna", False),
        ("hikers not from Vienna", "hiker.city", "Vienna", True),
        ("trails except easy ones", "trail.difficulty", "easy", True),
        ("huts with 36 beds", "hut.beds", 36, False),
        ("住院医师", "doctor.title", "住院医师", False),
        ("不在北京的患者", "patient.city", "北京", True),
        ("女患者", "patient.gender", "F", False),
    ],
)
def test_values(draft: Make, text: str, column: str, value: object, negated: bool) -> None:
    assert [(f.condition, f.negated) for f in draft(text, values).filters] == [
        (Compare(ref(column), "=", value), negated)  # type: ignore[arg-type]
    ]


def test_quoted_text_that_is_no_known_value_still_filters(draft: Make) -> None:
    made = draft("hikers with the name 'Nobody Known'", values)
    assert [f.condition for f in made.filters] == [Compare(ref("hiker.name"), "=", "Nobody Known")]
    assert made.doubt > 0


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("huts without repairs", "repair"),
        ("hikers who never had any stays", "stay"),
        ("哪些患者没有就诊记录", "visit"),
    ],
)
def test_absences(draft: Make, text: str, table: str) -> None:
    assert [each for _, each in draft(text, absences).excluded] == [table]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("number of hikers in each city", ["hiker.city"]),
        ("average cost of repairs by part", ["repair.part"]),
        ("for each country the number of regions", ["region.country"]),
        ("number of huts per region", ["region.name"]),
        ("number of trails by difficulty and length", ["trail.difficulty", "trail.length_km"]),
        ("按城市统计患者数量", ["patient.city"]),
        ("每个科室的医生数量", ["department.name"]),
    ],
)
def test_groups(draft: Make, text: str, keys: list[str]) -> None:
    assert [placed.expression for placed in draft(text, groups).group] == [ref(k) for k in keys]


def test_by_after_a_participle_groups_nothing(draft: Make) -> None:
    assert draft("huts visited by hikers", groups).group == []
