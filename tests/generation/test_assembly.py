"""From drafts to plans: what is shown, grouped, joined, negated and made distinct."""

from typing import Any

import pytest

from datus.generation.offline.parsing import parse
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    ColumnRef,
    Compare,
    During,
    Either,
    Intersection,
    Member,
    Order,
    Plan,
    Star,
    TimeBucket,
    plan_columns,
    plan_tables,
    signature,
    subplans,
)
from datus.generation.offline.readings import readings
from datus.text import is_chinese


def plan_of(world: Any, text: str) -> AnyPlan:
    """The plan of the reading that explains most."""
    prepared = world.prepared
    each = readings(world.items(text), prepared.index, prepared.graph)
    parsed = [parse(reading, prepared, chinese=is_chinese(text)) for reading in each]
    return max((found for found in parsed if found is not None), key=lambda p: p.score).plan


def single(world: Any, text: str) -> Plan:
    plan = plan_of(world, text)
    assert isinstance(plan, Plan)
    return plan


def refs(*names: str) -> tuple[ColumnRef, ...]:
    return tuple(ColumnRef(*name.split(".")) for name in names)


@pytest.mark.parametrize(
    ("text", "select"),
    [
        ("show the hikers", ("hiker.name",)),
        ("show the wardens", ("warden.first_name", "warden.last_name")),
        ("show the names of wardens", ("warden.first_name", "warden.last_name")),
        ("show the first name of wardens", ("warden.first_name",)),
        ("show the age and city of hikers", ("hiker.age", "hiker.city")),
        ("show hikers from Vienna", ("hiker.name",)),
        ("show hikers and their ages", ("hiker.age",)),
    ],
)
def test_what_is_shown(huts: Any, text: str, select: tuple[str, ...]) -> None:
    plan = single(huts, text)
    assert set(refs(*select)) <= set(plan.select)


def test_all_information_is_every_column_of_the_table(huts: Any) -> None:
    assert single(huts, "show all information about the trails").select == (Star("trail"),)


def test_an_aggregate_beside_a_column_is_grouped_by_it(huts: Any) -> None:
    plan = single(huts, "show the difficulty and the number of trails")
    assert plan.group == refs("trail.difficulty")
    assert Aggregate("count") in plan.select


def test_a_group_by_a_name_is_one_by_its_key(huts: Any) -> None:
    """Two huts of one name stay two huts."""
    plan = single(huts, "number of stays of each hut")
    assert set(plan.group) == set(refs("hut.hut_id", "hut.name"))


def test_a_superlative_is_an_order_and_a_limit(huts: Any) -> None:
    plan = single(huts, "name of the hut with the highest altitude")
    assert (plan.order, plan.limit) == ((Order(ColumnRef("hut", "altitude"), True),), 1)


def test_the_highest_value_itself_is_a_maximum(huts: Any) -> None:
    plan = single(huts, "what is the highest altitude")
    assert plan.select == (Aggregate("max", ColumnRef("hut", "altitude")),)
    assert plan.limit is None


def test_values_of_one_column_are_alternatives(huts: Any) -> None:
    (where,) = single(huts, "hikers from Munich or Oslo").where
    assert isinstance(where, Either)
    assert len(where.conditions) == 2


def test_conditions_on_several_columns_all_hold(huts: Any) -> None:
    plan = single(huts, "hikers from Vienna older than 50")
    assert set(plan.where) == {
        Compare(ColumnRef("hiker", "city"), "=", "Vienna"),
        Compare(ColumnRef("hiker", "age"), ">", 50),
    }


def test_absent_rows_are_an_anti_join(huts: Any) -> None:
    (member,) = single(huts, "huts without repairs").where
    assert isinstance(member, Member)
    assert member.negated
    assert member.column == ColumnRef("hut", "hut_id")
    assert plan_tables(member.plan) == ("repair",)


def test_who_does_not_have_a_value_has_no_row_with_it(huts: Any) -> None:
    """A hut with a roof repair and a stove repair has had a roof repair."""
    (member,) = single(huts, "huts that did not have a roof repair").where
    assert isinstance(member, Member)
    assert member.plan.where == (Compare(ColumnRef("repair", "part"), "=", "roof"),)


def test_a_negated_value_of_a_parent_is_a_plain_comparison(huts: Any) -> None:
    (where,) = single(huts, "huts not in Austria").where
    assert where == Compare(ColumnRef("region", "country"), "!=", "Austria")


def test_rows_that_a_join_would_repeat_are_shown_once(huts: Any) -> None:
    text = "hikers with stays in the Eagle House"
    rows = huts.run(huts.generator.read(huts.context(text)).parsed[0].sql).rows
    assert len(rows) == len(set(rows)) == 5
    assert not single(huts, "huts in Austria").distinct


def test_both_values_must_occur(huts: Any) -> None:
    one, other = single(huts, "huts with both a roof repair and a stove repair").where
    assert isinstance(one, Member)
    assert isinstance(other, Member)
    assert one.column == other.column == ColumnRef("hut", "hut_id")


def test_times_go_to_the_table_of_events(huts: Any) -> None:
    (during,) = single(huts, "number of stays in 2023").where
    assert isinstance(during, During)
    assert during.column == ColumnRef("stay", "arrival_date")


def test_a_year_on_a_column_of_years_is_a_number(huts: Any) -> None:
    (where,) = single(huts, "huts opened in 1974").where
    assert where == Compare(ColumnRef("hut", "opened_year"), "=", 1974)


def test_a_grain_groups_by_the_time_of_the_events(clinic: Any) -> None:
    plan = single(clinic, "每月就诊次数")
    assert plan.group == (TimeBucket(ColumnRef("visit", "visit_date"), "month"),)
    assert Aggregate("count") in plan.select


def test_measures_beside_a_time_are_summed(clinic: Any) -> None:
    assert Aggregate("sum", ColumnRef("visit", "fee")) in single(clinic, "每月的诊疗费").select


def test_compared_values_become_groups(clinic: Any) -> None:
    plan = single(clinic, "对比北京和上海的患者数量")
    assert plan.group == refs("patient.city")


def test_plans_that_mean_the_same_have_one_signature() -> None:
    one = Plan(select=refs("hut.name"), tables=("hut", "stay"))
    assert signature(one) == signature(Plan(select=refs("hut.name"), tables=("stay", "hut")))
    assert signature(one) != signature(Plan(select=refs("hut.name"), tables=("hut",)))
    assert signature(Intersection(one, one)) != signature(one)


def test_a_plan_tells_what_it_reads(huts: Any) -> None:
    plan = single(huts, "huts with a higher than average altitude in Austria without repairs")
    assert set(plan_tables(plan)) >= {"hut", "region"}
    assert ColumnRef("region", "country") in set(plan_columns(plan))
    assert any("repair" in plan_tables(inner) for inner in subplans(plan))


def test_what_is_compared_is_counted_once_however_many_rows_a_join_gives_it(clinic: Any) -> None:
    (having,) = single(clinic, "患者超过2人的医生有哪些？").having
    assert having.left == Aggregate("count", ColumnRef("patient", "id"), distinct=True)
    (having,) = single(clinic, "就诊超过2次的患者有哪些？").having
    assert having.left == Aggregate("count")


def test_a_pair_that_is_a_key_needs_no_counting_once(huts: Any) -> None:
    (having,) = single(huts, "Which trails have more than 2 huts?").having
    assert having.left == Aggregate("count")
