"""What tables and columns may be called, and the roles that columns play."""

import pytest

from datus.generation.offline.names import SchemaIndex, build_index, comment_names
from datus.generation.offline.plan import ColumnRef
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema, TypeKind


def column(name: str, kind: TypeKind = "text", comment: str = "") -> Column:
    return Column(name, kind, kind, comment=comment)


def index_of(*tables: TableSchema) -> SchemaIndex:
    return build_index(DatabaseSchema("sqlite", "test", tables, "main"))


HUT = TableSchema(
    "mountain_hut",
    (
        column("hut_id", "integer"),
        column("hut_name"),
        column("numBeds", "integer"),
        column("openingDate", "date"),
        column("built", "text", comment="year of construction; unknown before 1880"),
        column("valley_id", "integer"),
    ),
    primary_key=("hut_id",),
    foreign_keys=(ForeignKey(("valley_id",), "valley", ("valley_id",)),),
)
VALLEY = TableSchema(
    "valley", (column("valley_id", "integer"), column("name")), primary_key=("valley_id",)
)
INDEX = index_of(HUT, VALLEY)


def best(phrase: str, index: SchemaIndex = INDEX) -> tuple[str, str | None]:
    entry = index.phrases[tuple(phrase.split())][0]
    return entry.table, entry.column


@pytest.mark.parametrize(
    ("phrase", "table", "name"),
    [
        ("mountain hut", "mountain_hut", None),
        ("hut", "mountain_hut", None),
        ("number bed", "mountain_hut", "numBeds"),
        ("number of bed", "mountain_hut", "numBeds"),
        ("bed", "mountain_hut", "numBeds"),
        ("num bed", "mountain_hut", "numBeds"),
        ("hut name", "mountain_hut", "hut_name"),
        ("open date", "mountain_hut", "openingDate"),
        ("date open", "mountain_hut", "openingDate"),
        ("year of construction", "mountain_hut", "built"),
        ("name", "valley", "name"),
        ("valley", "valley", None),
    ],
)
def test_phrases_in_dictionary_form_lead_to_tables_and_columns(
    phrase: str, table: str, name: str | None
) -> None:
    assert best(phrase) == (table, name)


def test_what_follows_a_semicolon_of_a_comment_names_nothing() -> None:
    assert ("unknown", "before", "1880") not in INDEX.phrases


def test_the_whole_name_is_surer_than_a_part() -> None:
    def score(phrase: str) -> float:
        return next(
            e.score for e in INDEX.phrases[tuple(phrase.split())] if e.table == "mountain_hut"
        )

    assert score("mountain hut") > score("hut") > score("mountain")


def test_synonyms_name_the_same_less_surely() -> None:
    index = index_of(TableSchema("staff", (column("salary", "number"), column("phone"))))
    assert best("wage", index) == ("staff", "salary")
    assert best("employee", index) == ("staff", None)
    assert best("telephone number", index) == ("staff", "phone")
    assert index.phrases["wage",][0].score < index.phrases["salary",][0].score


def test_prefixes_of_all_tables_and_all_columns_are_no_part_of_names() -> None:
    index = index_of(
        TableSchema("lib_book", (column("bkTitle"), column("bkPages", "integer"), column("bkIsbn"))),
        TableSchema("lib_reader", (column("name"),)),
        TableSchema("lib_loan", (column("due", "date"),)),
    )  # fmt: skip
    assert best("book", index) == ("lib_book", None)
    assert best("title", index) == ("lib_book", "bkTitle")
    assert index.phrases["page",][0].score == 1.0


@pytest.mark.parametrize("prefix", ["dim", "fact", "tbl", "ods", "dwd"])
def test_layers_of_a_warehouse_are_no_part_of_names(prefix: str) -> None:
    index = index_of(TableSchema(f"{prefix}_hut", (column("name"),)))
    assert index.phrases["hut",][0].score == 1.0


def test_tables_of_other_schemas_are_named_with_them() -> None:
    index = build_index(
        DatabaseSchema(
            "postgresql",
            "x",
            (TableSchema("hut", (column("id", "integer"),), schema="alps"),),
            "public",
        )
    )
    assert list(index.tables) == ["alps.hut"]
    assert best("hut", index) == ("alps.hut", None)


@pytest.mark.parametrize(
    ("comment", "names"),
    [
        ("支付金额", {"支付金额", "付金额", "金额"}),
        ("患者，病人", {"患者", "病人"}),
        ("性别；M=男，F=女", {"性别"}),
        ("状态：paid 成功，failed 失败", {"状态"}),
        ("Status(1:open, 2:closed) | 状态（1=待付，2=已付）", {"status", "状态"}),
        ("配送距离（公里）", {"配送距离", "送距离", "距离", "公里"}),
        ("Guest | 客人", {"guest", "客人"}),
        ("the price (per night)", {"price", "per night"}),
        ("注册日期", {"注册日期", "册日期", "日期", "注册"}),
        ("a sentence that is much too long to be a name", set()),
        ("", set()),
    ],
)
def test_names_in_comments(comment: str, names: set[str]) -> None:
    found = {
        ("" if any("\u4e00" <= c <= "\u9fff" for c in "".join(words)) else " ").join(words)
        for words, _ in comment_names(comment)
    }
    assert found == names


def test_roles() -> None:
    roles = INDEX.tables["mountain_hut"]
    assert roles.key == ("hut_id",)
    assert roles.label == ("hut_name",)
    assert roles.foreign == {"valley_id"}
    assert roles.time == ("openingDate",)
    assert INDEX.is_key(ColumnRef("mountain_hut", "valley_id"))
    assert INDEX.points_to(ColumnRef("mountain_hut", "valley_id")) == "valley"
    assert INDEX.points_to(ColumnRef("mountain_hut", "numBeds")) is None
    assert INDEX.is_number(ColumnRef("mountain_hut", "numBeds"))
    assert INDEX.is_time(ColumnRef("mountain_hut", "openingDate"))


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        (("id", "name", "title"), ("name",)),
        (("id", "first_name", "last_name"), ("first_name", "last_name")),
        (("id", "fname", "lname"), ("fname", "lname")),
        (("id", "title", "author"), ("title",)),
        (("id", "full_name", "city"), ("full_name",)),
        (("id", "room", "floor"), ("room",)),
        (("id", "street_name", "zip"), ("street_name",)),
        (("id", "description"), ("description",)),
        (("id", "width", "height"), ("id",)),
    ],
)
def test_label(columns: tuple[str, ...], label: tuple[str, ...]) -> None:
    made = (column("id", "integer"), *(column(name) for name in columns[1:]))
    index = index_of(TableSchema("room", made, primary_key=("id",)))
    assert tuple(ref.column for ref in index.label("room")) == label


def test_a_table_without_a_name_of_its_own_borrows_that_of_the_people_it_points_to() -> None:
    person = TableSchema(
        "person", (column("person_id", "integer"), column("name")), primary_key=("person_id",)
    )
    guide = TableSchema(
        "guide",
        (
            column("guide_id", "integer"),
            column("person_id", "integer"),
            column("licence", "integer"),
        ),
        primary_key=("guide_id",),
        foreign_keys=(ForeignKey(("person_id",), "person", ("person_id",)),),
    )
    assert index_of(person, guide).label("guide") == (ColumnRef("person", "name"),)


def test_a_table_without_columns_can_be_indexed() -> None:
    assert index_of(TableSchema("empty", ())).tables["empty"].label == ()
