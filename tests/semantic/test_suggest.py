"""Proposed metrics: valid as they stand, run on every engine, say why, and leave out what would be wrong."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest
import yaml
from sqlglot import exp

from datus.demo.schema import TABLES
from datus.semantic import SemanticLayer, read_definitions
from datus.semantic.suggest import suggest
from datus.sql.dialects import sqlglot_name
from datus.sql.guard import check
from datus.types import (
    Column,
    DatabaseSchema,
    Dialect,
    ForeignKey,
    MetricFilter,
    MetricQuery,
    ReferenceSql,
    TableSchema,
    TypeKind,
)

NAME = f"datus_suggest_{os.getpid()}"
"""On the servers: a name of its own for each process that tests, for several may at once."""
TYPES: dict[TypeKind, str] = {
    "integer": "INTEGER", "number": "DOUBLE PRECISION", "text": "VARCHAR(60)", "date": "DATE",
    "datetime": "TIMESTAMP", "boolean": "BOOLEAN",
}  # fmt: skip


def table(
    name: str,
    *columns: str,
    key: tuple[str, ...] | str = (),
    to: Mapping[str, str] | None = None,
    comments: Mapping[str, str] | None = None,
    **rest: Any,
) -> TableSchema:
    """Columns as ``name:kind``, integers without a kind; ``to`` has ``column: "table.column"``."""
    said = comments or {}
    made = []
    for each in columns:
        column, _, kind = each.partition(":")
        declared: TypeKind = kind or "integer"  # type: ignore[assignment]
        made.append(Column(column, TYPES[declared], declared, True, said.get(column, "")))
    keys = []
    for column, target in (to or {}).items():
        other, ref = target.rsplit(".", 1)
        keys.append(ForeignKey((column,), other, (ref,)))
    primary = (key,) if isinstance(key, str) else key
    return TableSchema(
        name, tuple(made), primary_key=primary, foreign_keys=tuple(keys), comment=said.get("", ""), **rest
    )  # fmt: skip


def schema(*tables: TableSchema, dialect: Dialect = "duckdb") -> DatabaseSchema:
    default = {"postgresql": NAME, "duckdb": "main"}.get(dialect)
    return DatabaseSchema(dialect, NAME, tables, default_schema=default)


def proposal(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Models and metrics by name, after the reader and MetricFlow's validator took the file."""
    data = yaml.safe_load(text)
    if data["metrics"]:
        read_definitions({"proposed.yml": text})
    models = {each["name"]: each for each in data["semantic_models"]}
    return models, {each["name"]: each for each in data["metrics"]}


def named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in items}


def why(text: str, name: str) -> str:
    """The comment above a model or metric, on one line."""
    lines = text.splitlines()
    at = lines.index(f"  - name: {name}")
    first = at
    while lines[first - 1].startswith("  #"):
        first -= 1
    return " ".join(line.strip(" #") for line in lines[first:at])


CINEMA = (
    table(
        "cinema",
        "id", "town:text", "seats", "opened_on:date", "zip_code", "phone_no:text", "latitude:number",
        key="id",
        comments={"": "cinemas, houses | 影院、电影院", "town": "town, city | 城市；所在城市"},
    ),
    table("film", "id", "title:text", "year", "length_minutes", "rating:number", key="id"),
    table(
        "screening",
        "id", "cinema_id", "film_id", "shown_at:datetime", "updated_at:datetime", "tickets_sold",
        "ticket_price:number", "is_premiere", "format:text",
        key="id",
        to={"cinema_id": "cinema.id", "film_id": "film.id"},
    ),
    table(
        "screening_line",
        "screening_id", "line_no", "snack:text", "takings:number",
        key=("screening_id", "line_no"),
        to={"screening_id": "screening.id"},
        comments={"takings": "takings, snack revenue | 零食收入；单位：元"},
    ),
    table("film_actor", "film_id", "actor_id", key=("film_id", "actor_id"), to={"film_id": "film.id"}),
    table("busiest", "cinema_id", "tickets", is_view=True),
)  # fmt: skip


