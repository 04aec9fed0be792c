"""What the rows of an answer say about it: whether they fit what was linked in the question."""

from dataclasses import dataclass

from datus.workflow.node import known
from datus.workflow.state import Executed, RunState

# Hits below this may be words that only happen to be values somewhere.
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a result that does not fit the question; ``weight`` compares findings."""

    weight: int
    text: str


GRAVE = 3
"""Weight of what makes an answer of no use, rather than doubtful."""


def judge(executed: Executed, state: RunState) -> Finding | None:
    """Return the gravest thing that is wrong with an answer, or None.

    Each rule compares the result with what was linked in the question. An empty result alone is no
    flaw: it is doubted only where the SQL asks for a value that exists.
    """
    rows, sql = executed.result.rows, executed.checked.sql
    values = known(state.linking, "schema").values
    if not rows and any(_names(sql, hit.value) for hit in values):
        return Finding(GRAVE, "the result is empty though the values that it asks for exist")
    if rows and all(value is None for row in rows for value in row):
        return Finding(GRAVE, "the result holds nothing but nulls")
    if state.times and not executed.candidate.times and not _names_a_time(sql, state):
        return Finding(2, "the question names a time and the SQL does not use it")
    sure = [hit.value for hit in values if hit.score >= _SURE]
    if sure and not any(_names(sql, value) for value in sure):
        return Finding(1, "the question names values and the SQL uses none of them")
    return None


def is_better(new: Executed, best: Executed, state: RunState) -> bool:
    """Say whether an answer may take another's place: a lighter flaw, and every linked value and the time
    that the other names. Dropping a condition makes rows appear, not a better answer."""
    return _weight(judge(new, state)) < _weight(judge(best, state)) and _keeps_conditions(
        best, new, state
    )


def _weight(finding: Finding | None) -> int:
    return finding.weight if finding else 0


def _keeps_conditions(best: Executed, new: Executed, state: RunState) -> bool:
    before, after = best.checked.sql, new.checked.sql
    values = {
        hit.value for hit in known(state.linking, "schema").values if _names(before, hit.value)
    }
    keeps_time = _names_a_time(after, state) or not _names_a_time(before, state)
    return keeps_time and all(_names(after, value) for value in values)


def _names(sql: str, value: str) -> bool:
    """Say whether the SQL holds the value as a string literal or in a pattern."""
    return value.replace("'", "''").casefold() in sql.casefold()


def _names_a_time(sql: str, state: RunState) -> bool:
    days = [day for time in state.times for day in (time.start, time.end) if day is not None]
    return any(str(day.year) in sql for day in days)
