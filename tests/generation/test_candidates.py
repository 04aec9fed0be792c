"""Edits: each proposes plans that differ in one thing, over what the question and the schema offer."""

from typing import Any

import pytest

from datus.generation.offline.candidates import (
    conditions,
    figures,
    inner,
    joining,
    ordering,
    selection,
)
from datus.generation.offline.candidates.coverage import unexplained
from datus.generation.offline.candidates.edits import EDITS
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Origin, Proposal, edited, search
from datus.generation.offline.joins import Join, JoinGraph
from datus.generation.offline.names import build_index
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Either,
    Intersection,
    Like,
    Member,
    Order,
    Plan,
    Star,
    signature,
)
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema

NAME, CITY, AGE = (ColumnRef("hiker", column) for column in ("name", "city", "age"))
HUT, BEDS, ALTITUDE = (ColumnRef("hut", column) for column in ("name", "beds", "altitude"))
STAYED = Member(ColumnRef("hiker", "hiker_id"), Plan(select=(ColumnRef("stay", "hiker_id"),)))


def scene(world: Any, text: str) -> Scene:
    prepared = world.prepared
    return Scene(world.items(text), prepared.index, prepared.graph, world.context(text).values)


def test_a_partner_is_joined_or_left_out(huts: Any) -> None:
    plan = Plan(select=(NAME,), tables=("hiker",), where=(STAYED,))
    asked = scene(huts, "names of hikers with stays")
    joined, once = joining.inline_partners(plan, asked)
    assert joined.where == ()
    assert set(joined.tables) == {"hiker", "stay"}
    assert once.distinct
    (alone,) = joining.drop_partners(plan, asked)
    assert alone == Plan(select=(NAME,), tables=("hiker",))


def test_tables_are_joined_around_one_that_lies_between() -> None:
    """Students and courses share a faculty, and meet in what was taken."""
    faculty, student, course = (
        table("faculty"),
        table("student", "faculty"),
        table("course", "faculty"),
    )
    schema = DatabaseSchema(
        "sqlite", "school", (faculty, student, course, table("taking", "student", "course")), "main"
    )
    asked = Scene((), build_index(schema), JoinGraph(schema))
    shown = (ColumnRef("student", "id"), ColumnRef("course", "id"))
    plan = Plan(select=shown, tables=("student", "faculty", "course"))
    (around,) = joining.other_path(plan, asked)
    assert around.tables == ("student", "course", "taking")
    inner_ = Plan((ColumnRef("faculty", "id"),), ("faculty", "course"))
    partner = Plan(shown[:1], where=(Member(ColumnRef("student", "faculty_id"), inner_),))
    (taken,) = joining.other_path(partner, asked)
    way = Plan((ColumnRef("taking", "student_id"),), ("taking", "course"))
    assert taken.where == (Member(ColumnRef("student", "id"), way),)
    assert list(joining.other_path(Plan(shown[:1]), asked)) == []


def table(name: str, *targets: str) -> TableSchema:
    keys = tuple(ForeignKey((f"{target}_id",), target, ("id",)) for target in targets)
    names = ("id", *(key.columns[0] for key in keys))
    columns = tuple(Column(each, "INTEGER", "integer") for each in names)
    return TableSchema(name, columns, primary_key=("id",), foreign_keys=keys)


def test_a_table_that_nothing_reads_is_dropped_and_a_named_one_added(huts: Any) -> None:
    asked = scene(huts, "names of hikers and their stays")
    assert Plan(select=(NAME,)) in joining.drop_tables(
        Plan(select=(NAME,), tables=("stay",)), asked
    )
    assert Plan(select=(NAME,), tables=("stay",)) in joining.add_tables(Plan(select=(NAME,)), asked)


def test_rows_without_a_partner_are_proposed_only_where_a_word_says_not(huts: Any) -> None:
    plan = Plan(select=(NAME,))
    absent = list(joining.without_partner(plan, scene(huts, "hikers without stays")))
    assert any(isinstance(c, Member) and c.negated for each in absent for c in each.where)
    assert list(joining.without_partner(plan, scene(huts, "hikers and stays"))) == []


