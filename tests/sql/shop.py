"""A little shop in all four databases: its schema for the guard, and statements that make it."""

from datus.types import Column, DatabaseSchema, Dialect, TableSchema

_TYPES: dict[str, dict[Dialect, str]] = {
    "int": {"sqlite": "INTEGER", "duckdb": "INTEGER", "postgresql": "integer", "mysql": "int"},
    "text": {"sqlite": "TEXT", "duckdb": "VARCHAR", "postgresql": "text", "mysql": "varchar(200)"},
    "date": {"sqlite": "DATE", "duckdb": "DATE", "postgresql": "date", "mysql": "date"},
    "time": {
        "sqlite": "TIMESTAMP",
        "duckdb": "TIMESTAMP",
        "postgresql": "timestamp",
        "mysql": "datetime",
    },
    "money": dict.fromkeys(("sqlite", "duckdb", "postgresql", "mysql"), "DECIMAL(10,2)"),
    "json": {"sqlite": "TEXT", "duckdb": "JSON", "postgresql": "jsonb", "mysql": "json"},
}

_TABLES = {
    "customers": {
        "id": "int", "name": "text", "email": "text", "region": "text", "signup_date": "date",
        "note_or_null": "text",
    },
    "orders": {
        "id": "int", "customer_id": "int", "ordered_at": "time", "status": "text",
        "amount": "money", "note": "text", "payload": "json",
    },
    "products": {"id": "int", "name": "text", "category": "text", "price": "money"},
}  # fmt: skip

_ROWS = {
    "customers": (
        "(1, 'Anna', 'anna@example.com', 'North', '2023-01-15', NULL)",
        "(2, 'Bela', 'bela@example.org', 'South', '2022-06-30', NULL)",
        "(3, 'Carla', 'carla@example.com', 'North', '2023-11-01', 'x')",
        "(4, 'Zoe', 'zoe@example.net', 'West', '2021-02-28', NULL)",
        "(5, '王伟', 'wang@example.cn', 'South', '2023-03-31', NULL)",
    ),
    "orders": tuple(
        f"({n}, {1 + n % 4}, '2024-01-0{1 + n % 5} 1{n % 10}:30:00', "
        f"'{('paid', 'shipped', 'open')[n % 3]}', {20 * n}.50, {('NULL', repr('x'))[n % 2]}, "
        f'\'{{"channel": "{("web", "shop")[n % 2]}", "items": {n}, "tags": ["t{n}", "all"]}}\')'
        for n in range(1, 11)
    ),
    "products": (
        "(1, 'Lamp', 'Home', 25.00)",
        "(2, 'Chair', 'Home', 80.00)",
        "(3, '100% wool', 'Clothes', 15.50)",
    ),
}

DEFAULT_SCHEMA: dict[Dialect, str | None] = {
    "sqlite": "main",
    "duckdb": "main",
    "postgresql": "public",
    "mysql": None,
}


def statements(dialect: Dialect) -> list[str]:
    """Return what makes the shop in an empty database."""
    made = []
    for table, columns in _TABLES.items():
        types = ", ".join(f"{name} {_TYPES[kind][dialect]}" for name, kind in columns.items())
        made.append(f"CREATE TABLE {table} ({types})")
        made += [f"INSERT INTO {table} VALUES {row}" for row in _ROWS[table]]
    made.append("CREATE VIEW customers_view AS SELECT id, name FROM customers")
    made.append("CREATE TABLE secrets (token VARCHAR(20))")  # not in the guard's schema
    made.append("INSERT INTO secrets VALUES ('hidden')")
    if dialect == "postgresql":
        made += [
            "CREATE SCHEMA sales",
            "CREATE TABLE sales.refunds (id integer, order_id integer, amount numeric(10,2))",
            "INSERT INTO sales.refunds VALUES (1, 2, 5), (2, 3, 7.25)",
            'CREATE TABLE "Mixed" ("Some Col" integer)',
            'INSERT INTO "Mixed" VALUES (1)',
        ]
    return made


def schema(dialect: Dialect, database: str = "shop") -> DatabaseSchema:
    """Return what a query over the shop may read: all but the table ``secrets``."""
    default = DEFAULT_SCHEMA[dialect]

    def table(name: str, columns: dict[str, str], where: str | None = default) -> TableSchema:
        return TableSchema(
            name, tuple(Column(c, _TYPES[k][dialect], "other") for c, k in columns.items()), where
        )

    tables = [table(name, columns) for name, columns in _TABLES.items()]
    tables.append(table("customers_view", {"id": "int", "name": "text"}))
    if dialect == "postgresql":
        tables.append(
            table("refunds", {"id": "int", "order_id": "int", "amount": "money"}, "sales")
        )
        tables.append(table("Mixed", {"Some Col": "int"}))
    return DatabaseSchema(dialect, database, tuple(tables), default)
