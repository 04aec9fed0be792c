"""What a person decided about proposals: a file of JSON lines that only grows.

It stands beside the versions of its namespace, so that every build takes what is accepted in.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from datus.errors import ConfigError, ConflictError, UnavailableError
from datus.knowledge.learning import Proposal
from datus.types import ReferenceSql

Verdict = Literal["accepted", "rejected", "revoked"]
"""``revoked`` takes an acceptance back."""

FILE = "decisions.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a proposal, with all of it, so that nothing else is needed to build it in."""

    verdict: Verdict
    decided_at: datetime
    proposal: Proposal


def decisions(folder: Path) -> Mapping[str, Decision]:
    """The decision that stands for each proposal by its id, in the order in which they were made.

    Args:
        folder: That of the namespace's versions.

    Raises:
        ConfigError: A line of the file is not a decision; it names file and line.
        UnavailableError: The file cannot be read.
    """
    return _standing(folder / FILE, _read(folder / FILE))


def accepted(folder: Path) -> tuple[ReferenceSql, ...]:
    """The reference SQL that is accepted now, in the order in which it was. Raises as ``decisions``."""
    stand = (each for each in decisions(folder).values() if each.verdict == "accepted")
    found = (each.proposal.reference for each in stand)
    return tuple(dict.fromkeys(each for each in found if each is not None))


@contextmanager
def deciding(folder: Path) -> Iterator[None]:
    """Hold the right to decide, among all processes of this host.

    Raises:
        ConflictError: Another process decides now.
        UnavailableError: The folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / ".review", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _failed(folder, "cannot be written", error) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"Another process decides about the proposals in {folder} now; wait for it to end."
            ) from error
        yield
    finally:
        os.close(lock)


def decide(folder: Path, made: Sequence[Decision]) -> None:
    """Add decisions, all of them durable when this returns. Call it inside ``deciding``.

    Raises:
        ConfigError: As ``decisions``.
        UnavailableError: The file cannot be written.
    """
    path = folder / FILE
    data = _read(path)
    _standing(path, data)  # nothing is added to a file that cannot be read
    lines = b"".join(_line(each) for each in made)
    kept = _whole(data)
    if kept and not kept.endswith(b"\n"):
        lines = b"\n" + lines
    try:
        flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.truncate(len(kept))
            file.seek(len(kept))
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _failed(path, "cannot be written", error) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _failed(path, "cannot be read", error) from error


def _whole(data: bytes) -> bytes:
    """The data without a last line that a crash cut off while it was written: nobody was told of it."""
    head, mark, tail = data.rpartition(b"\n")
    try:
        if tail:
            _adapter().validate_json(tail)
    except ValidationError:
        return head + mark
    return data


def _standing(path: Path, data: bytes) -> Mapping[str, Decision]:
    found: dict[str, Decision] = {}
    for number, line in enumerate(_whole(data).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            each = _adapter().validate_json(line)
        except ValidationError as error:
            raise ConfigError(
                f"{path}:{number}: this line is not a decision; mend it, or restore the file from a copy. "
                "Nothing is built or decided until then."
            ) from error
        found.pop(each.proposal.id, None)  # the order is that of the last decision
        found[each.proposal.id] = each
    return found


def _line(decision: Decision) -> bytes:
    return _adapter().dump_json(decision) + b"\n"


@cache
def _adapter() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


def _failed(path: Path, what: str, error: OSError) -> UnavailableError:
    return UnavailableError(f"{path} {what}: {error.strerror}. Check its owner and the disk.")
