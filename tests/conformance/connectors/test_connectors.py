"""What every connector does, the same in every database."""

import asyncio
import json
import secrets
from contextlib import suppress
from typing import Any

import pytest

from datus.connectors.base import Connector
from datus.errors import DatabaseError, StatementTimeoutError
from datus.types import Column, DatabaseSchema, ForeignKey, QueryResult, TableSchema

COMMON_WRITES = (
    "INSERT INTO regions VALUES (9, 'x', 'x')",
    "UPDATE regions SET name = 'x'",
    "DELETE FROM line_returns",
    "CREATE TABLE made (id INTEGER)",
    "CREATE VIEW made AS SELECT 1 AS id",
    "DROP TABLE line_returns",
    "DROP VIEW north",
    "ALTER TABLE regions ADD COLUMN more INTEGER",
    "CREATE INDEX made ON regions (name)",
    "SELECT 1; DELETE FROM line_returns",
)


async def run(connector: Connector, sql: str, max_rows: int = 100, **caps: Any) -> QueryResult:
    return await connector.execute(sql, max_rows=max_rows, timeout_s=20, **caps)


def table(schema: DatabaseSchema, name: str) -> TableSchema:
    return next(item for item in schema.tables if item.name == name)


def kinds(item: TableSchema) -> dict[str, str]:
    return {column.name: column.kind for column in item.columns}


async def until_gone(backend: Any, marker: str) -> int:
    for _ in range(20):
        if not backend.running(marker):
            return 0
        await asyncio.sleep(0.05)
    return int(backend.running(marker))


class TestIntrospection:
    async def test_names_tables_views_and_itself(self, connector: Connector) -> None:
        schema = await connector.introspect()
        assert schema.dialect == connector.dialect
        assert schema.database == connector.database == "shop"
        assert schema.default_schema
        assert {item.name: item.is_view for item in schema.tables} == {
            "regions": False,
            "客户": False,
            "order_lines": False,
            "line_returns": False,
            "samples": False,
            "items": False,
            "north": True,
        }
        assert all(item.schema is None for item in schema.tables)

    async def test_columns_mean_the_same(self, connector: Connector) -> None:
        schema = await connector.introspect()
        found = kinds(table(schema, "samples"))
        # MariaDB keeps JSON as text and says so.
        assert found.pop("doc") == ("text" if connector.dialect == "mysql" else "json")
        assert found == {
            "id": "integer",
            "big": "integer",
            "exact": "number",
            "approx": "number",
            "words": "text",
            "day": "date",
            "moment": "datetime",
            "clock": "time",
            "flag": "boolean",
            "raw": "binary",
        }
        assert kinds(table(schema, "north")) == {"id": "integer", "name": "text"}
        nullable = {column.name: column.nullable for column in table(schema, "regions").columns}
        assert nullable == {"id": False, "name": False, "note": True}

    async def test_keys(self, connector: Connector) -> None:
        schema = await connector.introspect()
        assert table(schema, "regions").primary_key == ("id",)
        assert table(schema, "order_lines").primary_key == ("order_id", "line_no")
        assert table(schema, "客户").foreign_keys == (
            ForeignKey(("region_id",), "regions", ("id",)),
        )
        assert table(schema, "line_returns").foreign_keys == (
            ForeignKey(("order_id", "line_no"), "order_lines", ("order_id", "line_no")),
        )

    async def test_comments(self, backend: Any, connector: Connector) -> None:
        if not backend.comments:
            pytest.skip("the engine has no comments")
        regions = table(await connector.introspect(), "regions")
        assert regions.comment == "销售地区"
        assert [column.comment for column in regions.columns] == ["", "Name of the region", ""]

    async def test_row_estimates(self, connector: Connector) -> None:
        schema = await connector.introspect()
        estimate = table(schema, "items").row_estimate
        assert estimate is not None
        assert 4_000 <= estimate <= 6_000
        assert table(schema, "north").row_estimate is None


