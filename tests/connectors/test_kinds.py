"""Declared types to kinds."""

import pytest

from datus.connectors.kinds import declared_kind
from datus.types import Dialect


@pytest.mark.parametrize(
    ("dialect", "declared", "kind"),
    [
        ("postgresql", "timestamp without time zone", "datetime"),
        ("postgresql", "TIME WITH TIME ZONE", "time"),
        ("postgresql", "double precision", "number"),
        ("postgresql", "character varying(20)", "text"),
        ("postgresql", "INTEGER[]", "json"),
        ("postgresql", "jsonb", "json"),
        ("postgresql", "BIT(3)", "other"),
        ("postgresql", "INTERVAL", "other"),
        ("mysql", "TINYINT(1)", "boolean"),
        ("mysql", "TINYINT(4)", "integer"),
        ("mysql", "BIT(4)", "integer"),
        ("mysql", "BIGINT(20) UNSIGNED", "integer"),
        ("mysql", "ENUM('a','b')", "text"),
        ("mysql", "YEAR", "integer"),
        ("duckdb", "DECIMAL(18,3)", "number"),
        ("duckdb", "STRUCT(a INTEGER)", "json"),
        ("duckdb", "ENUM('a', 'b')", "text"),
        ("duckdb", "UHUGEINT", "integer"),
        ("duckdb", "TIMESTAMP WITH TIME ZONE", "datetime"),
        ("duckdb", "UUID", "other"),
        ("sqlite", "", "other"),
        ("sqlite", "UNSIGNED BIG INT", "integer"),
        ("sqlite", "NATIVE CHARACTER(70)", "text"),
        ("sqlite", "varchar2(35 BYTE)", "text"),
        ("sqlite", "number(8,0)", "number"),
        ("sqlite", "LONG VARCHAR", "text"),
        ("sqlite", "MYDATETIME", "datetime"),
        ("sqlite", "bool", "boolean"),
        ("sqlite", "LONG DOUBLE", "number"),
        ("sqlite", "anything", "number"),
    ],
)
def test_declared_kind(dialect: Dialect, declared: str, kind: str) -> None:
    assert declared_kind(dialect, declared) == kind
