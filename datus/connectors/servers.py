"""What PostgreSQL and MySQL share: a database that is reached over the network."""

import socket

from datus.config import DatabaseConfig
from datus.connectors.base import Target
from datus.errors import ConfigError

CONNECT_ADVICE = (
    "Check host, port, user, password and database in agent.yml, and that the server runs."
)
GRACE_S = 0.5
"""Both engines have a statement timeout themselves; this is its way back to us."""


def server_target(config: DatabaseConfig, namespace: str) -> Target:
    """How messages name the database: with its host, without user and password."""
    if config.host is None:
        raise ConfigError(f"Database {namespace}/{config.name} ({config.type}) needs a host.")
    password = "" if config.password is None else config.password.reveal()
    place = config.host if config.port is None else f"{config.host}:{config.port}"
    return Target(f"{namespace}/{config.name}", place, (password,) if password else ())


def cut(wire: socket.socket) -> None:
    """Shut a connection down under the thread that waits on it, which then sees it lost."""
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already down
