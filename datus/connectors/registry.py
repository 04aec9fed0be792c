"""The connectors of a process: one for each database of each namespace, opened when first used."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from datus.config import DatabaseConfig, Settings
from datus.connectors.base import Connector
from datus.connectors.duckdb import open_duckdb
from datus.connectors.mysql import open_mysql
from datus.connectors.postgresql import open_postgresql
from datus.connectors.sqlite import open_sqlite
from datus.connectors.watched import WatchedConnector
from datus.errors import NotFoundError
from datus.telemetry import SILENT, Telemetry
from datus.types import Dialect

T = TypeVar("T")


class OpenConnector(Protocol):
    """Makes a connector without connecting; the driver is imported with the first connection."""

    def __call__(
        self, config: DatabaseConfig, namespace: str, *, max_connections: int, timezone: str
    ) -> Connector: ...


OPENERS: Mapping[Dialect, OpenConnector] = {
    "sqlite": open_sqlite,
    "duckdb": open_duckdb,
    "postgresql": open_postgresql,
    "mysql": open_mysql,
}


class Connectors:
    """Fixed at construction, so that nothing but the pools inside is shared between requests.

    Construction connects to nothing and starts no thread.

    Args:
        telemetry: Is told of every statement.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry = SILENT) -> None:
        self._by_namespace: Mapping[str, Mapping[str, Connector]] = {
            namespace.name: {
                database.name: WatchedConnector(
                    OPENERS[database.type](
                        database,
                        namespace.name,
                        max_connections=settings.server.max_connections,
                        timezone=namespace.timezone,
                    ),
                    telemetry,
                )
                for database in namespace.databases
            }
            for namespace in settings.namespaces.values()
        }

    def get(self, namespace: str, database: str) -> Connector:
        """The connector of a database.

        Raises:
            NotFoundError: No such namespace or database; names those that exist.
        """
        databases = _pick(self._by_namespace, "namespace", namespace)
        return _pick(databases, f"database in namespace {namespace}", database)

    async def close(self) -> None:
        """Close all of them."""
        for databases in self._by_namespace.values():
            for connector in databases.values():
                await connector.close()


def _pick(mapping: Mapping[str, T], what: str, name: str) -> T:
    found = mapping.get(name)
    if found is None:
        names = sorted(mapping)
        raise NotFoundError(
            f"There is no {what} named {name!r}; there are: {', '.join(names) or 'none'}.",
            details={"names": names},
        )
    return found
