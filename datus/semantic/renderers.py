"""MetricFlow's SQL writers, with the additions that the compiler needs; SQLite and MySQL are ours.

This module imports MetricFlow; import it in functions only. Time ranges are written as calls of
``RANGE_MARK`` and set in the tree afterwards, so that every database gets exactly the days asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.big_query import BigQuerySqlExpressionRenderer, BigQuerySqlPlanRenderer
from metricflow.sql.render.databricks import (
    DatabricksSqlExpressionRenderer,
    DatabricksSqlPlanRenderer,
)
from metricflow.sql.render.duckdb_renderer import DuckDbSqlExpressionRenderer, DuckDbSqlPlanRenderer
from metricflow.sql.render.expr_renderer import (
    DefaultSqlExpressionRenderer,
    SqlExpressionRenderResult,
)
from metricflow.sql.render.postgres import (
    PostgresSqlExpressionRenderer,
    PostgresSQLSqlPlanRenderer,
)
from metricflow.sql.render.redshift import RedshiftSqlExpressionRenderer, RedshiftSqlPlanRenderer
from metricflow.sql.render.snowflake import (
    SnowflakeSqlExpressionRenderer,
    SnowflakeSqlPlanRenderer,
)
from metricflow.sql.render.sql_plan_renderer import DefaultSqlPlanRenderer
from metricflow.sql.render.trino import TrinoSqlExpressionRenderer, TrinoSqlPlanRenderer
from metricflow_semantic_interfaces.type_enums.time_granularity import TimeGranularity
from metricflow_semantics.errors.error_classes import UnsupportedEngineFeatureError
from metricflow_semantics.sql.sql_bind_parameters import SqlBindParameterSet
from metricflow_semantics.sql.sql_exprs import (
    SqlBetweenExpression,
    SqlColumnReferenceExpression,
    SqlDateTruncExpression,
    SqlExtractExpression,
    SqlPercentileExpression,
    SqlPercentileFunctionType,
    SqlSubtractTimeIntervalExpression,
)

from datus.semantic.model import Target
from datus.semantic.names import RANGE_MARK, RESERVED
from datus.semantic.shifting import sqlite_shift


class _Marks(DefaultSqlExpressionRenderer):
    """What every database's writer here does alike."""

    quote = '"'

    def safe(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}" if name.lower() in RESERVED else name

    def visit_column_reference_expr(
        self, node: SqlColumnReferenceExpression
    ) -> SqlExpressionRenderResult:
        column = self.safe(node.col_ref.column_name)
        return _plain(
            f"{node.col_ref.table_alias}.{column}" if node.should_render_table_alias else column
        )

    def visit_between_expr(self, node: SqlBetweenExpression) -> SqlExpressionRenderResult:
        first, last = (self.render_sql_expr(one).sql for one in (node.start_expr, node.end_expr))
        inner: Any = node.column_arg
        if isinstance(inner, SqlDateTruncExpression):
            level = inner.time_granularity.value
            if inner.time_granularity is TimeGranularity.DAY:
                level, inner = "raw", inner.arg
        else:
            column = inner.as_column_reference_expression
            name = column.col_ref.column_name if column is not None else ""
            level = name.rpartition("__")[2] if "__" in name else "day"
        expression = self.render_sql_expr(inner).sql
        return _plain(f"{RANGE_MARK}('{level}', {expression}, {first}, {last})")


class _Runs(_Marks):
    """Writers for the databases that also run the queries."""

    def visit_generate_uuid_expr(self, node: Any) -> SqlExpressionRenderResult:
        # tells rows apart, and does it the same way every time
        return _plain("ROW_NUMBER() OVER (ORDER BY NULL)")


def _plain(sql: str) -> SqlExpressionRenderResult:
    return SqlExpressionRenderResult(sql=sql, bind_parameter_set=SqlBindParameterSet())


class _DuckDB(_Runs, DuckDbSqlExpressionRenderer):
    pass


