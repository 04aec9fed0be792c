"""The four databases with the same schema and data, in real engines."""

import os
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest
from psycopg import sql

from datus.config import DatabaseConfig
from datus.connectors.base import Connector
from datus.connectors.registry import OPENERS
from datus.types import Dialect

ITEMS = 5_000

DDL = (
    "CREATE TABLE regions (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, note {text})",
    "CREATE TABLE {q}客户{q} ({q}编号{q} INTEGER NOT NULL PRIMARY KEY, {q}姓名{q} VARCHAR(40), "
    "region_id INTEGER, FOREIGN KEY (region_id) REFERENCES regions (id))",
    "CREATE TABLE order_lines (order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, amount DECIMAL(12,2), "
    "PRIMARY KEY (order_id, line_no))",
    "CREATE TABLE line_returns (return_id INTEGER NOT NULL PRIMARY KEY, order_id INTEGER, line_no INTEGER, "
    "FOREIGN KEY (order_id, line_no) REFERENCES order_lines (order_id, line_no))",
    "CREATE TABLE samples (id INTEGER NOT NULL PRIMARY KEY, big BIGINT, exact DECIMAL(30,4), approx {double}, "
    "words VARCHAR(40), day DATE, moment {timestamp}, clock TIME, flag BOOLEAN, raw {blob}, doc {json})",
    "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, label VARCHAR(40))",
    "CREATE VIEW north AS SELECT id, name FROM regions WHERE name = 'North'",
)
DATA = (
    "INSERT INTO regions VALUES (1, 'North', 'cold'), (2, 'South', NULL), (3, '华东', '')",
    "INSERT INTO {q}客户{q} VALUES (1, '张三', 3), (2, '李四', 3), (3, 'Ann', 1)",
    "INSERT INTO order_lines VALUES (1, 1, 10.50), (1, 2, 0.10), (2, 1, 99999.99)",
    "INSERT INTO line_returns VALUES (1, 1, 2)",
    "INSERT INTO samples VALUES (1, 9223372036854775807, {exact}, 0.1, "
    "'naïve 数据', {date}, {moment}, {clock}, {true}, {bytes}, '{{\"a\": [1, 2.5]}}')",
    "INSERT INTO samples (id) VALUES (2)",
)


