"""What words of a question find in names that are spelled, cut, shortened or said otherwise."""

from datetime import date

import pytest

from datus.dates import find_time_ranges
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.offline.lookup import entries_of
from datus.generation.offline.names import SchemaIndex, build_index
from datus.lexicon.translation import in_english
from datus.text import lemma, tokenize
from datus.types import (
    Column,
    DatabaseSchema,
    ForeignKey,
    GenerationContext,
    Question,
    TableSchema,
    TypeKind,
)

TODAY = date(2024, 3, 1)
EAGER = OfflineGenerator(least_confidence=0)


def column(name: str, kind: TypeKind = "text", comment: str = "") -> Column:
    return Column(name, kind, kind, comment=comment)


def schema_of(*tables: TableSchema) -> DatabaseSchema:
    return DatabaseSchema("sqlite", "test", tables, "main")


HARBOUR = schema_of(
    TableSchema(
        "pilot",
        (
            column("pilotid", "integer"),
            column("fname"),
            column("lname"),
            column("age", "integer"),
            column("nationality"),
            column("dateOfLicence", "date"),
        ),
        primary_key=("pilotid",),
    ),
    TableSchema(
        "vessel",
        (
            column("vesselid", "integer"),
            column("vesselName"),
            column("length_m", "number"),
            column("price_in_dollars", "number"),
            column("launch_date", "date"),
            column("is_leased", "boolean"),
            column("colour"),
            column("dockid", "integer"),
            column("pilotid", "integer"),
        ),
        primary_key=("vesselid",),
        foreign_keys=(
            ForeignKey(("dockid",), "dock", ("dockid",)),
            ForeignKey(("pilotid",), "pilot", ("pilotid",)),
        ),
    ),
    TableSchema(
        "dock",
        (
            column("dockid", "integer"),
            column("dockName"),
            column("location"),
            column("customs_office"),
            column("depth_ft", "number"),
        ),
        primary_key=("dockid",),
    ),
    TableSchema(
        "hbCargo",
        (
            column("hbCargoId", "integer"),
            column("hbCargoCustName"),
            column("hbCargoTotAmt", "number"),
            column("hbCargoDstn"),
            column("hbCargoAddress_line_1"),
        ),
        primary_key=("hbCargoId",),
    ),
)
PORT = schema_of(
    TableSchema(
        "引航员",
        (column("编号", "integer"), column("姓名"), column("年龄", "integer"), column("国籍")),
        primary_key=("编号",),
    ),
    TableSchema(
        "船舶",
        (
            column("船舶编号", "integer"),
            column("船名"),
            column("价格", "number"),
            column("下水日期", "date"),
            column("引航员编号", "integer"),
        ),
        primary_key=("船舶编号",),
        foreign_keys=(ForeignKey(("引航员编号",), "引航员", ("编号",)),),
    ),
)
SHOP = schema_of(
    TableSchema(
        "customers",
        (
            column("customer_id", "integer"),
            column("name"),
            column("city"),
            column("signup_date", "date"),
        ),
        primary_key=("customer_id",),
    ),
    TableSchema(
        "products",
        (
            column("product_id", "integer"),
            column("product_name"),
            column("category"),
            column("unit_price", "number"),
            column("stock", "integer"),
        ),
        primary_key=("product_id",),
    ),
    TableSchema(
        "orders",
        (
            column("order_id", "integer"),
            column("customer_id", "integer"),
            column("order_date", "date"),
            column("total_amount", "number"),
            column("quantity", "integer"),
        ),
        primary_key=("order_id",),
        foreign_keys=(ForeignKey(("customer_id",), "customers", ("customer_id",)),),
    ),
)
SHORT = schema_of(
    TableSchema("supp", (column("supp_id", "integer"), column("ctry")), primary_key=("supp_id",)),
    TableSchema("purch_ord", (column("po_id", "integer"), column("qty", "integer"))),
)

INDEXES = {id(schema): build_index(schema) for schema in (HARBOUR, PORT, SHOP, SHORT)}


def look(index: SchemaIndex, said: str) -> list[tuple[str, str | None]]:
    raw = tuple(token.text for token in tokenize(said))
    return [(e.table, e.column) for e in entries_of(index, tuple(map(lemma, raw)), raw)]


