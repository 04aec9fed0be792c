"""Where both sides keep their state, and the peer's own environment. All but the environment is removed again."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

DBOS = "dbos==3.4.0"


def say(text: str) -> None:
    """Tell progress, beside the table."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def sqlite_file() -> Iterator[str]:
    """A URL of a file that is not there yet, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/state.db"


def why_not(server: str) -> str | None:
    """Why PostgreSQL cannot be measured; None when it can."""
    try:
        psycopg.connect(server, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[0]
    return None


def version(server: str) -> str:
    """What PostgreSQL it is."""
    with psycopg.connect(server) as connection:
        return str(connection.info.parameter_status("server_version"))


@contextmanager
def schema(server: str) -> Iterator[str]:
    """A URL whose tables go to a new schema of the database that ``server`` names."""
    name = f"bench_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    try:
        yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@contextmanager
def database(server: str) -> Iterator[str]:
    """A URL of a new database beside the one that ``server`` names."""
    name = f"bench_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(drop)


def dbos_python() -> Path:
    """The interpreter that has DBOS; its environment is made on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    home = cache / "datus-bench" / f"{DBOS.replace('==', '-')}-{version}"
    python, ready = home / "bin" / "python", home / "ready"
    if not ready.exists():
        say(f"making an environment with {DBOS} in {home} ...")
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        _run([str(python), "-m", "pip", "install", "--quiet", DBOS])
        ready.touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
