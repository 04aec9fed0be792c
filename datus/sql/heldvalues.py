"""Constants of a query against the values that its columns hold, where all of these are known."""

import difflib
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from datus.sql.faults import Fault
from datus.sql.reading import Reading, inside
from datus.text import normal_form

Held = Callable[[str, str], Sequence[str] | None]
"""The values of ``table``, ``column`` if all of them are known, as the database spells them; else None."""

Holds = Callable[[str, str, str], bool]
"""Whether a value of ``table``, ``column`` is known at a glance; False says nothing."""

_NEAR = 0.75
_SHOWN = 3
_MOST = 5_000
"""So many values are searched for what is spelt like another one."""


def check_values(reading: Reading, held: Held, holds: Holds = lambda *_: False) -> Iterator[Fault]:
    """Constants that a column does not hold, with what it holds instead, and sums of texts.

    All values of a column are read only for what ``holds`` does not know.
    """
    for scope in reading.scopes:
        for node in inside(scope, scope.expression, exp.EQ, exp.NEQ, exp.In):
            left = node.this
            lowered = isinstance(left, exp.Lower | exp.Upper)
            origin = reading.origin(left.this if lowered else left, scope)
            if origin is None or origin.column.kind != "text":
                continue
            others = node.expressions if isinstance(node, exp.In) else [node.expression]
            texts = [
                one.name
                for one in others
                if isinstance(one, exp.Literal)
                and one.is_string
                and not holds(origin.shown, origin.column.name, one.name)
            ]
            values = held(origin.shown, origin.column.name) if texts else None
            if values:
                for text in texts:
                    fault = _missing(origin.name, text, values, reading, folded=lowered)
                    if fault is not None:
                        yield fault
        yield from _sums(reading, scope, held)


def _missing(
    name: str, text: str, values: Sequence[str], reading: Reading, *, folded: bool
) -> Fault | None:
    if text in values:
        return None
    same = [value for value in values if value.casefold() == text.casefold()]
    if same and (folded or reading.dialect == "mysql"):  # MySQL compares without regard to case
        return None
    near = same or [value for value in values if normal_form(value) == normal_form(text)]
    near = near or _alike(text, values)
    if not near:
        return Fault(
            "value", f"{name} holds no {text!r}.", certain=False, literal=text, columns=(name,)
        )
    shown = ", ".join(map(repr, near[:_SHOWN]))
    return Fault(
        "value",
        f"{name} holds no {text!r}; nearest: {shown}.",
        certain=False,
        literal=text,
        nearest=tuple(near[:_SHOWN]),
        columns=(name,),
    )


def _alike(text: str, values: Sequence[str]) -> list[str]:
    by_folded = {value.casefold(): value for value in values[:_MOST] if len(value) < 100}
    found = difflib.get_close_matches(text.casefold()[:100], by_folded, n=_SHOWN, cutoff=_NEAR)
    return [by_folded[each] for each in found]


def _sums(reading: Reading, scope: Scope, held: Held) -> Iterator[Fault]:
    """SQLite and MySQL add up texts as zeros; the others refuse it themselves."""
    if reading.dialect not in ("sqlite", "mysql"):
        return
    for call in inside(scope, scope.expression, exp.Sum, exp.Avg):
        origin = reading.origin(call.this, scope)
        if origin is None or origin.column.kind != "text":
            continue
        values = held(origin.shown, origin.column.name)
        if values and not any(
            value.strip()[:1].isdigit() or value[:1] in "-+." for value in values
        ):
            yield Fault(
                "aggregate",
                f"{call.sql()} adds up texts: {origin.name} holds {values[0]!r}; take a column of "
                "numbers, or count.",
                certain=False,  # texts of this kind may be all that such a column holds for now
            )
