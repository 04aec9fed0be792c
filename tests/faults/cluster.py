"""A PostgreSQL server of a test's own, which can be stopped and started."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "postgres"


class MissingError(Exception):
    """There is no PostgreSQL to make a cluster with; the text says what is missing."""


class Cluster:
    """A running server. Its files belong to the user it runs as: it refuses to be root's."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]

    def url(self, database: str) -> str:
        """The address of a database in it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def connect(self) -> psycopg.Connection:
        """A connection that commits each statement."""
        return psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=10)

    def make(self) -> None:
        """Make the files and start."""
        self._run(
            "initdb",
            "--auth=trust",
            f"--username={USER}",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        )
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=60"
        log = str(self._folder / "log")
        self._run("pg_ctl", "--wait", "--log", log, "--options", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """``fast`` ends every session in order; ``immediate`` is a crash."""
        self._run("pg_ctl", "--wait", "--mode", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        as_user = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"]
        command = [str(self._programs / program), "--pgdata", str(self._folder / "data")]
        # A file, not a pipe: the server that is started would hold that open.
        with (self._folder / "said").open("ab") as said:
            done = subprocess.run(
                [*(as_user if os.geteuid() == 0 else []), *command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                timeout=60,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self._folder / 'said').read_text()}")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that runs; its files are removed afterwards. Raises MissingError."""
    programs = _programs()
    # Not below a test's own directory, which the other user may not enter.
    with tempfile.TemporaryDirectory(prefix="datus-faults-", dir="/tmp") as name:
        if os.geteuid() == 0:
            try:
                shutil.chown(name, USER, pwd.getpwnam(USER).pw_gid)
            except LookupError:
                raise MissingError(
                    f"PostgreSQL refuses to run as root, and there is no user {USER}"
                ) from None
        made = Cluster(Path(name), programs)
        made.make()
        try:
            yield made
        finally:
            made.stop("immediate")


def _programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places or not (places[-1] / "initdb").exists():
        raise MissingError("there is no initdb on the PATH or in /usr/lib/postgresql")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        raise MissingError("there is no setpriv to run PostgreSQL as another user than root")
    return places[-1]