def ask(question: str, sql: str, **rest: Any) -> ReferenceSql:
    return ReferenceSql(question, sql, **rest)


def test_a_table_with_a_date_gets_a_count_and_figures_by_the_cues_of_names() -> None:
    text = suggest(schema(*CINEMA), ())
    models, metrics = proposal(text)
    measures = {
        each["name"]: (each["agg"], each["expr"]) for each in models["screening"]["measures"]
    }
    assert measures == {
        "screening_count": ("count", "1"),
        "total_tickets_sold": ("sum", "tickets_sold"),
        "average_ticket_price": ("average", "ticket_price"),
    }
    assert models["screening"]["defaults"]["agg_time_dimension"] == "shown_at"
    assert "counts the rows of screening" in why(text, "screening_count")
    assert '"price": a level' in why(text, "average_ticket_price")
    assert set(measures) < set(metrics)


def test_keys_codes_places_and_numbers_that_name_are_no_measures() -> None:
    models, metrics = proposal(suggest(schema(*CINEMA), ()))
    assert [each["name"] for each in models["cinema"]["measures"]] == [
        "cinema_count",
        "total_seats",
    ]
    dimensions = named(models["cinema"]["dimensions"])
    assert set(dimensions) == {"town", "opened_on", "zip_code"}
    assert dimensions["zip_code"]["type"] == "categorical"
    assert "is_premiere" in named(models["screening"]["dimensions"])
    assert not any("latitude" in name or "phone" in name for name in metrics)


def test_comments_become_labels_and_synonyms_in_both_languages() -> None:
    models, metrics = proposal(suggest(schema(*CINEMA), ()))
    town = named(models["cinema"]["dimensions"])["town"]
    assert town["label"] == "Town"
    assert town["config"]["meta"]["synonyms"] == ["city", "城市"]
    assert "影院数量" in metrics["cinema_count"]["config"]["meta"]["synonyms"]
    takings = metrics["total_takings"]
    assert takings["label"] == "Takings"
    assert {"snack revenue", "零食收入", "total takings"} <= set(
        takings["config"]["meta"]["synonyms"]
    )


def test_keys_become_entities_and_a_part_has_the_time_of_its_whole() -> None:
    text = suggest(schema(*CINEMA), ())
    models, _ = proposal(text)
    assert [(e["name"], e["type"], e["expr"]) for e in models["screening"]["entities"]] == [
        ("screening", "primary", "id"),
        ("cinema", "foreign", "cinema_id"),
        ("film", "foreign", "film_id"),
    ]
    line = models["screening_line"]
    assert line["primary_entity"] == "screening_line"
    assert [each["name"] for each in line["entities"]] == ["screening"]
    assert line["defaults"]["agg_time_dimension"] == "shown_at"
    assert "no date of its own; time is shown_at of the row of screening" in why(
        text, "screening_line"
    )
    assert "line_no" not in named(line["dimensions"])


def test_what_cannot_be_a_metric_is_left_out_with_the_reason() -> None:
    references = [ask("How many films are there?", "SELECT count(*) FROM film")]
    text = suggest(schema(*CINEMA), references)
    models, metrics = proposal(text)
    assert "left out: busiest: a view" in text
    assert (
        "left out: metrics of film: it has no date column; 1 reference query would use one" in text
    )
    assert "left out: metrics of film_actor" in text
    assert "measures" not in models["film"]
    assert {"title", "film_year"} <= set(named(models["film"]["dimensions"]))  # "year" is a grain
    assert "film_count" not in metrics


def test_without_any_date_there_is_no_metric_and_the_file_says_so() -> None:
    text = suggest(schema(table("film", "id", "title:text", "released_date:text", key="id")), ())
    assert yaml.safe_load(text) == {"semantic_models": [], "metrics": []}
    assert "released_date may hold dates as text" in text


