"""Foreign keys that names and types tell, where none is declared."""

import pytest

from datus.knowledge.keys import with_inferred_keys
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema, TypeKind


def table(name: str, *columns: str, key: str | None = None, **rest: object) -> TableSchema:
    """Columns as ``name`` or ``name:kind``; integers without a kind."""
    made = []
    for each in columns:
        column, _, kind = each.partition(":")
        declared: TypeKind = kind or "integer"  # type: ignore[assignment]
        made.append(Column(column, declared, declared))
    primary = (key,) if key else ()
    return TableSchema(name, tuple(made), primary_key=primary, **rest)  # type: ignore[arg-type]


def inferred(*tables: TableSchema) -> dict[str, list[str]]:
    schema = with_inferred_keys(DatabaseSchema("sqlite", "test", tables))
    return {
        each.name: [
            f"{','.join(key.columns)}->{key.ref_table}.{','.join(key.ref_columns)}"
            for key in each.foreign_keys
        ]
        for each in schema.tables
        if each.foreign_keys
    }


def test_the_same_name_as_another_tables_key() -> None:
    found = inferred(
        table("hut", "hut_id", "name:text", key="hut_id"), table("stay", "stay_id", "hut_id")
    )
    assert found == {"stay": ["hut_id->hut.hut_id"]}


def test_the_tables_name_and_id() -> None:
    found = inferred(table("doctor", "id", key="id"), table("visit", "id", "doctor_id", key="id"))
    assert found == {"visit": ["doctor_id->doctor.id"]}


def test_a_role_before_the_tables_name() -> None:
    found = inferred(
        table("doctor", "id", key="id"), table("visit", "id", "referring_doctor_id", key="id")
    )
    assert found == {"visit": ["referring_doctor_id->doctor.id"]}


def test_prefixes_that_all_names_share_say_nothing() -> None:
    found = inferred(
        table("sbCustomer", "sbCustId:text", "sbCustName:text", "sbCustPhone:text", key="sbCustId"),
        table("sbTicker", "sbTickerId:text", "sbTickerSymbol:text", "sbTickerName:text", key="sbTickerId"),
        table("sbTrade", "sbTxId:text", "sbTxCustId:text", "sbTxTickerId:text", "sbTxShares:number", key="sbTxId"),
    )  # fmt: skip
    assert found == {
        "sbTrade": ["sbTxCustId->sbCustomer.sbCustId", "sbTxTickerId->sbTicker.sbTickerId"]
    }


def test_short_forms_are_written_out() -> None:
    found = inferred(
        table("department", "id", key="id"), table("doctor", "id", "dept_id", key="id")
    )
    assert found == {"doctor": ["dept_id->department.id"]}


def test_a_key_that_is_not_declared() -> None:
    assert inferred(table("hut", "hut_id", "name:text"), table("stay", "hut_id", "nights")) == {
        "stay": ["hut_id->hut.hut_id"]
    }


def test_of_two_tables_that_fit_none_is_chosen() -> None:
    both = (
        table("doctor", "person_id", key="person_id"),
        table("patient", "person_id", key="person_id"),
        table("visit", "visit_id", "person_id", key="visit_id"),
    )
    assert "visit" not in inferred(*both)


@pytest.mark.parametrize(
    ("pointing", "why"),
    [
        ("hut_id:text", "the types differ"),
        ("hut", "no ending says that it is a key"),
        ("id", "a bare id is its own table's"),
        ("shut_id", "another word"),
    ],
)
def test_no_key_is_made_up(pointing: str, why: str) -> None:
    hut = table("hut", "id", "name:text", key="id")
    assert inferred(hut, table("stay", "nights", pointing)) == {}, why


def test_integers_and_numbers_are_one_type() -> None:
    hut = table("hut", "hut_id", key="hut_id")
    assert inferred(hut, table("stay", "hut_id:number")) == {"stay": ["hut_id->hut.hut_id"]}


def test_declared_keys_stay_as_they_are() -> None:
    declared = ForeignKey(("hut_id",), "lodge", ("lodge_id",))
    found = inferred(
        table("hut", "hut_id", key="hut_id"),
        table("lodge", "lodge_id", key="lodge_id"),
        table("stay", "hut_id", foreign_keys=(declared,)),
    )
    assert found == {"stay": ["hut_id->lodge.lodge_id"]}


def test_views_point_and_are_not_pointed_to() -> None:
    found = inferred(
        table("hut", "hut_id", key="hut_id"),
        table("busy", "busy_id", "hut_id", is_view=True),
        table("stay", "busy_id"),
    )
    assert found == {"busy": ["hut_id->hut.hut_id"]}


def test_a_table_does_not_point_to_itself() -> None:
    assert inferred(table("hut", "hut_id", "parent_hut_id", key="hut_id")) == {}


def test_tables_of_other_schemas_keep_theirs() -> None:
    found = with_inferred_keys(
        DatabaseSchema(
            "postgresql",
            "test",
            (
                table("hut", "hut_id", key="hut_id", schema="alps"),
                table("stay", "stay_id", "hut_id"),
            ),
        )
    )
    (key,) = found.tables[1].foreign_keys
    assert (key.ref_schema, key.ref_table) == ("alps", "hut")


def test_a_table_of_the_same_schema_goes_before_its_namesake() -> None:
    tables = [
        table(name, *columns, key="id", schema=schema)
        for schema in ("now", "old")
        for name, columns in (("doctor", ("id",)), ("visit", ("id", "doctor_id")))
    ]
    schema = with_inferred_keys(DatabaseSchema("postgresql", "test", tuple(tables), "public"))
    found = {each.schema: each.foreign_keys for each in schema.tables if each.name == "visit"}
    assert found == {
        name: (ForeignKey(("doctor_id",), "doctor", ("id",), name),) for name in ("now", "old")
    }


def test_namesakes_in_other_schemas_are_not_chosen_between() -> None:
    tables = (
        table("doctor", "id", key="id", schema="now"),
        table("doctor", "id", key="id", schema="old"),
        table("visit", "id", "doctor_id", key="id"),
    )
    assert not inferred(*tables)