def test_what_is_shown_is_less_more_or_other(huts: Any) -> None:
    asked = scene(huts, "name, city and age of hikers")
    plan = Plan(select=(NAME, CITY))
    assert {each.select for each in selection.drop_selected(plan, asked)} == {(CITY,), (NAME,)}
    assert any(AGE in each.select for each in selection.add_selected(plan, asked))
    assert any(
        each.select == (Star("hiker"),) for each in selection.select_entity(Plan((NAME,)), asked)
    )
    (other,) = selection.toggle_distinct(plan, asked)
    assert other.distinct


def test_groups_of_which_nothing_is_told_are_not_proposed(huts: Any) -> None:
    plan = Plan(select=(CITY, Aggregate("count")), group=(CITY,))
    assert all(
        Aggregate("count") in each.select
        for each in selection.drop_selected(plan, scene(huts, "number of hikers by city"))
    )


def test_a_count_may_be_of_different_values_or_a_column(huts: Any) -> None:
    asked = scene(huts, "number of beds of the huts")
    found = {
        each.select
        for each in selection.change_aggregates(Plan((Aggregate("count"),), ("hut",)), asked)
    }
    assert {(BEDS,), (Aggregate("sum", BEDS),), (Aggregate("count", BEDS, True),)} <= found


def test_an_order_turns_takes_another_key_and_a_limit(huts: Any) -> None:
    asked = scene(huts, "the 3 huts with the highest altitude and beds")
    plan = Plan(select=(HUT,), order=(Order(BEDS, True),), limit=1)
    orders = list(ordering.change_order(plan, asked))
    assert any(each.order == (Order(BEDS, False),) for each in orders)
    assert any(each.order == (Order(ALTITUDE, True),) for each in orders)
    assert {each.limit for each in ordering.change_limit(plan, asked)} == {None, 3}
    every, value = ordering.extreme_rows(plan, asked)
    assert every.limit is None
    assert isinstance(every.where[0], Compare)
    assert value.select == (Aggregate("max", BEDS),)


def test_numbers_values_and_texts_that_a_plan_leaves_out_find_a_place(huts: Any) -> None:
    asked = scene(huts, "huts with more than 40 beds")
    placed = list(conditions.place_number(Plan(select=(HUT,)), asked))
    assert any(each.where == (Compare(BEDS, ">", 40),) for each in placed)
    assert not list(conditions.place_number(Plan((HUT,), where=(Compare(BEDS, ">", 40),)), asked))
    vienna = scene(huts, "hikers from Vienna")
    assert any(
        each.where == (Compare(CITY, "=", "Vienna"),)
        for each in conditions.place_value(Plan(select=(NAME,)), vienna)
    )
    quoted = scene(huts, "hikers whose name contains 'st'")
    assert any(
        each.where == (Like(NAME, "%st%"),)
        for each in conditions.place_text(Plan(select=(NAME,)), quoted)
    )


def test_conditions_join_turn_and_move(huts: Any) -> None:
    asked = scene(huts, "hikers from Vienna or older than 30")
    plan = Plan(select=(NAME,), where=(Compare(CITY, "=", "Vienna"), Compare(AGE, ">", 30)))
    (either,) = conditions.join_filters(plan, asked)
    assert isinstance(either.where[0], Either)
    assert {each.where[1].operator for each in conditions.other_operator(plan, asked)} == {  # type: ignore[union-attr]
        "=", "<", ">=", "<=",
    }  # fmt: skip
    counted = list(conditions.move_number(plan, asked))
    assert any(each.having == (Compare(Aggregate("count"), ">", 30),) for each in counted)


