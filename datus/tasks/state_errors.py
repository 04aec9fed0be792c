"""What goes wrong with the state file, said to people: which file, what happened, what to do."""

import logging
from pathlib import Path

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
