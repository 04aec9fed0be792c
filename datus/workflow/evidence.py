"""What an answer says about itself: whether its rows and its SQL fit what is asked and what was linked."""

from collections.abc import Iterator

from datus.types import Grain
from datus.workflow.asked import GRAINS, asked_of
from datus.workflow.node import known
from datus.workflow.state import Executed, Finding, RunState

# Hits below this may be words that only happen to be values somewhere.
_SURE = 0.9
_SHOWN = 5

GRAVE = 3
"""Weight of what makes an answer of no use, rather than doubtful."""


def judge(executed: Executed, state: RunState) -> Finding | None:
    """Return the gravest thing that is wrong with an answer, or None.

    Each rule compares the result with the question, with what was linked in it, or with what reading the SQL
    showed. An empty result alone is no flaw: it is doubted only where the SQL asks for a value that exists,
    or for one that is spelt otherwise in the data.
    """
    found = [*_of_rows(executed, state), *_of_sql(executed, state)]
    if executed.candidate.metric_query is None:  # the compiler keeps what a metric query says
        found += [*_of_shape(executed, state), *_of_words(executed, state)]
    return max(found, key=lambda finding: finding.weight, default=None)


def _of_rows(executed: Executed, state: RunState) -> Iterator[Finding]:
    rows, sql = executed.result.rows, executed.checked.sql
    values = known(state.linking, "schema").values
    empty = not rows and not executed.result.truncated  # a first row over the cap leaves none
    if empty and any(_names(sql, hit.value) for hit in values):
        columns = {f"{hit.table}.{hit.column}" for hit in values if _names(sql, hit.value)}
        text = "the result is empty though the values that it asks for exist"
        yield Finding(GRAVE, text, tuple(sorted(columns)))
    if rows and all(value is None for row in rows for value in row):
        text = "the result holds nothing but nulls"
        yield Finding(GRAVE, text, executed.checked.columns)
    if state.times and not executed.candidate.times and not _names_a_time(sql, state):
        yield Finding(2, "the question names a time and the SQL does not use it")
    sure = [hit for hit in values if hit.score >= _SURE]
    if sure and not any(_names(sql, hit.value) for hit in sure):
        columns = {f"{hit.table}.{hit.column}" for hit in sure}
        named = ", ".join(sorted({repr(hit.value) for hit in sure})[:_SHOWN])
        text = f"the question names values and the SQL uses none of them: {named}"
        yield Finding(1, text, tuple(sorted(columns)))


def _of_sql(executed: Executed, state: RunState) -> Iterator[Finding]:
    """What reading the SQL showed and the rows bear out."""
    for doubt in executed.doubts:
        text = doubt.message.rstrip(".")
        if doubt.reason == "value":
            said = doubt.literal.casefold() in state.question.text.casefold()
            if doubt.nearest:
                weight = GRAVE if not _tells_something(executed) else 2
                yield Finding(weight, f"no row can match: {text}", doubt.columns)
            elif not said and not _tells_something(executed):
                # Nobody asked for this value, and the data does not hold it.
                yield Finding(2, f"no row can match: {text}", doubt.columns)
        elif executed.candidate.metric_query is None:
            yield Finding(1 if doubt.reason == "grouping" else 2, text, doubt.columns)


def _tells_something(executed: Executed) -> bool:
    """Whether there are rows other than a lone zero or null, which is how nothing is counted."""
    rows = executed.result.rows
    if executed.result.truncated:
        return True
    return bool(rows) and not (len(rows) == 1 and all(value in (None, 0) for value in rows[0]))


def _of_shape(executed: Executed, state: RunState) -> Iterator[Finding]:
    """Rows of another number or grain than the question asks for."""
    asked, shape, rows = asked_of(state.question.text), executed.shape, executed.result.rows
    if asked.each and len(rows) == 1 and shape.aggregates and not shape.grouped:
        yield Finding(2, "the question asks for a row for each and the SQL groups by nothing")
    if asked.one and len(rows) > 1:
        yield Finding(2, f"the question asks for one figure and the result has {len(rows)} rows")
    if asked.most is not None and len(rows) > asked.most:
        text = f"the question asks for {asked.most} rows and the result has {len(rows)}"
        yield Finding(2, text)
    finest = _finest(shape.grains | ({"day"} if shape.by_date else set()))
    if asked.grain is not None and finest is not None and finest != asked.grain:
        yield Finding(2, f"the question asks by {asked.grain} and the SQL has rows by {finest}")


_MEANS = ("avg", "average", "mean", "平均")
_SHARPER = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}


def _of_words(executed: Executed, state: RunState) -> Iterator[Finding]:
    """Single words of the question that the SQL does otherwise; each alone weighs little."""
    asked, shape, rows = asked_of(state.question.text), executed.shape, executed.result.rows
    once = shape.distinct or shape.grouped
    repeated = len(set(map(repr, rows))) < len(rows)
    counted = len(rows) == 1 and "count" in shape.calls
    if asked.distinct and not once and (repeated or counted):
        yield Finding(1, "the question asks for each once and the SQL has no DISTINCT")
    named = any(word in executed.checked.sql.lower() for word in _MEANS)
    if asked.average and not named and not shape.calls & {"avg", "/"}:
        yield Finding(1, "the question asks for an average and the SQL has no AVG(...)")
    other = {"min": "max", "max": "min"}.get(asked.extreme or "")
    if other is not None and other in shape.calls and asked.extreme not in shape.calls:
        text = f"the question asks for the {asked.extreme}imum and the SQL has {other.upper()}(...)"
        yield Finding(1, text)
    for sign, number in asked.beyond:
        if (_SHARPER[sign], number) in shape.compared and (sign, number) not in shape.compared:
            text = f"the question says {sign} {number} and the SQL {_SHARPER[sign]} {number}"
            yield Finding(1, text)
    if shape.limit is not None and shape.limit > 1 and str(shape.limit) not in asked.numbers:
        yield Finding(1, f"the SQL has LIMIT {shape.limit} and the question names no such number")


def _finest(grains: "frozenset[Grain] | set[Grain]") -> Grain | None:
    return next((grain for grain in GRAINS if grain in grains), None)


def is_better(new: Executed, best: Executed, state: RunState) -> bool:
    """Say whether an answer may take another's place: a lighter flaw, and every linked value and the time
    that the other names. Dropping a condition makes rows appear, not a better answer."""
    return _weight(judge(new, state)) < _weight(judge(best, state)) and keeps_conditions(
        best, new, state
    )


def _weight(finding: Finding | None) -> int:
    return finding.weight if finding else 0


def keeps_conditions(best: Executed, new: Executed, state: RunState) -> bool:
    """Whether an answer still names the values and the time that another one names, mended or as they were."""
    before, after = best.checked.sql, new.checked.sql
    values = {
        hit.value for hit in known(state.linking, "schema").values if _names(before, hit.value)
    }
    keeps_time = _names_a_time(after, state) or not _names_a_time(before, state)
    mended = all(
        any(_names(after, value) for value in (doubt.literal, *doubt.nearest))
        for doubt in best.doubts
        if doubt.reason == "value"
    )
    return keeps_time and mended and all(_names(after, value) for value in values)


def _names(sql: str, value: str) -> bool:
    """Say whether the SQL holds the value as a string literal or in a pattern."""
    return value.replace("'", "''").casefold() in sql.casefold()


def _names_a_time(sql: str, state: RunState) -> bool:
    days = [day for time in state.times for day in (time.start, time.end) if day is not None]
    return any(str(day.year) in sql for day in days)
