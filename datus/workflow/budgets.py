"""What hosted models may cost, and what is spent of it today: the ledger of one process."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from datus.config import BudgetConfig
from datus.llm.base import BudgetError
from datus.types import Usage

# How old what the store said may be. Other processes' tasks show there once they are over.
_FRESH_S = 1.0

_ALL = "all clients together"
_NOTHING = Usage()


@dataclass(slots=True)
class _Sum:
    tokens: int = 0
    usd: float = 0.0

    def add(self, other: "_Sum", sign: int = 1) -> None:
        self.tokens += sign * other.tokens
        self.usd = max(0.0, self.usd + sign * other.usd)


_Sums = defaultdict[str, _Sum]


def tokens_of(usage: Usage) -> int:
    """What budgets of tokens count: those in, cached or not, and those out."""
    return usage.input_tokens + usage.output_tokens


class Ledger:
    """What is spent on hosted models today (UTC).

    That is what tasks that are over have spent, as the store has it, and what this process's own tasks
    have spent that is not there yet. What another process's tasks spend while they run is not known, so
    several processes may together pass a budget by what is in flight. A cost that is not known counts
    as none.

    Args:
        read: What each client spent on a day, from the store.
        now: The time, aware of its zone.
    """

    def __init__(
        self,
        read: Callable[[date], Awaitable[Mapping[str, Usage]]],
        now: Callable[[], datetime],
    ) -> None:
        self._read = read
        self._now = now
        self._day = self._today()
        self._read_at: datetime | None = None
        self._stored: _Sums = defaultdict(_Sum)
        self._own: _Sums = defaultdict(_Sum)  # not in `_stored`
        self._settled: _Sums = defaultdict(_Sum)  # the part of `_own` that the next read will have

    async def refresh(self) -> None:
        """Read the store again where what it said is older than a second. Raises UnavailableError."""
        now = self._now()
        self._roll()
        if self._read_at is not None and now - self._read_at < timedelta(seconds=_FRESH_S):
            return
        self._read_at, day = now, self._day
        settled, self._settled = self._settled, defaultdict(_Sum)
        try:
            found = await self._read(day)
        except BaseException:
            self._read_at = None
            _add(self._settled, settled)
            raise
        _add(self._own, settled, -1)
        if day == self._day:
            sums = {name: _Sum(tokens_of(used), used.cost or 0.0) for name, used in found.items()}
            self._stored = defaultdict(_Sum, sums)

    def add(self, client_id: str, usage: Usage) -> None:
        """Count what a running task of this process spent."""
        self._own[client_id].add(_Sum(tokens_of(usage), usage.cost or 0.0))

    def settle(self, client_id: str, usage: Usage) -> None:
        """Say that a task is over: the store has what was added of it, or nothing will ever."""
        self._settled[client_id].add(_Sum(tokens_of(usage), usage.cost or 0.0))

    def check(self, client_id: str, budget: BudgetConfig, task: Usage = _NOTHING) -> None:
        """Hold a client, and a task of its, to their budgets.

        Raises:
            BudgetError: One is spent; ``details`` has its name, limit, what is spent, when it is new.
        """
        self._roll()
        own, stored = self._own[client_id], self._stored[client_id]
        everybody = sum(each.usd for sums in (self._own, self._stored) for each in sums.values())
        who = f"client {client_id!r}"
        for name, limit, spent, whose in (
            ("request_tokens", budget.request_tokens, tokens_of(task), "this task"),
            ("request_usd", budget.request_usd, task.cost or 0.0, "this task"),
            ("client_day_tokens", budget.client_day_tokens, own.tokens + stored.tokens, who),
            ("client_day_usd", budget.client_day_usd, own.usd + stored.usd, who),
            ("day_usd", budget.day_usd, everybody, _ALL),
        ):
            if limit is not None and spent >= limit:
                raise self._over(name, limit, spent, whose)

    def _over(self, name: str, limit: float, spent: float, whose: str) -> BudgetError:
        unit = "tokens" if name.endswith("tokens") else "US dollars"
        amount = f"{round(spent, 6):,.10g} of {limit:,.10g} {unit} for hosted models"
        details: dict[str, str | float] = {"budget": name, "limit": limit, "spent": round(spent, 6)}
        if name.startswith("request"):
            return BudgetError(
                f"The budget {name} is spent: {whose} took {amount}. Ask for less at once, or have "
                f"the operator raise agent.budget.{name}.",
                details=details,
            )
        renewed = datetime.combine(self._day + timedelta(days=1), datetime.min.time(), UTC)
        at = renewed.isoformat().replace("+00:00", "Z")
        wait = max(1.0, (renewed - self._now()).total_seconds())
        return BudgetError(
            f"The budget {name} is spent: {whose} took {amount} today. It is new at {at}; or have the "
            "operator raise it.",
            details={**details, "renewed_at": at, "retry_after": int(wait) + 1},
        )

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()

    def _roll(self) -> None:
        """Begin a new day. What still runs counts for it: usage is of the day on which its task ends."""
        today = self._today()
        if today != self._day:
            self._day, self._read_at = today, None
            self._stored = defaultdict(_Sum)
            _add(self._own, self._settled, -1)
            self._settled = defaultdict(_Sum)


def _add(sums: _Sums, others: _Sums, sign: int = 1) -> None:
    for name, other in others.items():
        sums[name].add(other, sign)
