"""Dates cut down to a period in the two dialects that have no ``DATE_TRUNC``."""

from sqlglot import exp


def call(name: str, *arguments: exp.Expr | str) -> exp.Anonymous:
    """A call of a function by its name as the engine has it; texts become literals."""
    made = [exp.Literal.string(a) if isinstance(a, str) else a for a in arguments]
    return exp.Anonymous(this=name, expressions=made)


def sqlite_bucket(column: exp.Expr, grain: str) -> exp.Expr:
    """A date cut down to a grain in SQLite; a year as a number."""
    match grain:
        case "year":
            return exp.cast(call("STRFTIME", "%Y", column), "int")
        case "month":
            return call("DATE", column, "start of month")
        case "day":
            return call("DATE", column)
        case (
            "week"
        ):  # the Monday on or before: go to the next Sunday (weekday 0), then six days back
            return call("DATE", column, "weekday 0", "-6 days")
        case _:  # quarter: to its first month by the months passed since
            month = exp.cast(call("STRFTIME", "%m", column), "int")
            passed = exp.Mod(
                this=exp.paren(exp.Sub(this=month, expression=exp.Literal.number(1))),
                expression=exp.Literal.number(3),
            )
            shift = exp.DPipe(
                this=exp.DPipe(this=exp.Literal.string("-"), expression=exp.paren(passed)),
                expression=exp.Literal.string(" months"),
            )
            return call("DATE", column, "start of month", shift)


def mysql_bucket(column: exp.Expr, grain: str) -> exp.Expr:
    """A date cut down to a grain in MySQL; a year as a number."""
    match grain:
        case "year":
            return call("YEAR", column)
        case "month":
            return call("DATE_FORMAT", column, "%Y-%m-01")
        case "day":
            return call("DATE", column)
        case "week":
            return call("SUBDATE", call("DATE", column), call("WEEKDAY", column.copy()))
        case _:
            quarter = call("QUARTER", column.copy())
            months = exp.Mul(
                this=exp.paren(exp.Sub(this=quarter, expression=exp.Literal.number(1))),
                expression=exp.Literal.number(3),
            )
            first = call("MAKEDATE", call("YEAR", column), exp.Literal.number(1))
            return exp.DateAdd(this=first, expression=months, unit=exp.var("MONTH"))
