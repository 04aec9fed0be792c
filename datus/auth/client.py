"""Who calls, and what it may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from datus.config import RateLimit
from datus.errors import ForbiddenError

Scope = Literal["workflows:run", "workflows:read", "feedback:write", "trace:read", "metrics:scrape"]

SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        "workflows:run": "start and cancel workflows",
        "workflows:read": "read tasks, their events, workflow definitions and namespaces",
        "feedback:write": "give feedback on answers",
        "trace:read": "read what hosted models were asked and what they said",
        "metrics:scrape": "read the service's counters, of all clients together",
    }
)

USUAL_SCOPES: frozenset[Scope] = frozenset({"workflows:run", "workflows:read", "feedback:write"})
"""What a client has whose scopes are not listed. The others show the inside of the service: they must be named."""


@dataclass(frozen=True)
class Client:
    """A caller that was recognised.

    Attributes:
        id: Its name in ``auth_clients.yml``.
        namespaces: The namespaces it may use; None for every one.
        scopes: What it may do; None for everything.
        rate_limit: Its own limit; None for the service's.
        budget_usd_per_day: What it may spend on hosted models in a day (UTC), in place of the service's
            ``client_day_usd``; None for that.
    """

    id: str
    namespaces: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    rate_limit: RateLimit | None = None
    budget_usd_per_day: float | None = None

    def may(self, namespace: str) -> bool:
        """Whether the client may use the namespace; if not, it does not exist for it."""
        return self.namespaces is None or namespace in self.namespaces

    def require(self, scope: Scope) -> None:
        """Go on only with the scope.

        Raises:
            ForbiddenError: The client or its token lacks it.
        """
        if self.scopes is not None and scope not in self.scopes:
            raise ForbiddenError(
                f"This needs the scope {scope!r} ({SCOPES[scope]}), which the token does not have.",
                details={"scope": scope},
            )
