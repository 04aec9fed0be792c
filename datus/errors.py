"""The error tree. Every failure a person can meet is one of these; nothing returns a success flag.

An error says what happened, names the value, and says what to do. ``code`` is stable and meant for
programs, ``message`` is for people, ``details`` is JSON and holds what helps to go on (the names that
exist, the readings that tie). None of the three ever holds a secret or a connection string.
"""

from collections.abc import Mapping
from typing import Any, Literal

RefusalCode = Literal["ambiguous", "unanswerable", "not_permitted", "unsafe_sql"]


class DatusError(Exception):
    """Base of every error that datus raises on purpose.

    Args:
        message: One or two sentences for the reader: what happened, which value, what to do.
        code: Stable identifier; the class's own when absent.
        details: JSON-typed help for programs.
        public: What callers of the service are told where the message names a host or a path of
            whoever runs it; the message itself when absent.
    """

    default_code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        public: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.public = public or message
        self.code = code or self.default_code
        self.details: dict[str, Any] = dict(details or {})


class ConfigError(DatusError):
    """A setting, a file of the operator's or a combination of flags that cannot be used.

    Its message names files and settings, which callers of the service are not told.
    """

    default_code = "config_invalid"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
        public: str = "The service is set up wrongly for this; its operator finds the cause in the log.",
    ) -> None:
        super().__init__(message, code=code, details=details, public=public)


class AuthError(DatusError):
    """The caller is not who it says, or its token is absent, wrong or over (HTTP 401)."""

    default_code = "invalid_token"


class ForbiddenError(DatusError):
    """The caller is known and lacks the scope (HTTP 403)."""

    default_code = "insufficient_scope"


class RateLimitedError(DatusError):
    """Too many attempts or requests (HTTP 429); ``details["retry_after"]`` is in seconds."""

    default_code = "rate_limited"


class InvalidRequestError(DatusError):
    """A request field that cannot be used (HTTP 422); ``details["field"]`` names it."""

    default_code = "invalid_request"


class NotFoundError(DatusError):
    """A task, workflow, namespace or database that does not exist for this caller (HTTP 404)."""

    default_code = "not_found"


class ConflictError(DatusError):
    """The request disagrees with what is stored (HTTP 409)."""

    default_code = "conflict"


class UnavailableError(DatusError):
    """A part that the service needs does not answer now (HTTP 503)."""

    default_code = "unavailable"


class RefusalError(DatusError):
    """The question is understood well enough to know that it must not or cannot be answered.

    It ends a run with status ``refused``, never ``failed``: the data has no answer, two readings tie,
    the caller may not, or the SQL is not a harmless query.
    """

    default_code = "unanswerable"

    def __init__(
        self, message: str, *, code: RefusalCode, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, code=code, details=details)


class DatabaseError(DatusError):
    """The database refused or broke off the statement; the message is the database's own, cleaned."""

    default_code = "database_error"


class InvalidSqlError(DatabaseError):
    """A statement that cannot mean what was asked, found before the database runs it: types, groups, values."""

    default_code = "invalid_sql"


class StatementTimeoutError(DatabaseError):
    """The statement ran longer than its limit and was stopped in the database."""

    default_code = "statement_timeout"


class DatabaseUnreachableError(DatabaseError):
    """No connection to the database could be made."""

    default_code = "database_unreachable"


class FenceError(DatusError):
    """A run tried to write though it no longer owns its task; the run stops without a trace."""

    default_code = "fence_lost"
