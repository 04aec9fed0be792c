"""How long it was between two times, in each dialect."""

from sqlglot import exp

from datus.generation.offline.plan import Unit
from datus.types import Dialect

SECONDS: dict[Unit, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def between(
    start: exp.Expr, end: exp.Expr, unit: Unit, dialect: Dialect, *, dates: bool
) -> exp.Expr:
    """The time from ``start`` to ``end``, below zero where it runs the other way; whole days where both are dates."""
    if dates and unit == "day":
        return exp.paren(_days(start, end, dialect))
    if dates:
        seconds: exp.Expr = exp.Mul(
            this=exp.paren(_days(start, end, dialect)), expression=exp.Literal.number(86400)
        )
    else:
        seconds = _seconds(start, end, dialect)
    if unit == "second":
        return exp.paren(seconds)
    size = exp.Literal.number(f"{SECONDS[unit]}.0")
    return exp.paren(exp.Div(this=exp.paren(seconds), expression=size))


def _days(start: exp.Expr, end: exp.Expr, dialect: Dialect) -> exp.Expr:
    match dialect:
        case "postgresql":
            return exp.Sub(this=_as(end, "date"), expression=_as(start, "date"))
        case "duckdb":
            days = [exp.Literal.string("day"), _as(start, "date"), _as(end, "date")]
            return exp.Anonymous(this="DATE_DIFF", expressions=days)
        case "mysql":
            return exp.Anonymous(this="DATEDIFF", expressions=[end, start])
        case "sqlite":
            julian = [_julian(each) for each in (end, start)]
            whole = exp.Sub(this=julian[0], expression=julian[1])
            return exp.cast(exp.Anonymous(this="ROUND", expressions=[whole]), "int")


def _julian(moment: exp.Expr) -> exp.Expr:
    day = exp.Anonymous(this="DATE", expressions=[moment])
    return exp.Anonymous(this="JULIANDAY", expressions=[day])


def _seconds(start: exp.Expr, end: exp.Expr, dialect: Dialect) -> exp.Expr:
    match dialect:
        case "postgresql" | "duckdb":
            passed = exp.Sub(this=_as(end, "timestamp"), expression=_as(start, "timestamp"))
            return exp.Extract(this=exp.var("EPOCH"), expression=exp.paren(passed))
        case "mysql":
            arguments = [exp.var("SECOND"), start, end]
            return exp.Anonymous(this="TIMESTAMPDIFF", expressions=arguments)
        case "sqlite":
            last, first = (
                exp.cast(
                    exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string("%s"), each]),
                    "int",
                )
                for each in (end, start)
            )
            return exp.Sub(this=last, expression=first)


def _as(moment: exp.Expr, kind: str) -> exp.Expr:
    return (
        moment if isinstance(moment, exp.Cast) and moment.is_type(kind) else exp.cast(moment, kind)
    )