def found(schema: DatabaseSchema, said: str) -> tuple[str, str | None] | None:
    """What the words most likely name."""
    return next(iter(look(INDEXES[id(schema)], said)), None)


def answer(schema: DatabaseSchema, text: str) -> str:
    context = GenerationContext(
        Question(text, TODAY), schema, times=find_time_ranges(text, today=TODAY)
    )
    return EAGER.candidates(context)[0].sql


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("pilot id", ("pilot", "pilotid")),
        ("first name", ("pilot", "fname")),
        ("last names", ("pilot", "lname")),
        ("nation", ("pilot", "nationality")),
        ("nationalities", ("pilot", "nationality")),
        ("country", ("pilot", "nationality")),
        ("date of license", ("pilot", "dateOfLicence")),
        ("vessel names", ("vessel", "vesselName")),
        ("length", ("vessel", "length_m")),
        ("price", ("vessel", "price_in_dollars")),
        ("cost", ("vessel", "price_in_dollars")),
        ("leased", ("vessel", "is_leased")),
        ("launched", ("vessel", "launch_date")),
        ("color", ("vessel", "colour")),
        ("colours", ("vessel", "colour")),
        ("depth", ("dock", "depth_ft")),
        ("locations", ("dock", "location")),
        ("customer name", ("hbCargo", "hbCargoCustName")),
        ("total amount", ("hbCargo", "hbCargoTotAmt")),
        ("destination", ("hbCargo", "hbCargoDstn")),
        ("address", ("hbCargo", "hbCargoAddress_line_1")),
        ("vesel", ("vessel", None)),
        ("pilots", ("pilot", None)),
    ],
)
def test_names_in_other_forms(said: str, name: tuple[str, str | None]) -> None:
    assert found(HARBOUR, said) == name


@pytest.mark.parametrize(
    "said",
    ["general", "doctor", "dog", "prize", "depot", "order", "by", "in", "cargoes unpaid",
     "collar", "pile", "notion", "agent", "lantern", "客户"],
)  # fmt: skip
def test_false_friends_name_nothing(said: str) -> None:
    assert found(HARBOUR, said) is None


def test_other_forms_are_less_sure_than_the_name_itself() -> None:
    index = build_index(schema_of(TableSchema("book", (column("composer"), column("pages")))))

    def score(word: str) -> float:
        return entries_of(index, (word,), (word,))[0].score

    assert score("composer") > score("compose")
    assert score("composer") > score("composser")


def test_a_slip_that_could_be_two_names_is_neither() -> None:
    index = build_index(schema_of(TableSchema("t", (column("lessons"), column("lessens")))))
    assert look(index, "lessans") == []


def test_a_name_that_is_there_hides_its_kin() -> None:
    index = build_index(schema_of(TableSchema("t", (column("nation"), column("nationality")))))
    assert look(index, "nation") == [("t", "nation")]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("客户", ("customers", None)),
        ("顾客", ("customers", None)),
        ("顧客", ("customers", None)),
        ("城市", ("customers", "city")),
        ("注册日期", ("customers", "signup_date")),
        ("商品", ("products", None)),
        ("产品名称", ("products", "product_name")),
        ("类别", ("products", "category")),
        ("单价", ("products", "unit_price")),
        ("订单日期", ("orders", "order_date")),
        ("下单日期", ("orders", "order_date")),
        ("订单编号", ("orders", "order_id")),
        ("总金额", ("orders", "total_amount")),
    ],
)
def test_chinese_words_find_english_names_without_comments(
    said: str, name: tuple[str, str | None]
) -> None:
    assert found(SHOP, said) == name


@pytest.mark.parametrize(
    "said", ["天气", "员工", "图书", "生日", "名", "个", "人", "到现在", "最高"]
)
def test_chinese_words_for_what_is_not_there_find_nothing(said: str) -> None:
    assert found(SHOP, said) is None