class _PostgreSQL(_Runs, PostgresSqlExpressionRenderer):
    def visit_date_trunc_expr(self, node: SqlDateTruncExpression) -> SqlExpressionRenderResult:
        # without the cast a date becomes a moment in the session's time zone
        inner = self.render_sql_expr(node.arg).sql
        return _plain(f"DATE_TRUNC('{node.time_granularity.value}', CAST({inner} AS TIMESTAMP))")

    def visit_subtract_time_interval_expr(
        self, node: SqlSubtractTimeIntervalExpression
    ) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        count, unit = _months_or_days(node)
        return _plain(f"{inner} - INTERVAL '{count} {unit}'")


class _MySQL(_Runs):
    """MySQL 8 and MariaDB."""

    quote = "`"

    def visit_date_trunc_expr(self, node: SqlDateTruncExpression) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        return _plain(_MYSQL_TRUNC[_day_or_coarser(node)].format(x=inner))

    def visit_subtract_time_interval_expr(
        self, node: SqlSubtractTimeIntervalExpression
    ) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        count, unit = _months_or_days(node)
        return _plain(f"DATE_SUB({inner}, INTERVAL {count} {unit})")

    def visit_extract_expr(self, node: SqlExtractExpression) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        return _plain(_MYSQL_PART[node.date_part.value].format(x=inner))

    def visit_percentile_expr(self, node: SqlPercentileExpression) -> SqlExpressionRenderResult:
        raise _no_percentile("MySQL")

    def visit_cast_to_timestamp_expr(self, node: Any) -> SqlExpressionRenderResult:
        return _plain(f"CAST({self.render_sql_expr(node.arg).sql} AS DATETIME)")


class _SQLite(_Runs):
    """SQLite, times being ISO texts."""

    @property
    def double_data_type(self) -> str:
        return "REAL"

    def visit_date_trunc_expr(self, node: SqlDateTruncExpression) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        return _plain(_SQLITE_TRUNC[_day_or_coarser(node)].format(x=inner))

    def visit_subtract_time_interval_expr(
        self, node: SqlSubtractTimeIntervalExpression
    ) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        count, unit = _months_or_days(node)
        return _plain(sqlite_shift(inner, -count, unit))

    def visit_extract_expr(self, node: SqlExtractExpression) -> SqlExpressionRenderResult:
        inner = self.render_sql_expr(node.arg).sql
        return _plain(_SQLITE_PART[node.date_part.value].format(x=inner))

    def visit_percentile_expr(self, node: SqlPercentileExpression) -> SqlExpressionRenderResult:
        raise _no_percentile("SQLite")

    def visit_cast_to_timestamp_expr(self, node: Any) -> SqlExpressionRenderResult:
        return _plain(f"DATETIME({self.render_sql_expr(node.arg).sql})")


_MYSQL_TRUNC = {
    "day": "DATE({x})",
    "week": "DATE_SUB(DATE({x}), INTERVAL WEEKDAY({x}) DAY)",
    "month": "DATE_SUB(DATE({x}), INTERVAL (DAYOFMONTH({x}) - 1) DAY)",
    "quarter": "DATE_ADD(MAKEDATE(YEAR({x}), 1), INTERVAL (QUARTER({x}) - 1) QUARTER)",
    "year": "MAKEDATE(YEAR({x}), 1)",
}
_SQLITE_TRUNC = {
    "day": "DATE({x})",
    "week": "DATE({x}, 'weekday 0', '-6 days')",
    "month": "DATE({x}, 'start of month')",
    "quarter": (
        "DATE({x}, 'start of month', '-' || ((CAST(STRFTIME('%m', {x}) AS INTEGER) - 1) % 3)"
        " || ' months')"
    ),
    "year": "DATE({x}, 'start of year')",
}


# Parts of a date; the day of the week counts from 1, Monday.
_MYSQL_PART = {
    "year": "YEAR({x})",
    "quarter": "QUARTER({x})",
    "month": "MONTH({x})",
    "day": "DAYOFMONTH({x})",
    "dow": "(WEEKDAY({x}) + 1)",
    "doy": "DAYOFYEAR({x})",
}
_SQLITE_PART = {
    "year": "CAST(STRFTIME('%Y', {x}) AS INTEGER)",
    "quarter": "((CAST(STRFTIME('%m', {x}) AS INTEGER) + 2) / 3)",
    "month": "CAST(STRFTIME('%m', {x}) AS INTEGER)",
    "day": "CAST(STRFTIME('%d', {x}) AS INTEGER)",
    "dow": "((CAST(STRFTIME('%w', {x}) AS INTEGER) + 6) % 7 + 1)",
    "doy": "CAST(STRFTIME('%j', {x}) AS INTEGER)",
}

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


