"""Where a client stands in its rate limit, as header fields.

``RateLimit-Policy`` and ``RateLimit`` are those of the draft of the IETF (draft-ietf-httpapi-ratelimit-headers,
10th edition: structured fields, with quota, window, remaining and reset); the three others are what earlier
editions had and most client libraries read. All times are seconds from now.
"""

import math
from collections.abc import Mapping

from datus.auth import Standing
from datus.errors import RateLimitedError

PERIOD_S: Mapping[str, int] = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_POLICY = "client"


def headers_of(standing: Standing) -> Mapping[str, str]:
    """The fields of an answer."""
    limit = standing.limit
    window_s = limit.every * PERIOD_S[limit.period]
    reset_s = _seconds(standing)
    return {
        "RateLimit-Policy": f'"{_POLICY}";q={limit.count};w={window_s}',
        "RateLimit": f'"{_POLICY}";r={standing.remaining};t={reset_s}',
        "RateLimit-Limit": str(limit.count),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(reset_s),
    }


def require_allowed(standing: Standing) -> None:
    """Raise RateLimitedError where the request is one too many."""
    if not standing.allowed:
        wait_s = _seconds(standing)
        raise RateLimitedError(
            f"This client may send {standing.limit.count} requests in {_period(standing)}: "
            f"send this one again in {wait_s} seconds.",
            details={"retry_after": wait_s, "limit": str(standing.limit)},
        )


def _seconds(standing: Standing) -> int:
    return max(1, math.ceil(standing.reset_s))


def _period(standing: Standing) -> str:
    limit = standing.limit
    return f"a {limit.period}" if limit.every == 1 else f"{limit.every} {limit.period}s"