def test_sqlite_keeps_dates_as_text() -> None:
    film = table("film", "id", "released_date:text", "created_at:text", key="id")
    text = suggest(schema(film, dialect="sqlite"), ())
    models, _ = proposal(text)
    assert models["film"]["defaults"]["agg_time_dimension"] == "created_at"
    assert "created_at, a text: right only where it begins like 2024-01-31" in why(text, "film")


def test_a_birth_date_is_no_time_of_a_table_and_an_update_is_the_last_resort() -> None:
    person = table("person", "id", "birth_date:date", "名字:text", key="id")
    parcel = table(
        "parcel", "id", "updated_at:datetime", "due_date:date", "parcel_date:date", key="id"
    )
    models, metrics = proposal(suggest(schema(person, parcel), ()))
    assert "person_count" not in metrics
    assert models["parcel"]["defaults"]["agg_time_dimension"] == "parcel_date"


def test_several_keys_to_one_table_are_told_apart_and_all_join() -> None:
    port = table("port", "code:text", "town:text", "built_on:date", key="code")
    voyage = table(
        "voyage", "id", "from_port:text", "to_port:text", "sailed_on:date",
        key="id", to={"from_port": "port.code", "to_port": "port.code"},
    )  # fmt: skip
    text = suggest(schema(port, voyage), ())
    models, _ = proposal(text)
    assert [each["name"] for each in models["voyage"]["entities"]] == [
        "voyage",
        "from_port",
        "to_port",
    ]
    assert [(e["name"], e["type"]) for e in models["port"]["entities"]] == [
        ("port", "primary"),
        ("from_port", "unique"),
        ("to_port", "unique"),
    ]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE port (code TEXT, town TEXT, built_on DATE)")
        connection.execute(
            "CREATE TABLE voyage (id INT, from_port TEXT, to_port TEXT, sailed_on DATE)"
        )
        connection.execute("INSERT INTO port VALUES ('a', 'Ayr', NULL), ('b', 'Bonn', NULL)")
        connection.execute("INSERT INTO voyage VALUES (1, 'a', 'b', '2024-01-01')")
        layer = SemanticLayer(read_definitions({"proposed.yml": text}))
        query = MetricQuery(("voyage_count",), ("from_port__town", "to_port__town"))
        compiled = layer.compile(query, "duckdb", schema=schema(port, voyage))
        assert connection.execute(compiled.sql).fetchall() == [("Ayr", "Bonn", 1)]


def test_a_key_to_its_own_table_groups_and_a_part_of_a_key_does_not_join() -> None:
    worker = table(
        "worker", "id", "boss_id", "hired_on:date", key="id", to={"boss_id": "worker.id"}
    )
    shift = table("shift", "worker_id", "nr", "day_of:date", key=("worker_id", "nr"),
                  to={"worker_id": "worker.id"})  # fmt: skip
    pay = table("pay", "id", "nr", "paid_on:date", key="id", to={"nr": "shift.nr"})
    text = suggest(schema(worker, shift, pay), ())
    models, _ = proposal(text)
    assert [(e["name"], e["type"]) for e in models["worker"]["entities"]] == [
        ("worker", "primary"),
        ("boss", "foreign"),
    ]
    assert [each["name"] for each in models["pay"]["entities"]] == ["pay"]
    assert "no join by nr to shift: it points to a part of a key" in why(text, "pay")


def test_rows_one_to_one_do_not_share_names_of_dimensions() -> None:
    trip = table("trip", "id", "status:text", "begun_on:date", key="id")
    cost = table(
        "trip_cost", "trip_id", "status:text", "amount", key="trip_id", to={"trip_id": "trip.id"}
    )
    text = suggest(schema(trip, cost), ())
    models, _ = proposal(text)
    assert "trip_cost_status" in named(models["trip_cost"]["dimensions"])
    layer = SemanticLayer(read_definitions({"proposed.yml": text}))
    reached = {each.name: each.dimensions for each in layer.catalogue().metrics}
    assert {"trip__status", "trip__trip_cost_status"} <= set(reached["trip_count"])