class Backend(ABC):
    """One engine: its own words for the suite, and a door past the connector to look behind it."""

    dialect: Dialect
    quote = '"'
    words: dict[str, str]
    endless: str
    """A query that never ends within a test; ``{marker}`` is a text to find it by."""
    writes: tuple[str, ...]
    """Statements beyond the common ones that must not pass."""
    comments = True

    config: DatabaseConfig

    @abstractmethod
    def admin(self, statement: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def sever(self) -> None:
        """Take the connector's idle connections away, as a restarted server or a new file does."""

    @abstractmethod
    def drop(self) -> None: ...

    def locked(self) -> AbstractContextManager[object]:
        """Another connection has the table ``items`` to itself."""
        pytest.skip("The file is open read-only, so nothing in it is ever locked.")

    def connections(self) -> int:
        """The connector's, on the server."""
        return 0

    def running(self, marker: str) -> int:
        """Statements with the marker that the server still runs; engines on a file run none unseen."""
        return 0

    def load(self) -> None:
        for statement in DDL + DATA:
            self.admin(statement.format(q=self.quote, **self.words))
        rows = ", ".join(f"({n}, 'item {n % 7}')" for n in range(1, ITEMS + 1))
        self.admin(f"INSERT INTO items VALUES {rows}")


_COMMON = {
    "text": "TEXT",
    "double": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "blob": "BLOB",
    "json": "JSON",
    "exact": "12345678901234567890.1250",
    "date": "DATE '2024-02-29'",
    "moment": "TIMESTAMP '2024-02-29 13:14:15.5'",
    "clock": "TIME '10:30:00'",
    "true": "TRUE",
    "bytes": "x'00ff'",
}


class SqliteBackend(Backend):
    dialect = "sqlite"
    words = _COMMON | {
        "exact": "0.125",
        "date": "'2024-02-29'",
        "moment": "'2024-02-29T13:14:15.500000'",
        "clock": "'10:30:00'",
    }
    endless = (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
        "SELECT count(*) AS {marker} FROM r"
    )
    writes = (
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "ATTACH DATABASE 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "REPLACE INTO regions VALUES (9, 'x', 'x')",
        "SELECT load_extension('x')",
        "BEGIN IMMEDIATE",
        "CREATE TEMP TABLE regions AS SELECT 1 AS id",
        "ANALYZE",
        "REINDEX",
    )
    comments = False

    def __init__(self, folder: Path) -> None:
        assert folder.is_dir()
        self.path = folder / "shop.db"
        self.config = DatabaseConfig("shop", "sqlite", self.path)

    def admin(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def sever(self) -> None:
        replacement = self.path.with_suffix(".new")
        replacement.write_bytes(self.path.read_bytes())
        os.replace(replacement, self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.path)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    def drop(self) -> None:
        self.path.unlink()


class DuckdbBackend(Backend):
    dialect = "duckdb"
    words = _COMMON | {"bytes": "'\\x00\\xFF'::BLOB"}
    endless = (
        "SELECT count(*) AS {marker} FROM range(10000000) AS a(x), range(10000000) AS b(y) "
        "WHERE a.x * b.y % 7 = 3"
    )
    writes = (
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "ATTACH 'other.duckdb' AS other",
        "COPY regions TO 'regions.csv'",
        "EXPORT DATABASE 'folder'",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('/etc/hostname')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "WITH w AS (INSERT INTO regions VALUES (9, 'x', 'x') RETURNING id) SELECT * FROM w",
        "CREATE TEMP TABLE regions AS SELECT 1 AS id",
        "PRAGMA version",
    )

    def __init__(self, folder: Path) -> None:
        self.path = folder / "shop.duckdb"
        self.config = DatabaseConfig("shop", "duckdb", self.path)
        self._open = duckdb.connect(str(self.path))

    def admin(self, statement: str) -> list[tuple[Any, ...]]:
        """Through the loading connection, later through one that looks in read-only beside datus."""
        return self._open.execute(statement).fetchall()

    def load(self) -> None:
        super().load()
        self.admin("COMMENT ON TABLE regions IS '销售地区'")
        self.admin("COMMENT ON COLUMN regions.name IS 'Name of the region'")
        self._open.close()
        self._open = duckdb.connect(":memory:")
        self.admin(f"ATTACH '{self.path}' AS shop (READ_ONLY)")
        self.admin("USE shop")

    def sever(self) -> None:
        replacement = self.path.with_suffix(".new")
        replacement.write_bytes(self.path.read_bytes())
        os.replace(replacement, self.path)

    def drop(self) -> None:
        self._open.close()


class PostgresqlBackend(Backend):
    dialect = "postgresql"
    words = _COMMON | {
        "double": "DOUBLE PRECISION",
        "blob": "BYTEA",
        "json": "JSONB",
        "bytes": "'\\x00ff'",
    }
    endless = "SELECT count(*) AS {marker} FROM generate_series(1, 100000000000) AS g"
    writes = (
        "SET default_transaction_read_only = off",
        "SET transaction_read_only = off",
        "COMMIT",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT 1; COMMIT; INSERT INTO regions VALUES (9, 'x', 'x')",
        "COPY regions TO PROGRAM 'cat'",
        "WITH w AS (INSERT INTO regions VALUES (9, 'x', 'x') RETURNING id) SELECT * FROM w",
        "SELECT * INTO copied FROM regions",
        "CREATE TEMP TABLE regions AS SELECT 1 AS id",
        "SELECT id FROM regions FOR UPDATE",
        "DO $$ BEGIN DELETE FROM regions; END $$",
        "VACUUM",
    )

    def __init__(self) -> None:
        self.name = f"datus_test_{secrets.token_hex(4)}"
        self.config = DatabaseConfig(
            "shop",
            "postgresql",
            host="127.0.0.1",
            port=5432,
            username="postgres",
            database=self.name,
        )
        self._server(f"CREATE DATABASE {self.name}")
        self._open = psycopg.connect(
            host="127.0.0.1", user="postgres", dbname=self.name, autocommit=True
        )

    @staticmethod
    def _server(statement: str) -> None:
        connection = psycopg.connect(
            host="127.0.0.1", user="postgres", dbname="postgres", connect_timeout=3, autocommit=True
        )
        with connection:
            connection.execute(statement)

    def admin(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._open.execute(sql.SQL(statement))
        return cursor.fetchall() if cursor.description else []

    def load(self) -> None:
        super().load()
        self.admin("COMMENT ON TABLE regions IS '销售地区'")
        self.admin("COMMENT ON COLUMN regions.name IS 'Name of the region'")
        self.admin("ANALYZE")

    @contextmanager
    def locked(self) -> Iterator[None]:
        with psycopg.connect(host="127.0.0.1", user="postgres", dbname=self.name) as other:
            other.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
            yield

    def connections(self) -> int:
        [(count,)] = self.admin(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'datus'"
        )
        return int(count)

    def running(self, marker: str) -> int:
        # A statement behind a cursor shows as FETCH, without the marker.
        [(count,)] = self.admin(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
            "AND datname = current_database() AND application_name = 'datus'"
        )
        return int(count)

    def sever(self) -> None:
        self.admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'datus'"
        )

    def drop(self) -> None:
        self._open.close()
        self._server(f"DROP DATABASE {self.name} WITH (FORCE)")


class MysqlBackend(Backend):
    dialect = "mysql"
    quote = "`"
    words = _COMMON | {"timestamp": "DATETIME(6)"}
    endless = (
        "SELECT count(*) AS {marker} FROM items a, items b, items c, items d "
        "WHERE a.id + b.id + c.id + d.id < 0"
    )
    writes = (
        "SET SESSION TRANSACTION READ WRITE",
        "COMMIT",
        "SELECT 1; COMMIT; INSERT INTO regions VALUES (9, 'x', 'x')",
        "REPLACE INTO regions VALUES (9, 'x', 'x')",
        "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE regions",
        "TRUNCATE TABLE regions",
        "SELECT id FROM regions INTO @id",
        "CREATE TEMPORARY TABLE regions AS SELECT 1 AS id",
        "RENAME TABLE regions TO gone",
        "CALL mysql.nothing()",
    )

    def __init__(self) -> None:
        self.name = f"datus_test_{secrets.token_hex(4)}"
        self.config = DatabaseConfig(
            "shop", "mysql", host="127.0.0.1", port=3306, username="root", database=self.name
        )
        self._open = pymysql.connect(
            host="127.0.0.1", user="root", autocommit=True, connect_timeout=3
        )
        self.admin(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.admin(f"USE {self.name}")

    def admin(self, statement: str) -> list[tuple[Any, ...]]:
        with self._open.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def load(self) -> None:
        super().load()
        self.admin("ALTER TABLE regions COMMENT = '销售地区'")
        self.admin(
            "ALTER TABLE regions MODIFY name VARCHAR(40) NOT NULL COMMENT 'Name of the region'"
        )
        self.admin("ANALYZE TABLE items")

    def _processes(self) -> list[tuple[Any, ...]]:
        return self.admin(
            "SELECT id, coalesce(info, '') FROM information_schema.processlist "
            f"WHERE db = '{self.name}' AND id <> connection_id()"
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        other = pymysql.connect(host="127.0.0.1", user="root", database=self.name)
        with other, other.cursor() as cursor:
            cursor.execute("LOCK TABLES items WRITE")
            yield

    def connections(self) -> int:
        return len(self._processes())

    def running(self, marker: str) -> int:
        return sum(marker in info for _, info in self._processes())

    def sever(self) -> None:
        for number, _ in self._processes():
            self.admin(f"KILL CONNECTION {number}")

    def drop(self) -> None:
        self.admin(f"DROP DATABASE {self.name}")
        self._open.close()


def _make(dialect: str, folder: Path) -> Backend:
    try:
        match dialect:
            case "sqlite":
                return SqliteBackend(folder)
            case "duckdb":
                return DuckdbBackend(folder)
            case "postgresql":
                return PostgresqlBackend()
            case _:
                return MysqlBackend()
    except (psycopg.OperationalError, pymysql.err.OperationalError) as error:
        pytest.skip(f"no {dialect} server to test against: {error}")


@pytest.fixture(scope="session", params=["sqlite", "duckdb", "postgresql", "mysql"])
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    made = _make(request.param, tmp_path_factory.mktemp(request.param))
    made.load()
    yield made
    made.drop()


Open = Callable[..., Connector]


@pytest.fixture
async def open_connector(backend: Backend) -> AsyncIterator[Open]:
    """Opens connectors to the backend's database and closes them after the test."""
    opened: list[Connector] = []

    def open_one(max_connections: int = 2, timezone: str = "UTC") -> Connector:
        connector = OPENERS[backend.dialect](
            backend.config, "ns", max_connections=max_connections, timezone=timezone
        )
        opened.append(connector)
        return connector

    yield open_one
    for connector in opened:
        await connector.close()


@pytest.fixture
def connector(open_connector: Open) -> Connector:
    return open_connector()