def test_a_comment_in_chinese_comes_before_a_translation() -> None:
    index = build_index(
        schema_of(
            TableSchema("t", (column("price", "number"), column("tag", "number", "价格，售价")))
        )
    )
    assert look(index, "价格") == [("t", "tag")]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("船舶", ("船舶", None)),
        ("年龄", ("引航员", "年龄")),
        ("岁数", ("引航员", "年龄")),
        ("下水日期", ("船舶", "下水日期")),
        ("下水", ("船舶", "下水日期")),
        ("age", ("引航员", "年龄")),
        ("prices", ("船舶", "价格")),
        ("pilots", ("引航员", None)),
        ("ship name", ("船舶", "船名")),
    ],
)
def test_chinese_names_are_found_in_both_languages(said: str, name: tuple[str, str | None]) -> None:
    assert found(PORT, said) == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("供应商", ("supp", None)),
        ("采购订单", ("purch_ord", None)),
        ("数量", ("purch_ord", "qty")),
        ("金额", None),  # an amount of money is no quantity
    ],
)
def test_chinese_words_find_short_forms(said: str, name: tuple[str, str | None] | None) -> None:
    assert found(SHORT, said) == name


def test_names_made_of_known_names() -> None:
    assert in_english("订单日期")[0].words == ("order", "date")
    assert ("customer", "id") in [each.words for each in in_english("客户编号")]
    assert in_english("天气")[0].words == ("weather",)
    assert in_english("利率")[0].words == ("interest", "rate")
    assert in_english("鑫淼") == ()
    assert in_english("客户鑫淼") == ()
    assert in_english("") == ()
    assert in_english("名") == ()  # 三名 counts


def ordered(column: str, way: str) -> str:
    return f"ORDER BY {column} {way}"


@pytest.mark.parametrize(
    ("schema", "text", "part"),
    [
        (HARBOUR, "Who is the youngest pilot?", ordered("pilot.age", "ASC")),
        (HARBOUR, "Who is the oldest pilot?", ordered("pilot.age", "DESC")),
        (HARBOUR, "Who is the oldest pilot?", "SELECT pilot.fname, pilot.lname"),
        (HARBOUR, "Which vessel is the longest?", ordered("vessel.length_m", "DESC")),
        (HARBOUR, "the cheapest vessel", ordered("vessel.price_in_dollars", "ASC")),
        (HARBOUR, "vessels longer than 30 meters", "vessel.length_m > 30"),
        (
            HARBOUR,
            "vessels with a price above 5000 dollars",
            "WHERE vessel.price_in_dollars > 5000",
        ),
        (HARBOUR, "Where is the dock named 'North'?", "SELECT dock.location"),
        (HARBOUR, "When was the vessel named 'Ida' launched?", "SELECT vessel.launch_date"),
        (HARBOUR, "pilots whose age is not above 40", "pilot.age <= 40"),
        (HARBOUR, "docks without vessels", "WHERE NOT dock.dockid IN"),
        (HARBOUR, "pilots ordered by age", ordered("pilot.age", "ASC")),
        (PORT, "最年轻的引航员是谁", ordered('"引航员"."年龄"', "ASC")),
        (PORT, "最年轻的引航员是谁", 'SELECT "引航员"."姓名"'),
        (PORT, "年龄最大的引航员", ordered('"引航员"."年龄"', "DESC")),
        (PORT, "最便宜的船舶", ordered('"船舶"."价格"', "ASC")),
        (PORT, "价格超过5000美元的船舶", '"船舶"."价格" > 5000'),
        (PORT, "有多少艘船舶", "COUNT(*)"),
        (PORT, "没有船舶的引航员", "WHERE NOT"),
        (PORT, "每个国籍有多少名引航员", 'GROUP BY "引航员"."国籍"'),
        (SHOP, "2024年有多少订单", "orders.order_date >= '2024-01-01'"),
        (SHOP, "库存少于10的商品", "products.stock < 10"),
        (SHOP, "每个城市有多少客户", "GROUP BY customers.city"),
        (SHOP, "按城市统计客户数量", "COUNT("),  # not the sum of orders.quantity
        (SHOP, "最贵的三个产品", "ORDER BY products.unit_price DESC LIMIT 3"),
        (SHOP, "没有下过订单的客户", "WHERE NOT customers.customer_id IN"),
        (SHOP, "每月的订单总金额是多少", "SUM(orders.total_amount)"),
        (SHOP, "总金额最高的订单", ordered("orders.total_amount", "DESC")),
    ],
)
def test_measures_units_negation_and_implied_columns(
    schema: DatabaseSchema, text: str, part: str
) -> None:
    assert part in answer(schema, text)
