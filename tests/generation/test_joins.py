"""Trees of foreign keys over the tables of a plan."""

import pytest

from datus.generation.offline.joins import JoinGraph
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema


def table(name: str, *targets: str, schema: str | None = None) -> TableSchema:
    keys = tuple(ForeignKey((f"{target}_id",), target, ("id",)) for target in targets)
    columns = tuple(
        Column(each, "INTEGER", "integer") for each in ("id", *(k.columns[0] for k in keys))
    )
    return TableSchema(name, columns, schema=schema, primary_key=("id",), foreign_keys=keys)


GRAPH = JoinGraph(
    DatabaseSchema(
        "sqlite",
        "test",
        (
            table("region"),
            table("hut", "region"),
            table("hiker"),
            table("stay", "hut", "hiker"),
            table("repair", "hut"),
            table("island"),
        ),
        "main",
    )
)


def test_a_key_is_walked_both_ways() -> None:
    (down,) = GRAPH.edges["hiker"]
    assert (down.left, down.right, down.pairs) == ("hiker", "stay", (("id", "hiker_id"),))
    (up,) = [join for join in GRAPH.edges["stay"] if join.right == "hiker"]
    assert (up.left, up.right, up.pairs) == ("stay", "hiker", (("hiker_id", "id"),))
    assert (up.to_one, down.to_one) == (True, False)


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("hut", "hut", 0),
        ("hut", "region", 1),
        ("region", "stay", 2),
        ("region", "hiker", 3),
        ("hut", "island", None),
    ],
)
def test_distance(one: str, other: str, steps: int | None) -> None:
    assert GRAPH.distance(one, other) == steps
    assert GRAPH.distance(other, one) == steps


def test_a_path_goes_through_tables_that_nobody_named() -> None:
    path = GRAPH.path({"region"}, "hiker")
    assert path is not None
    assert [join.right for join in path] == ["hut", "stay", "hiker"]


def test_a_tree_joins_every_table_once_from_one_already_reached() -> None:
    tree = GRAPH.tree(("repair", "hiker", "region"))
    assert tree is not None
    root, joins = tree
    reached = {root}
    for join in joins:
        assert join.left in reached
        assert join.right not in reached
        reached.add(join.right)
    assert root == "repair"
    assert reached == {"repair", "hut", "region", "stay", "hiker"}


def test_one_table_needs_no_join() -> None:
    assert GRAPH.tree(("hut",)) == ("hut", ())


def test_tables_that_do_not_connect_have_no_tree() -> None:
    assert GRAPH.tree(("hut", "island")) is None


def test_keys_of_several_columns_join_on_all_of_them() -> None:
    part = TableSchema(
        "part",
        (Column("a", "INTEGER", "integer"), Column("b", "INTEGER", "integer")),
        foreign_keys=(ForeignKey(("a", "b"), "whole", ("x", "y")),),
    )
    whole = TableSchema(
        "whole", (Column("x", "INTEGER", "integer"), Column("y", "INTEGER", "integer"))
    )
    graph = JoinGraph(DatabaseSchema("sqlite", "test", (part, whole)))
    (join,) = graph.edges["part"]
    assert join.pairs == (("a", "x"), ("b", "y"))


def test_a_key_that_is_its_own_tables_key_leads_to_one_row_either_way() -> None:
    """A guide is a person: each person has at most one row among the guides."""
    key = (Column("id", "INTEGER", "integer"),)
    person = TableSchema("person", key, primary_key=("id",))
    points = (ForeignKey(("id",), "person", ("id",)),)
    guide = TableSchema("guide", key, primary_key=("id",), foreign_keys=points)
    graph = JoinGraph(DatabaseSchema("sqlite", "test", (person, guide)))
    assert [join.to_one for join in (*graph.edges["person"], *graph.edges["guide"])] == [True, True]


def test_keys_to_tables_that_are_not_there_and_to_itself_are_no_joins() -> None:
    graph = JoinGraph(DatabaseSchema("sqlite", "test", (table("tree", "tree", "gone"),)))
    assert graph.edges == {"tree": ()}


def test_tables_of_one_name_in_two_schemas_are_two_nodes() -> None:
    graph = JoinGraph(
        DatabaseSchema(
            "postgresql",
            "test",
            (
                table("hut", schema="alps"),
                table("hut", schema="andes"),
                table("stay", "hut", schema="andes"),
            ),
            "public",
        )
    )
    assert graph.distance("andes.stay", "andes.hut") == 1
    assert graph.distance("andes.stay", "alps.hut") is None


def test_tables_meet_where_fewest_joins_lead_to_all() -> None:
    graph = JoinGraph(
        DatabaseSchema(
            "sqlite",
            "shop",
            (
                table("region"),
                table("client", "region"),
                table("store", "region"),
                table("purchase", "client", "store"),
                table("line", "purchase"),
            ),
            "main",
        )
    )
    tree = graph.tree(("client", "store", "line"))
    assert tree is not None
    assert [join.right for join in tree[1]] == ["purchase", "store", "line"]
    near = graph.tree(("client", "store"))
    assert near is not None
    assert len(near[1]) == 2


def test_of_as_few_joins_those_are_taken_that_do_not_come_down_from_a_shared_parent() -> None:
    graph = JoinGraph(
        DatabaseSchema(
            "sqlite",
            "shop",
            (table("region"), table("store", "region"), table("order", "store", "region")),
            "main",
        )
    )
    tree = graph.tree(("store", "region", "order"))
    assert tree is not None
    assert [(join.left, join.right) for join in tree[1]] == [
        ("store", "region"),
        ("store", "order"),
    ]