def test_two_columns_are_compared(huts: Any) -> None:
    asked = scene(huts, "huts with more beds than altitude")
    assert any(
        each.where and isinstance(each.where[0], Compare) and each.where[0].right == ALTITUDE
        for each in conditions.compare_columns(Plan(select=(HUT,)), asked)
    )


def test_another_key_between_two_tables_changes_the_join(huts: Any) -> None:
    prepared = huts.prepared
    (first,) = [join for join in prepared.graph.edges["stay"] if join.right == "hut"]
    other = Join("stay", "hut", (("hiker_id", "hut_id"),), to_one=True)
    plan = Plan(select=(HUT,), tables=("stay",), via=(other,))
    sql = Renderer(prepared.index, prepared.graph).sql(plan)
    assert "hiker_id = " in sql or "= stay.hiker_id" in sql
    assert signature(plan) != signature(Plan(select=(HUT,), tables=("stay",), via=(first,)))


def rows(world: Any, plan: Any) -> set[Any]:
    prepared = world.prepared
    return set(world.rows(Renderer(prepared.index, prepared.graph).sql(plan)).rows)


def test_groups_are_of_rows_or_of_all(huts: Any) -> None:
    asked = scene(huts, "average beds of huts")
    plan = Plan(select=(HUT, Aggregate("avg", BEDS)), group=(HUT,))
    whole, listed = figures.ungroup(plan, asked)
    assert whole == Plan(select=(Aggregate("avg", BEDS),))
    assert listed == Plan(select=(HUT,))
    (keyed,) = ordering.group_by_key(plan, asked)
    assert keyed.group == (ColumnRef("hut", "hut_id"), HUT)
    assert list(ordering.group_by_key(keyed, asked)) == []
    assert list(figures.ungroup(Plan(select=(HUT,)), asked)) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("minimum and maximum altitude of huts", (Aggregate("min", ALTITUDE), Aggregate("max", ALTITUDE))),
        ("average beds and altitude of huts", (Aggregate("avg", BEDS), Aggregate("avg", ALTITUDE))),
        ("highest beds and average altitude of huts", (Aggregate("max", BEDS), Aggregate("avg", ALTITUDE))),
    ],
)  # fmt: skip
def test_the_figures_that_are_said_are_proposed(huts: Any, text: str, wanted: Any) -> None:
    found = {each.select for each in figures.said_figures(Plan((HUT,)), scene(huts, text))}
    assert wanted in found
    assert list(figures.said_figures(Plan((HUT,)), scene(huts, "highest beds of huts"))) == []


def test_what_must_not_be_is_not_a_row_that_differs(huts: Any) -> None:
    asked = scene(huts, "hikers who did not stay for 2 nights")
    nights = ColumnRef("stay", "nights")
    plan = Plan(select=(NAME,), tables=("stay",), where=(Compare(nights, "!=", 2),))
    (absent,) = inner.exclude_partner(plan, asked)
    stayed = rows(huts, Plan(select=(NAME,), where=(Compare(nights, "=", 2),)))
    assert rows(huts, absent) == rows(huts, Plan(select=(NAME,))) - stayed
    cities = scene(huts, "cities with no hiker older than 40")
    ages = Plan(select=(CITY,), where=(Compare(AGE, ">", 40),))
    (without,) = inner.exclude_values(ages, cities)
    assert rows(huts, without) == rows(huts, Plan(select=(CITY,))) - rows(huts, ages)
    assert list(inner.exclude_values(ages, scene(huts, "cities with hikers older than 40"))) == []


def test_two_rows_meet_what_one_cannot(huts: Any) -> None:
    asked = scene(huts, "cities with both hikers older than 50 and younger than 30")
    old, young = Compare(AGE, ">", 50), Compare(AGE, "<", 30)
    (both,) = inner.meet_both(Plan(select=(CITY,), where=(old, young)), asked)
    assert both == Intersection(Plan((CITY,), where=(old,)), Plan((CITY,), where=(young,)))
    assert list(inner.meet_both(Plan((CITY,), where=(old, young)), scene(huts, "cities"))) == []


