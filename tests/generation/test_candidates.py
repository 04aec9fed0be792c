"""Edits: each proposes plans that differ in one thing, over what the question and the schema offer."""

from typing import Any

import pytest

from datus.generation.offline.candidates import conditions, joining, ordering, selection
from datus.generation.offline.candidates.edits import EDITS
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Origin, Proposal, edited, search
from datus.generation.offline.joins import Join
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Either,
    Like,
    Member,
    Order,
    Plan,
    Star,
    signature,
)
from datus.generation.offline.rendering import Renderer, UnreachableTablesError

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


@pytest.mark.parametrize(
    "text",
    [
        "names of hikers from Vienna with more than 2 stays",
        "number of huts in each region",
        "维也纳的徒步者的姓名",
        "the 3 highest huts and their wardens",
        "huts without repairs",
    ],
)
def test_every_edit_of_a_reading_is_another_plan_that_can_be_run(huts: Any, text: str) -> None:
    prepared = huts.prepared
    read = huts.generator.read(huts.context(text))
    seen = {signature(each.plan) for each in read.proposals}
    found = list(edited(read.proposals, scene(huts, text), seen))
    assert all(each.origin.edit in EDITS for each in found)
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