class TestDistinctValues:
    async def test_most_frequent_first(self, connector: Connector) -> None:
        items = table(await connector.introspect(), "items")
        column = next(item for item in items.columns if item.name == "label")
        values = await connector.distinct_values(items, column, limit=3)
        assert len(values) == 3
        assert [count for _, count in values] == [715, 715, 714]
        assert {text for text, _ in values} <= {f"item {n}" for n in range(7)}

    async def test_leaves_out_null_and_empty(self, connector: Connector) -> None:
        regions = table(await connector.introspect(), "regions")
        note = next(item for item in regions.columns if item.name == "note")
        assert await connector.distinct_values(regions, note, limit=10) == (("cold", 1),)

    async def test_chinese(self, connector: Connector) -> None:
        customers = table(await connector.introspect(), "客户")
        name = next(item for item in customers.columns if item.name == "姓名")
        values = await connector.distinct_values(customers, name, limit=10)
        assert set(values) == {("张三", 1), ("李四", 1), ("Ann", 1)}

    async def test_names_are_quoted(self, connector: Connector) -> None:
        odd = TableSchema('a"b`c; DROP', (Column('x"`', "TEXT", "text"),))
        with pytest.raises(DatabaseError):
            await connector.distinct_values(odd, odd.columns[0], limit=1)


class TestValues:
    async def test_every_type(self, backend: Any, connector: Connector) -> None:
        result = await run(connector, "SELECT * FROM samples WHERE id = 1")
        values = dict(zip((column.name for column in result.columns), result.rows[0], strict=True))
        json.dumps(values, allow_nan=False)
        inexact = backend.dialect == "sqlite"  # has no decimals
        assert values.pop("exact") == (0.125 if inexact else "12345678901234567890.1250")
        doc = values.pop("doc")
        assert (json.loads(doc) if isinstance(doc, str) else doc) == {"a": [1, 2.5]}
        assert values == {
            "id": 1,
            "big": 9223372036854775807,
            "approx": 0.1,
            "words": "naïve 数据",
            "day": "2024-02-29",
            "moment": "2024-02-29T13:14:15.500000",
            "clock": "10:30:00",
            "flag": True,
            "raw": "AP8=",
        }
        assert [type(values[name]) for name in ("id", "big")] == [int, int]

    async def test_every_null(self, connector: Connector) -> None:
        result = await run(connector, "SELECT * FROM samples WHERE id = 2")
        assert result.rows == ((2, *[None] * 10),)

    async def test_column_kinds(self, backend: Any, connector: Connector) -> None:
        result = await run(
            connector, "SELECT id, exact, words, day, moment, clock, raw FROM samples WHERE id = 1"
        )
        said = ["integer", "number", "text", "date", "datetime", "time", "binary"]
        kept = ["integer", "number", "text", "text", "text", "text", "binary"]  # what SQLite stores
        expected = kept if backend.dialect == "sqlite" else said
        assert [column.type for column in result.columns] == expected

    async def test_sums_are_numbers(self, connector: Connector) -> None:
        result = await run(
            connector, "SELECT sum(order_id), sum(amount), count(*), avg(line_no) FROM order_lines"
        )
        assert result.rows[0][0] == 4
        assert result.rows[0][1] == pytest.approx(100010.59)
        assert result.rows[0][2] == 3
        assert float(result.rows[0][3]) == pytest.approx(4 / 3, abs=1e-4)

    async def test_chinese_names_and_values(self, backend: Any, connector: Connector) -> None:
        q = backend.quote
        result = await run(
            connector,
            f"SELECT {q}姓名{q} AS {q}客户姓名{q} FROM {q}客户{q} WHERE {q}姓名{q} = '张三'",
        )
        assert [column.name for column in result.columns] == ["客户姓名"]
        assert result.rows == (("张三",),)

    async def test_same_name_twice(self, connector: Connector) -> None:
        result = await run(connector, "SELECT id, name AS id, id FROM regions WHERE id = 1")
        assert [column.name for column in result.columns] == ["id", "id_2", "id_3"]
        assert result.rows == ((1, "North", 1),)

    async def test_empty_result_keeps_its_columns(self, connector: Connector) -> None:
        result = await run(connector, "SELECT id, name FROM regions WHERE id > 99")
        assert [column.name for column in result.columns] == ["id", "name"]
        assert result.rows == ()
        assert not result.truncated

    async def test_percent_signs_are_text(self, connector: Connector) -> None:
        result = await run(
            connector, "SELECT name FROM regions WHERE name LIKE '%d%' OR name LIKE 'N%'"
        )
        assert result.rows == (("North",),)