def _months_or_days(node: SqlSubtractTimeIntervalExpression) -> tuple[int, str]:
    grain = node.granularity.value
    if grain in _MONTHS:
        return node.count * _MONTHS[grain], "month"
    if grain in _DAYS:
        return node.count * _DAYS[grain], "day"
    raise UnsupportedEngineFeatureError(f"A window of {grain}s is finer than a day.")


def _day_or_coarser(node: SqlDateTruncExpression) -> str:
    grain = node.time_granularity.value
    if grain not in _SQLITE_TRUNC:
        raise UnsupportedEngineFeatureError(f"A time by {grain} is finer than a day.")
    return grain


def _no_percentile(engine: str) -> UnsupportedEngineFeatureError:
    return UnsupportedEngineFeatureError(f"{engine} has no median or percentile.")


class _Client:
    """What MetricFlow asks a database connection for when it only writes SQL."""

    def __init__(self, engine: SqlEngine, renderer: DefaultSqlPlanRenderer) -> None:
        self.sql_engine_type = engine
        self.sql_plan_renderer = renderer

    def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
        return f":{bind_parameter_key}"


def _plan_renderer(
    base: type[DefaultSqlPlanRenderer], writer: _Marks
) -> type[DefaultSqlPlanRenderer]:
    class Renderer(base):  # type: ignore[valid-type, misc]
        EXPR_RENDERER = writer

        @property
        def expr_renderer(self) -> _Marks:
            return writer

        def _render_select_columns_section(
            self, select_columns: Sequence[Any], num_parents: int, distinct: bool
        ) -> Any:
            named = [replace(c, column_alias=writer.safe(c.column_alias)) for c in select_columns]
            return super()._render_select_columns_section(named, num_parents, distinct)

    return Renderer


def _marked(base: type[DefaultSqlExpressionRenderer], quote: str = '"') -> _Marks:
    marked = type(f"_{base.__name__}", (_Marks, base), {"quote": quote})
    writer: _Marks = marked()
    return writer


def client(target: Target) -> Any:
    """The client that makes MetricFlow write for ``target``."""
    engine, base, writer = _targets()[target]
    return _Client(engine, _plan_renderer(base, writer)())


def _targets() -> dict[Target, tuple[SqlEngine, type[DefaultSqlPlanRenderer], _Marks]]:
    return {
        "duckdb": (SqlEngine.DUCKDB, DuckDbSqlPlanRenderer, _DuckDB()),
        "postgresql": (SqlEngine.POSTGRES, PostgresSQLSqlPlanRenderer, _PostgreSQL()),
        # MetricFlow has no name for these two; it is asked for what DuckDB can do
        "sqlite": (SqlEngine.DUCKDB, DefaultSqlPlanRenderer, _SQLite()),
        "mysql": (SqlEngine.DUCKDB, DefaultSqlPlanRenderer, _MySQL()),
        "snowflake": (
            SqlEngine.SNOWFLAKE,
            SnowflakeSqlPlanRenderer,
            _marked(SnowflakeSqlExpressionRenderer),
        ),
        "bigquery": (
            SqlEngine.BIGQUERY,
            BigQuerySqlPlanRenderer,
            _marked(BigQuerySqlExpressionRenderer, "`"),
        ),
        "databricks": (
            SqlEngine.DATABRICKS,
            DatabricksSqlPlanRenderer,
            _marked(DatabricksSqlExpressionRenderer, "`"),
        ),
        "redshift": (
            SqlEngine.REDSHIFT,
            RedshiftSqlPlanRenderer,
            _marked(RedshiftSqlExpressionRenderer),
        ),
        "trino": (SqlEngine.TRINO, TrinoSqlPlanRenderer, _marked(TrinoSqlExpressionRenderer)),
    }


def percentiles(target: Target) -> Collection[SqlPercentileFunctionType]:
    """Kinds of percentile that ``target`` can compute."""
    return _targets()[target][2].supported_percentile_function_types
