"""Figures that the workers of one server keep in files, so that any of them can tell the sum.

This is the multi-process mode of prometheus-client, with places in the place of process ids: a worker takes the
first place that is free, by a lock that ends with its process. Whoever replaces a dead worker goes on with its
counters, so they never fall and the files never become more than there are workers; and gauges of a place
that nobody holds are not counted, without trusting that a process id means the same process.
"""

import fcntl
import multiprocessing
import os
import shutil
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""What the library itself reads; the server's parent sets it for its workers."""

_PLACES = 1_024
_GAUGES = "gauge_livesum_{}.db"
_KINDS = ("counter_{}.db", "histogram_{}.db", _GAUGES)
# As large as the library makes them. Written in full at once, because it maps them into memory: a disk that is
# full when a hole of the file is touched would end the process by a signal.
_FILE_BYTES = 1 << 20


@contextmanager
def shared_figures(env: MutableMapping[str, str]) -> Iterator[None]:
    """A directory of its own for the figures of a server's workers, as long as their parent runs.

    It is made where temporary files are, readable by this user alone.

    Args:
        env: The environment that the workers get; it names the directory meanwhile.
    """
    with TemporaryDirectory(prefix="datus-figures-", ignore_cleanup_errors=True) as directory:
        env[DIRECTORY_VARIABLE] = directory
        try:
            yield
        finally:
            env.pop(DIRECTORY_VARIABLE, None)


class SharedFigures:
    """One worker's place among the others.

    Args:
        directory: Of this server alone.

    Raises:
        OSError: The directory cannot be written, or its disk is full.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place, self._lock = self._take_place()
        self._gauges(self._place).unlink(missing_ok=True)
        for kind in _KINDS:
            with (directory / kind.format(self._place)).open("ab") as file:
                file.write(bytes(max(0, _FILE_BYTES - file.tell())))
        os.environ[DIRECTORY_VARIABLE] = str(directory)
        # The library's own way to another name than the process id's.
        values.ValueClass = values.MultiProcessValue(lambda: self._place)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        """The sums over all workers, dead ones' counters included."""
        self._forget_the_dead()
        collector = MultiProcessCollector(None, str(self._directory))  # type: ignore[no-untyped-call]
        found: Iterable[Metric] = collector.collect()  # type: ignore[no-untyped-call]
        return found

    def close(self) -> None:
        """Leave the place; its counters stay for the next to take it.

        Where the parent is gone, which would have done it, nobody will ask for the files again.
        """
        self._gauges(self._place).unlink(missing_ok=True)
        os.close(self._lock)
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            shutil.rmtree(self._directory, ignore_errors=True)

    def _gauges(self, place: int) -> Path:
        return self._directory / _GAUGES.format(place)

    def _take_place(self) -> tuple[int, int]:
        for place in range(_PLACES):
            lock = self._locked(place)
            if lock is not None:
                return place, lock
        raise OSError(f"{self._directory} has no place left for another worker's figures")

    def _locked(self, place: int) -> int | None:
        """The open, locked file of a place; None where another process holds it."""
        lock = os.open(self._directory / f"{place}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _forget_the_dead(self) -> None:
        for file in self._directory.glob(_GAUGES.format("*")):
            place = int(file.stem.rpartition("_")[2])
            if place == self._place:
                continue
            lock = self._locked(place)
            if lock is not None:
                file.unlink(missing_ok=True)
                os.close(lock)