class TestCaps:
    async def test_row_cap(self, connector: Connector) -> None:
        result = await run(connector, "SELECT id FROM items ORDER BY id", max_rows=1_000)
        assert [row[0] for row in result.rows] == list(range(1, 1_001))
        assert result.truncated

    async def test_exactly_the_cap_is_not_truncated(self, connector: Connector) -> None:
        result = await run(connector, "SELECT id FROM items ORDER BY id LIMIT 50", max_rows=50)
        assert len(result.rows) == 50
        assert not result.truncated

    async def test_all_rows_in_order(self, connector: Connector) -> None:
        result = await run(connector, "SELECT id FROM items ORDER BY id DESC", max_rows=10_000)
        assert [row[0] for row in result.rows] == list(range(5_000, 0, -1))
        assert not result.truncated

    async def test_byte_cap(self, connector: Connector) -> None:
        result = await run(
            connector, "SELECT id, label FROM items", max_rows=5_000, max_bytes=10_000
        )
        assert (result.truncated, result.truncated_by) == (True, "bytes")
        objects = [{"id": id, "label": label} for id, label in result.rows]
        assert 8_500 < len(json.dumps(objects, separators=(",", ":"))) <= 10_000

    async def test_never_fetches_everything(self, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        # 125 billion rows: reading on after the cap would not end within the timeout.
        sql = "SELECT a.id FROM items a, items b, items c"
        for _ in range(3):
            result = await connector.execute(sql, max_rows=10, timeout_s=5)
            assert len(result.rows) == 10
            assert result.truncated


class TestStopping:
    async def test_timeout_stops_the_statement(self, backend: Any, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        marker = f"m{secrets.token_hex(6)}"
        with pytest.raises(StatementTimeoutError, match=r"longer than 0\.4 s on ns/shop"):
            await connector.execute(
                backend.endless.format(marker=marker), max_rows=1, timeout_s=0.4
            )
        assert await until_gone(backend, marker) == 0
        assert (await run(connector, "SELECT count(*) FROM regions")).rows == ((3,),)

    async def test_cancel_stops_the_statement_first(
        self, backend: Any, open_connector: Any
    ) -> None:
        connector = open_connector(max_connections=1)
        marker = f"m{secrets.token_hex(6)}"
        sql = backend.endless.format(marker=marker)
        task = asyncio.create_task(connector.execute(sql, max_rows=1, timeout_s=60))
        await asyncio.sleep(0.3)
        assert not task.done()
        if backend.dialect in ("postgresql", "mysql"):
            assert backend.running(marker) == 1
        task.cancel()
        await asyncio.wait({task}, timeout=3)
        assert task.cancelled()
        assert await until_gone(backend, marker) == 0
        assert (await run(connector, "SELECT count(*) FROM regions")).rows == ((3,),)

    async def test_cancel_while_waiting_for_a_connection(
        self, backend: Any, open_connector: Any
    ) -> None:
        connector = open_connector(max_connections=1)
        sql = backend.endless.format(marker="waits")
        first = asyncio.create_task(connector.execute(sql, max_rows=1, timeout_s=60))
        second = asyncio.create_task(connector.execute(sql, max_rows=1, timeout_s=60))
        await asyncio.sleep(0.2)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert not first.done()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await connector.ping()

    async def test_a_stop_never_hits_another_statement(
        self, backend: Any, open_connector: Any
    ) -> None:
        connector = open_connector(max_connections=2)
        sql = backend.endless.format(marker="stopped")

        async def stopped() -> None:
            task = asyncio.create_task(connector.execute(sql, max_rows=1, timeout_s=60))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        async def kept() -> None:
            for _ in range(20):
                result = await run(connector, "SELECT id FROM items", max_rows=10_000)
                assert len(result.rows) == 5_000

        async def stop_often() -> None:
            for _ in range(5):
                await stopped()

        await asyncio.gather(kept(), stop_often())


class TestReadOnly:
    async def test_nothing_is_written(self, backend: Any, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        before = await connector.introspect()
        for statement in COMMON_WRITES + backend.writes:
            with pytest.raises(DatabaseError):
                await run(connector, statement)
            # What went wrong leaves nothing behind on the connection either.
            with pytest.raises(DatabaseError):
                await run(connector, COMMON_WRITES[0])
            rows = await run(connector, "SELECT id, name FROM regions ORDER BY id")
            assert rows.rows == ((1, "North"), (2, "South"), (3, "华东")), statement
        after = await connector.introspect()
        assert after == before
        assert backend.admin("SELECT count(*) FROM line_returns") in ([(1,)], ((1,),))


class TestPlanning:
    async def test_a_query_is_planned_and_not_run(self, backend: Any, connector: Connector) -> None:
        await connector.explain(backend.endless.format(marker="planned"), timeout_s=5)
        await connector.explain(
            "SELECT name FROM regions WHERE name LIKE '%d%' ORDER BY 1 LIMIT 3", timeout_s=5
        )

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT nothing FROM regions",
            "SELECT id FROM regions WHERE count(*) > 1",
            "SELECT no_such_function(id) FROM regions",
            "SELECT id FROM regions JOIN order_lines ON",
            "SELECT id FROM regions WHERE name =",
            "SELECT id FROM items AS a JOIN regions AS b ON a.id = b.id",
        ],
    )
    async def test_what_the_engine_would_refuse_is_refused(
        self, connector: Connector, sql: str
    ) -> None:
        with pytest.raises(DatabaseError) as caught:
            await connector.explain(sql, timeout_s=5)
        assert caught.value.code == "database_error"
        assert (await run(connector, "SELECT count(*) FROM regions")).rows == ((3,),)

    async def test_nothing_is_written_or_run(self, backend: Any, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        before = await connector.introspect()
        hidden = ("ANALYZE SELECT 1", "SELECT 1; DELETE FROM line_returns", "SELECT 1; COMMIT")
        for statement in COMMON_WRITES + backend.writes + hidden:
            with suppress(DatabaseError):  # some engines plan a write; none does it
                await connector.explain(statement, timeout_s=5)
            rows = await run(connector, "SELECT id, name FROM regions ORDER BY id")
            assert rows.rows == ((1, "North"), (2, "South"), (3, "华东")), statement
        for statement in hidden:
            with pytest.raises(DatabaseError):
                await connector.explain(statement, timeout_s=5)
        assert await connector.introspect() == before
        assert backend.admin("SELECT count(*) FROM line_returns") in ([(1,)], ((1,),))


class TestErrors:
    async def test_the_databases_own_words(self, connector: Connector) -> None:
        with pytest.raises(DatabaseError, match="nowhere") as caught:
            await run(connector, "SELECT id FROM nowhere")
        assert caught.value.code == "database_error"
        with pytest.raises(DatabaseError):
            await run(connector, "SELECT FROM WHERE")

    async def test_a_failed_statement_leaves_no_trace(self, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        for _ in range(5):
            with pytest.raises(DatabaseError):
                await run(connector, "SELECT nothing FROM regions")
            assert (await run(connector, "SELECT count(*) FROM regions")).rows == ((3,),)


class TestConnections:
    async def test_many_at_once(self, connector: Connector) -> None:
        results = await asyncio.gather(
            *(run(connector, f"SELECT {n} AS n, count(*) FROM regions") for n in range(200))
        )
        assert [result.rows for result in results] == [((n, 3),) for n in range(200)]

    async def test_dead_connections_are_replaced(self, backend: Any, connector: Connector) -> None:
        await asyncio.gather(*(run(connector, "SELECT id FROM items") for _ in range(4)))
        backend.sever()
        results = await asyncio.gather(
            *(run(connector, "SELECT id FROM regions") for _ in range(4))
        )
        assert all(len(result.rows) == 3 for result in results)

    async def test_introspection_uses_no_connection_up(self, open_connector: Any) -> None:
        connector = open_connector(max_connections=1)
        first = await connector.introspect()
        await connector.ping()
        assert await connector.introspect() == first

    async def test_closed_is_said(self, connector: Connector) -> None:
        await connector.ping()
        await connector.close()
        with pytest.raises(DatabaseError, match="closed"):
            await run(connector, "SELECT 1")

    async def test_the_event_loop_stays_free(self, backend: Any, connector: Connector) -> None:
        sql = backend.endless.format(marker="free")
        task = asyncio.create_task(connector.execute(sql, max_rows=1, timeout_s=0.5))
        clock = asyncio.get_running_loop().time
        longest = 0.0
        while not task.done():
            start = clock()
            await asyncio.sleep(0.005)
            longest = max(longest, clock() - start)
        assert longest < 0.25
        with pytest.raises(StatementTimeoutError):
            await task
