"""What the branches of a run came to, in words and in order."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from datus.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    DatusError,
    RefusalError,
    StatementTimeoutError,
)
from datus.workflow.agreement import Vote
from datus.workflow.state import BranchEnd

_REFUSALS: Mapping[str, int] = MappingProxyType(
    {"not_permitted": 0, "ambiguous": 1, "unanswerable": 2, "unsafe_sql": 3}
)


def most_telling(errors: Iterable[DatusError]) -> DatusError:
    """The error that tells a caller most: a refusal, then what the database said, then any other."""
    return min(errors, key=_tells)


def _tells(error: DatusError) -> int:
    if isinstance(error, RefusalError):
        return _REFUSALS.get(error.code, 2)
    if isinstance(error, StatementTimeoutError | DatabaseUnreachableError):
        return 5
    if isinstance(error, DatabaseError):
        return 4
    return 7 if error.code in ("internal", "timeout") else 6


def refusal_of(end: BranchEnd) -> RefusalError | None:
    """Why a branch holds that the question cannot or must not be answered; unsafe SQL says nothing of that."""
    error = end.error
    return error if isinstance(error, RefusalError) and error.code != "unsafe_sql" else None


def as_json(ends: Sequence[BranchEnd], votes: Sequence[Vote] = ()) -> dict[str, Any]:
    """Which branch won, how many gave the same, and what each gave, without its rows.

    Args:
        votes: Of the branches with an answer, places as among those, the chosen one first.
    """
    answered = [end.name for end in ends if end.executed is not None]
    by_name = {answered[vote.place]: vote for vote in votes}
    winner = votes[0] if votes else None
    return {
        "branch": answered[winner.place] if winner else None,
        "agreeing": len(winner.agreeing) if winner else 0,
        "branches": [_end(end, by_name.get(end.name), winner) for end in ends],
    }


def _end(end: BranchEnd, vote: Vote | None, winner: Vote | None) -> dict[str, Any]:
    executed, error = end.executed, end.error
    candidate = executed.candidate if executed else None
    return {
        "branch": end.name,
        "sql": executed.checked.sql if executed else None,
        "row_count": len(executed.result.rows) if executed else None,
        "generator": candidate.generator if candidate else None,
        "model": (candidate.model or None) if candidate else None,
        "confidence": candidate.confidence if candidate else None,
        "agrees": bool(vote and winner and vote.place in winner.agreeing),
        "flaw": vote.flaw.text if vote and vote.flaw else None,
        "error": {"code": error.code, "message": error.public} if error else None,
    }