SALES = (
    table(
        "客户", "id", "城市:text", "vip:boolean", "加入日期:date", key="id",
        comments={"": "customers | 客户表", "城市": "city, home town | 城市"},
    ),
    table(
        "Order", "Id", "客户id", "Order Date:date", "group:text", "Total Amount:number", "select",
        key="Id", to={"客户id": "客户.id"},
    ),
    table(
        "Order Details", "Id", "OrderId", "qty", "price:number", "kind:text",
        key="Id", to={"OrderId": "Order.Id"},
    ),
)  # fmt: skip
SALES_ROWS = {
    "客户": [(1, "Ayr", True, "2024-01-01"), (2, "Bonn", False, "2024-01-02")],
    "Order": [
        (1, 1, "2024-01-31", "x", 10.5, 1),
        (2, 1, "2024-02-01", "y", 4.5, 2),
        (3, 2, "2024-02-29", None, 6.0, 3),
    ],
    "Order Details": [
        (1, 1, 2, 3.0, "a"),
        (2, 1, 1, 4.5, "it's"),
        (3, 2, 3, 1.5, "a"),
        (4, 3, 4, 1.5, None),
    ],
}
ENGINES: tuple[Dialect, ...] = ("duckdb", "sqlite", "postgresql", "mysql")


def sales_references(dialect: Dialect) -> list[ReferenceSql]:
    """Written with sqlglot, so that every engine gets its own quotes."""
    queries = [
        ("Value of all lines", 'SELECT sum("qty" * "price") AS line_value FROM "Order Details"'),
        ("How many lines of kind it's?", "SELECT count(*) FROM \"Order Details\" WHERE \"kind\" = 'it''s'"),
        (
            "Average order value",
            'SELECT 1.0 * sum(d."qty" * d."price") / count(DISTINCT d."OrderId") AS order_value'
            ' FROM "Order Details" AS d',
        ),
        (
            "VIP orders",
            'SELECT count(*) FROM "Order" AS o JOIN "客户" AS c ON o."客户id" = c."id" WHERE c."vip"',
        ),
    ]  # fmt: skip
    name = sqlglot_name(dialect)
    return [
        ReferenceSql(question, exp.maybe_parse(sql, dialect="postgres").sql(dialect=name))
        for question, sql in queries
    ]


@contextmanager
def filled(
    dialect: Dialect, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """The tables of ``SALES`` in a database; gives what runs a query there."""
    connects = {"duckdb": duckdb.connect, "sqlite": lambda: sqlite3.connect(":memory:")}
    if dialect in ("postgresql", "mysql"):
        connects[dialect] = request.getfixturevalue(f"connect_{dialect}")
    connection = connects[dialect]()
    cursor = connection.cursor()
    quote = "`" if dialect == "mysql" else '"'
    space = "DATABASE" if dialect == "mysql" else "SCHEMA"
    drop = f"DROP {space} IF EXISTS {NAME}" + (" CASCADE" if dialect == "postgresql" else "")
    on_server = dialect in ("postgresql", "mysql")
    if on_server:
        cursor.execute(drop)
        cursor.execute(f"CREATE {space} {NAME}")
        cursor.execute(f"USE {NAME}" if dialect == "mysql" else f"SET search_path TO {NAME}")
    mark = "%s" if on_server else "?"
    for each in SALES:
        columns = ", ".join(f"{quote}{c.name}{quote} {c.type}" for c in each.columns)
        cursor.execute(f"CREATE TABLE {quote}{each.name}{quote} ({columns})")
        marks = ", ".join([mark] * len(each.columns))
        insert = f"INSERT INTO {quote}{each.name}{quote} VALUES ({marks})"
        cursor.executemany(insert, SALES_ROWS[each.name])

    def run(sql: str) -> list[tuple[Any, ...]]:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]

    try:
        yield run
    finally:
        if on_server:
            cursor.execute(drop)
        connection.close()


