"""Bounds on arguments of the allowed functions whose answer can grow with a number."""

import re
from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from datus.sql.nodes import Duration, Moment, Operator, Prefix, TypedLiteral, TypeName
from datus.sql.refusal import refuse
from datus.types import Dialect

MAX_PADDING = 1_000
MAX_SERIES = 100_000
_WIDE = re.compile(r"\d{4}|\*|\{[^}]*\{")  # a width of four digits, or one that an argument gives
_STEP = re.compile(
    r"\s*(\d{1,4})\s+(second|minute|hour|day|week|month|quarter|year)s?\s*", re.IGNORECASE
)
_SECONDS = {
    "second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800,
    "month": 2_419_200, "quarter": 7_776_000, "year": 31_536_000,
}  # fmt: skip
_PLAIN_TEXT = re.compile(
    r"[\d\s:.T+-]+|\d{1,4}\s+[a-z]+|second|minute|hour|day|week|month|quarter|year", re.IGNORECASE
)


def check_arguments(name: str, arguments: list[exp.Expr], dialect: Dialect) -> None:
    """Refuse a call of ``name`` (in small letters) whose answer could be very large.

    Raises:
        RefusalError: Code ``unsafe_sql``, reason ``argument``.
    """
    check = _CHECKS.get(name)
    if name == "format" and dialect == "mysql":  # writes a number, takes no pattern
        return
    if check is not None:
        check(name, arguments)


def _padding(name: str, arguments: list[exp.Expr]) -> None:
    size = _integer(arguments[1]) if len(arguments) > 1 else None
    if size is None or size > MAX_PADDING:
        raise _bad(name, f"its length must be a number up to {MAX_PADDING:,}")


def _pattern(name: str, arguments: list[exp.Expr]) -> None:
    pattern = arguments[0] if arguments else None
    if not isinstance(pattern, exp.Literal) or _WIDE.search(pattern.name):
        raise _bad(name, "its pattern must be a constant with constant widths under 1,000")


def _series(name: str, arguments: list[exp.Expr]) -> None:
    numbers = [_integer(argument) for argument in arguments]
    if numbers and all(number is not None for number in numbers):
        whole = [number for number in numbers if number is not None]
        low, high = (0, whole[0]) if len(whole) == 1 else (whole[0], whole[1])
        step = abs(whole[2]) if len(whole) > 2 else 1
        if step == 0 or abs(high - low) / step > MAX_SERIES:
            raise _bad(name, f"it may give up to {MAX_SERIES:,} values")
        return
    step_seconds = _step_seconds(arguments[2]) if len(arguments) == 3 else None
    if step_seconds is None:
        raise _bad(name, "its ends must be numbers, or dates with a constant step of whole units")
    ends = [_moment(argument) for argument in arguments[:2]]
    if ends[0] is not None and ends[1] is not None:
        if abs((ends[1] - ends[0]).total_seconds()) / step_seconds > MAX_SERIES:
            raise _bad(name, f"it may give up to {MAX_SERIES:,} values")
    elif step_seconds < _SECONDS["day"] or not all(_plain_date(one) for one in arguments[:2]):
        raise _bad(name, "between ends that are not constants, its step must be a day or more")


def _integer(node: exp.Expr) -> int | None:
    sign = 1
    if isinstance(node, Prefix) and node.args["op"] == "-":
        sign, node = -1, node.this
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return sign * int(node.name)
    return None


def _step_seconds(node: exp.Expr) -> int | None:
    """Return the least length in seconds of a constant interval such as ``INTERVAL '1 day'``."""
    text = ""
    if isinstance(node, Duration) and isinstance(node.this, exp.Literal):
        text = f"{node.this.name} {node.args['unit'].name if node.args.get('unit') else ''}"
    else:
        node = _unwrapped(node)
        text = node.name if isinstance(node, exp.Literal) and node.is_string else ""
    match = _STEP.fullmatch(text)
    if match is None or int(match[1]) == 0:
        return None
    return int(match[1]) * _SECONDS[match[2].lower()]


def _moment(node: exp.Expr) -> datetime | None:
    node = _unwrapped(node)
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    try:
        return datetime.fromisoformat(node.name).replace(tzinfo=None)
    except ValueError:
        return None


def _unwrapped(node: exp.Expr) -> exp.Expr:
    """Take the casts off a constant."""
    while isinstance(node, exp.Cast | TypedLiteral | exp.Paren) or (
        isinstance(node, Operator) and node.args["op"] == "::"
    ):
        node = node.this
    return node


_DATE_PARTS = (
    exp.Anonymous, exp.Cast, exp.Column, exp.Identifier, exp.Paren, exp.Subquery, exp.Select,
    exp.From, exp.Table, exp.TableAlias, exp.Where, exp.Add, exp.Sub, exp.Var, exp.Alias,
    exp.And, exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, Duration, Moment, Operator, TypedLiteral, TypeName,
)  # fmt: skip


def _plain_date(node: exp.Expr) -> bool:
    """Say whether ``node`` comes from data, today and constants near them, not from arithmetic."""
    for part in node.walk(prune=lambda one: isinstance(one, exp.Where)):
        if isinstance(part, exp.Literal):
            if not _PLAIN_TEXT.fullmatch(part.name) or re.search(r"\d{5}", part.name):
                return False
        elif isinstance(part, Operator):
            if part.args["op"] != "::":
                return False
        elif not isinstance(part, _DATE_PARTS):
            return False
    return True


def _bad(name: str, why: str) -> Exception:
    return refuse("argument", f"The call of {name} is not bounded: {why}.", name=name)


_CHECKS: dict[str, Callable[[str, list[exp.Expr]], None]] = {
    "format": _pattern,
    "generate_series": _series,
    "lpad": _padding,
    "printf": _pattern,
    "range": _series,
    "rpad": _padding,
}
