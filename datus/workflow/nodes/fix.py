"""fix: one more try for SQL that the guard or the database refused."""

from dataclasses import replace

from datus.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    DatusError,
    RefusalError,
    StatementTimeoutError,
)
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.state import Back, RunState


def can_be_fixed(error: DatusError) -> bool:
    """Say whether other SQL could overcome the error.

    A database that does not answer is the same for every statement, and a statement that ran out of
    time would spend as much again.
    """
    if isinstance(error, RefusalError):
        return error.code == "unsafe_sql"
    hopeless = (DatabaseUnreachableError, StatementTimeoutError)
    return isinstance(error, DatabaseError) and not isinstance(error, hopeless)


class Fix(Node):
    """Tells the generator what was wrong and has it write again; else its next candidate runs."""

    name = "fix"
    description = "Mend SQL that could not be run"
    needs = ("result",)
    back_to = ("generate_sql",)

    def due(self, state: RunState) -> bool:
        """Skip when the SQL ran, or when other SQL would not help."""
        return state.failure is not None and can_be_fixed(state.failure)

    def catches(self, error: DatusError, state: RunState, tools: Tools) -> bool:
        """Go on from SQL that was refused, as often as ``fix.max_attempts`` allows."""
        return (
            bool(state.candidates)
            and state.fixes < int(tools.settings.node_settings["fix"]["max_attempts"])
            and can_be_fixed(error)
        )

    async def run(self, state: RunState, tools: Tools, report: Report) -> Back:
        """Go back to ``generate_sql`` with the failed SQL and its error as an attempt."""
        failure = known(state.failure, "result")
        await report.detail(
            "The SQL could not be run; writing it again", code=failure.code, error=failure.message
        )
        return Back("generate_sql", replace(state.given_up(failure.message), fixes=state.fixes + 1))