@pytest.mark.parametrize("dialect", ENGINES)
def test_awkward_names_run_on_every_engine(
    dialect: Dialect, request: pytest.FixtureRequest
) -> None:
    database = schema(*SALES, dialect=dialect)
    text = suggest(database, sales_references(dialect))
    proposal(text)
    layer = SemanticLayer(read_definitions({"proposed.yml": text}))
    layer.check(database)
    with filled(dialect, request) as run:

        def answer(metric: str, *filters: MetricFilter) -> float:
            query = MetricQuery((metric,), filters=filters)
            sql = check(layer.compile(query, dialect, schema=database).sql, database).sql
            [[value]] = run(sql)
            return float(value)

        listed = {metric.name: metric for metric in layer.catalogue().metrics}
        assert {name: answer(name) for name in sorted(listed)} == {
            "average_price": 2.625,
            "customer_count": 2,
            "distinct_order_count": 3,
            "it_s_order_detail_count": 1,
            "line_value": 21.0,
            "order_count": 3,
            "order_detail_count": 4,
            "order_value": 7.0,
            "total_amount": 21.0,
            "total_qty": 10,
            "total_select": 6,
            "vip_order_count": 2,
        }
        city = MetricFilter("customer__city", "=", ("Ayr",))
        assert answer("total_amount", city) == 15.0
        for name, metric in listed.items():
            query = MetricQuery((name,), metric.dimensions, grain="month")
            sql = check(layer.compile(query, dialect, schema=database).sql, database).sql
            assert run(sql)


def cinema_metrics(*references: ReferenceSql) -> dict[str, Any]:
    return proposal(suggest(schema(*CINEMA), references))[1]


def test_figures_of_reference_sql_are_proposed_with_their_questions() -> None:
    metrics = cinema_metrics(
        ask(
            "What did a ticket bring?",
            "SELECT sum(tickets_sold * ticket_price) AS box_office FROM screening",
        ),
        ask(
            "Box office again",
            "SELECT round(sum(s.tickets_sold * s.ticket_price), 2) AS gross FROM screening s",
        ),
        ask("Most tickets", "SELECT max(tickets_sold) FROM screening", area=("film", "sales")),
        ask(
            "First nights that cost more",
            "SELECT sum(is_premiere * tickets_sold) AS costly FROM screening WHERE ticket_price > 9",
        ),
        ask(
            "Where do we play?",
            "SELECT count(DISTINCT cinema_id) AS active_cinemas FROM screening WHERE shown_at >= '2024-01-01'",
        ),
    )
    office = metrics["box_office"]
    assert office["label"] == "Box office"
    assert office["config"]["meta"] == {
        "synonyms": ["gross"],
        "examples": ["What did a ticket bring?", "Box office again"],
    }
    assert metrics["highest_tickets_sold"]["config"]["meta"]["area"] == ["film", "sales"]
    assert "total_of_tickets_sold_and_is_premiere" in metrics
    active = metrics["distinct_cinema_count"]  # a filter on dates is the question's own
    assert "filter" not in active
    assert "active cinemas" in active["config"]["meta"]["synonyms"]


def test_ratios_of_reference_sql() -> None:
    metrics = cinema_metrics(
        ask("a", "SELECT 100.0 * sum(tickets_sold) / NULLIF(count(*), 0) FROM screening"),
        ask(
            "b",
            "SELECT cinema_id, CAST(sum(tickets_sold) AS REAL) / count(id) FROM screening GROUP BY 1",
        ),
        ask(
            "c",
            "SELECT sum(takings) / count(DISTINCT screening_id) AS takings_a_show FROM screening_line",
        ),
    )
    ratio = metrics["total_tickets_sold_per_screening"]
    assert ratio["type"] == "ratio"
    assert ratio["type_params"] == {
        "numerator": {"name": "total_tickets_sold"},
        "denominator": {"name": "screening_count"},
    }
    assert ratio["config"]["meta"]["examples"] == ["a", "b"]
    assert metrics["takings_a_show"]["type_params"]["denominator"] == {
        "name": "distinct_screening_count"
    }


