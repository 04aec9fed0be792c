"""What goes wrong with the state, said to people: which file or server, what happened, what to do."""

import logging
from pathlib import Path

import psycopg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from datus.errors import UnavailableError

# Prefixes of SQLite's error names -> what happened, what to do, and the word for it that anybody may be told.
_CAUSES = (
    ("SQLITE_BUSY", "is locked by another process", "end the program that keeps it open", "locked"),
    ("SQLITE_FULL", "cannot grow: the disk is full", "free some space on its disk", "full"),
    (
        "SQLITE_READONLY",
        "is read-only",
        "let this user write to it and to its directory",
        "read_only",
    ),
    (
        "SQLITE_CANTOPEN",
        "cannot be opened",
        "check that it exists and that this user may open it",
        "unreachable",
    ),
    ("SQLITE_PERM", "may not be opened by this user", "change its owner or mode", "not_permitted"),
    (
        "SQLITE_CORRUPT",
        "is damaged",
        "stop the server and restore it from a copy, or move it away",
        "damaged",
    ),
    ("SQLITE_NOTADB", "is not a SQLite file", "set another state path, or move it away", "damaged"),
    ("SQLITE_IOERR", "could not be read or written by the disk", "check the disk", "failed"),
)
_CODE = "state_unavailable"
_PUBLIC = "The task store does not answer now. Ask again later; the server's log has the cause."

logger = logging.getLogger(__name__)


def from_sqlite(path: Path, error: DBAPIError) -> UnavailableError:
    """For an error of SQLite on this file. One without a known cause goes to the log too."""
    name = getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR")
    for prefix, what, remedy, reason in _CAUSES:
        if name.startswith(prefix):
            message = f"The state file {path} {what}: {remedy}, then try again."
            details = {"reason": reason}
            return UnavailableError(message, code=_CODE, public=_PUBLIC, details=details)
    logger.error("the state file %s failed with %s: %s", path, name, error.orig)
    return UnavailableError(
        f"The state file {path} failed with {name}: see the server's log.",
        code=_CODE,
        public=_PUBLIC,
    )


def from_system(path: Path, error: OSError) -> UnavailableError:
    """For a file or directory beside the state file, or itself before SQLite sees it."""
    return UnavailableError(
        f"{path} cannot be made or opened ({error.strerror}): let this user write to its "
        "directory, or set another state path.",
        code=_CODE,
        public=_PUBLIC,
    )


# States of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html), or the beginnings of
# some -> what happened, what to do.
_STATES = (
    ("53100", "cannot grow: its disk is full", "free some space there", "full"),
    (
        "53300",
        "has no connection left",
        "raise its max_connections, or start fewer processes",
        "unreachable",
    ),
    (
        "28",
        "lets this user not in",
        "check the user and the password of the state URL",
        "not_permitted",
    ),
    ("3D000", "does not exist", "create it, then run `datus state migrate`", "unreachable"),
    ("42501", "may not be written by this user", "grant it what the tables need", "not_permitted"),
    ("25006", "is read-only", "give the address of the primary server", "read_only"),
    ("57P", "is stopping or starting", "wait until it is back", "unreachable"),
    (
        "",
        "cannot be reached",
        "check that it runs and that this machine may reach it",
        "unreachable",
    ),
)


def from_postgresql(url: URL, error: BaseException | None) -> UnavailableError:
    """For an error of PostgreSQL; the driver's own words go to the log, where operators look."""
    state = getattr(error, "sqlstate", None) or ""
    away = isinstance(error, psycopg.OperationalError) and not state
    for beginning, what, remedy, reason in _STATES:
        if state.startswith(beginning) and (beginning or away):
            message = f"The state database {without_secrets(url)} {what}: {remedy}, then try again."
            logger.warning("%s (%s)", message, error)
            details = {"reason": reason}
            return UnavailableError(message, code=_CODE, public=_PUBLIC, details=details)
    kind = state or type(error).__name__
    logger.error("the state database failed with %s: %s", kind, error)
    return UnavailableError(
        f"The state database {without_secrets(url)} failed with {kind}: see the server's log.",
        code=_CODE,
        public=_PUBLIC,
    )


def without_secrets(url: URL) -> str:
    """A state URL as it may be shown: no user, no password, no options."""
    port = f":{url.port}" if url.port else ""
    return f"{url.host or 'on this machine'}{port}/{url.database or ''}"