def test_a_condition_moves_into_the_figure_it_is_about(huts: Any) -> None:
    asked = scene(huts, "hikers older than the average of those from Vienna")
    vienna = Compare(CITY, "=", "Vienna")
    older = Compare(AGE, ">", Plan((Aggregate("avg", AGE),)))
    moved, held = inner.move_inside(Plan((NAME,), where=(vienna, older)), asked)
    inside = Compare(AGE, ">", Plan((Aggregate("avg", AGE),), where=(vienna,)))
    assert moved.where == (inside,)
    assert held.where == (vienna, inside)


def test_the_rows_of_the_most_frequent_value(huts: Any) -> None:
    asked = scene(huts, "names of hikers from the most common city")
    order = (Order(Aggregate("count"), True),)
    plan = Plan(select=(NAME, CITY), group=(NAME, CITY), order=order, limit=1)
    (most,) = inner.of_the_most(plan, asked)
    top = Plan((CITY,), group=(CITY,), order=order, limit=1)
    assert most.where == (Compare(CITY, "=", top),)
    assert {city for (city,) in rows(huts, Plan((CITY,), where=most.where))} == {
        city for (city,) in rows(huts, top)
    }


def test_what_a_plan_leaves_out_counts_against_it(huts: Any) -> None:
    asked = scene(huts, "names of hikers from Vienna older than 30")
    vienna, older = Compare(CITY, "=", "Vienna"), Compare(AGE, ">", 30)
    whole = unexplained(Plan((NAME,), where=(vienna, older)), asked)
    assert unexplained(Plan((NAME,), where=(vienna,)), asked) == whole + 1
    assert unexplained(Plan((NAME, ALTITUDE), ("hiker",), where=(vienna, older)), asked) > whole


def test_the_plainest_of_the_edited_plans_is_edited_again(huts: Any) -> None:
    text = "names of hikers from Vienna"
    plan = Plan(select=(NAME, CITY), distinct=True)
    start = Proposal(plan, Origin(0, 0.0, 0.0, 1.0, 0))
    found = list(edited([start], scene(huts, text), {signature(plan)}))
    twice = [each for each in found if len(each.origin.edits) == 2]
    wanted = Plan(select=(NAME,), where=(Compare(CITY, "=", "Vienna"),), distinct=True)
    assert wanted in [each.plan for each in twice]
    assert max(len(each.origin.edits) for each in found) == 2


@pytest.mark.parametrize(
    "text",
    [
        "names of hikers from Vienna with more than 2 stays",
        "number of huts in each region",
        "维也纳的徒步者的姓名",
        "the 3 highest huts and their wardens",
        "huts without repairs",
        "minimum and maximum altitude of huts in each region",
        "names of hikers who did not stay in the Eagle House or in Vienna",
        "huts with both repairs and stays of 2 nights",
    ],
)
def test_every_edit_of_a_reading_is_another_plan_that_can_be_run(huts: Any, text: str) -> None:
    prepared = huts.prepared
    read = huts.generator.read(huts.context(text))
    seen = {signature(each.plan) for each in read.proposals}
    found = list(edited(read.proposals, scene(huts, text), seen))
    assert all(set(each.origin.edits) <= EDITS.keys() for each in found)
    assert len({signature(each.plan) for each in found}) == len(found)
    renderer = Renderer(prepared.index, prepared.graph)
    for each in found:
        try:
            sql = renderer.sql(each.plan)
        except UnreachableTablesError:
            continue
        huts.rows(sql)  # the guard and the database take it


def test_the_search_orders_by_the_judge(huts: Any) -> None:
    text = "name and city of hikers"
    read = huts.generator.read(huts.context(text))

    def fewest(plan: Any, origin: Origin) -> float:
        return -len(plan.select)

    found = search(read.proposals, scene(huts, text), fewest)
    assert len(found[0].plan.select) == 1  # type: ignore[union-attr]
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert isinstance(found[0], Proposal)