def test_filters_become_metrics_where_they_are_standing_ones() -> None:
    join = "FROM screening JOIN cinema ON screening.cinema_id = cinema.id"
    metrics = cinema_metrics(
        ask("a", "SELECT count(*) FROM screening WHERE format = 'IMAX'"),
        ask("b", "SELECT count(*) FROM screening s WHERE s.format NOT IN ('2D', 'IMAX')"),
        ask("c", "SELECT sum(tickets_sold) FROM screening WHERE is_premiere = 1"),
        ask("d", f"SELECT count(*) {join} WHERE town = 'Ayr'"),
        ask("e", f"SELECT count(*) {join} WHERE town = 'Bonn'"),
        ask("f", f"SELECT town, count(*) AS n {join} WHERE 'Bonn' = town GROUP BY town"),
        ask("g", "SELECT count(*) FROM screening WHERE format = 'x' OR tickets_sold > 5"),
        ask("h", "SELECT count(*) FROM screening WHERE format = 'y' AND updated_at IS NULL"),
        ask("i", "SELECT count(*) FROM screening WHERE format = 'z' AND shown_at > updated_at"),
    )
    filters = {name: each["filter"] for name, each in metrics.items() if "filter" in each}
    assert filters == {
        "imax_screening_count": "{{ Dimension('screening__format') }} = 'IMAX'",
        "not_2d_or_imax_screening_count": "{{ Dimension('screening__format') }} NOT IN ('2D', 'IMAX')",
        "premiere_total_tickets_sold": "{{ Dimension('screening__is_premiere') }} = 1",
        # One town is a question's own; a town that two questions ask for is a figure of the house.
        "bonn_screening_count": "{{ Dimension('cinema__town') }} = 'Bonn'",
    }


@pytest.mark.parametrize(
    "sql",
    [
        # The join gives a screening once for each of its lines, so its figures would count twice.
        "SELECT sum(s.tickets_sold + 1) FROM screening s JOIN screening_line l ON l.screening_id = s.id",
        "SELECT max(tickets_sold) FROM screening, film",
        "SELECT max(a.tickets_sold) FROM screening a JOIN screening b ON a.cinema_id = b.cinema_id",
        "SELECT max(tickets_sold) OVER (ORDER BY id) FROM screening",
        "SELECT max(tickets_sold) FROM (SELECT * FROM screening LIMIT 5) s",
        "WITH screening AS (SELECT 1 AS tickets_sold) SELECT max(tickets_sold) FROM screening",
        "SELECT max(tickets_sold) FILTER (WHERE format = 'x') FROM screening",
        "SELECT max(format) FROM screening",
        "SELECT count(DISTINCT format) FROM cinema c LEFT JOIN screening s ON c.id = s.cinema_id AND s.film_id = 1",
        "SELECT max(unknown) FROM screening",
        "SELECT max(tickets) FROM nothing",
        "SELECT sum(length(format)) FROM screening",
        "SELECT sum(CASE WHEN format = '{{ x }}' THEN 1 ELSE 0 END) FROM screening",
    ],
)
def test_figures_that_are_not_of_one_tables_rows_are_not_taken(sql: str) -> None:
    assert cinema_metrics(ask("Which?", sql)).keys() == cinema_metrics().keys()


def test_texts_of_others_stay_data() -> None:
    evil = "x\n  - name: evil\u2028# - {{ env_var('SECRET') }} '\"\t: yes"
    cinema = table(
        "cinema", "id", "kind:text", "opened_on:date", key="id", comments={"": evil, "kind": evil}
    )
    references = [
        ask(evil, "SELECT count(*) FROM cinema WHERE kind = '{{ env_var(''SECRET'') }}'"),
        ask(evil, "SELECT count(*) FROM cinema WHERE kind = 'a''b: # c'"),
        ask("broken", "SELECT FROM WHERE"),
        ask("of another", "SELECT count(*) FROM cinema WHERE kind = 'z'", database="elsewhere"),
    ]
    text = suggest(schema(cinema, table("it's", "id", "on_date:date")), references)
    models, metrics = proposal(text)
    assert set(models) == {"cinema"}
    filters = [each["filter"] for each in metrics.values() if "filter" in each]
    assert filters == ["{{ Dimension('cinema__kind') }} = 'a''b: # c'"]
    assert "Not used, because it cannot be parsed: 1 reference query." in text
    assert "left out: it's: its name has marks" in text


def test_schemas_and_clashing_names() -> None:
    tables = (
        table("orders", "id", "day:date", "status:text", "x", key="id", schema="main"),
        table("orders", "id", "day:date", "status:date", "x", key="id", schema="old"),
        table("dim_order", "id", "day:date", "orders:text", key="id", schema="main"),
    )
    models, metrics = proposal(suggest(schema(*tables), ()))
    assert [models[name]["model"] for name in ("orders", "old_orders", "dim_order")] == [
        "ref('orders')",
        "source('old', 'orders')",
        "ref('dim_order')",
    ]
    assert len({each["label"] for each in metrics.values()}) == len(metrics)


def test_names_that_mean_something_elsewhere_are_not_used() -> None:
    said = {"是": "yes", "": "null, on"}
    year = table(
        "year", "id", "是:text", "金额:number", "metric_time:date", key="id", comments=said
    )
    nameless = table("销售", "编号", "发生日期:date", key="编号")
    models, metrics = proposal(suggest(schema(year, nameless), ()))
    assert set(models) == {"table_year", "table_2"}
    assert set(named(models["table_year"]["dimensions"])) == {
        "table_year_yes",
        "table_year_metric_time",
    }
    assert {"table_2_count", "table_year_count", "total_column_3"} == set(metrics)


def demo_schema() -> DatabaseSchema:
    kinds: dict[str, TypeKind] = {
        "INTEGER": "integer", "VARCHAR": "text", "DECIMAL": "number", "BOOLEAN": "boolean",
        "DATE": "date", "TIMESTAMP": "datetime",
    }  # fmt: skip
    keys = {each.name: each.columns[0].name for each in TABLES}
    return schema(
        *(
            TableSchema(
                each.name,
                tuple(
                    Column(c.name, c.type, kinds[c.type.split()[0].split("(")[0]], comment=c.comment)
                    for c in each.columns
                ),
                primary_key=(keys[each.name],),
                foreign_keys=tuple(
                    ForeignKey((c.name,), c.references, (keys[c.references],))
                    for c in each.columns
                    if c.references
                ),
                comment=each.comment,
            )
            for each in TABLES
        )
    )  # fmt: skip


def test_the_demo_shop_gets_a_proposal_that_runs() -> None:
    database = demo_schema()
    references = [
        ask(
            "What is the average order value?",
            "SELECT sum(i.amount) / count(DISTINCT o.order_id) AS average_order_value"
            " FROM order_items i JOIN orders o ON i.order_id = o.order_id",
        )
    ]
    text = suggest(database, references)
    assert text == suggest(database, references)
    layer = SemanticLayer(read_definitions({"proposed.yml": text}))
    layer.check(database)
    metrics = {each.name: each for each in layer.catalogue().metrics}
    assert "销售额" in metrics["total_amount"].synonyms
    assert metrics["average_order_value"].kind == "ratio"
    with duckdb.connect() as connection:
        for each in TABLES:
            columns = ", ".join(f"{c.name} {c.type}" for c in each.columns)
            connection.execute(f"CREATE TABLE {each.name} ({columns})")
        for name in metrics:
            sql = layer.compile(MetricQuery((name,), grain="month"), "duckdb", schema=database).sql
            assert connection.execute(check(sql, database).sql).fetchall() == []
