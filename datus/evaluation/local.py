"""The real service in this process as the one who answers, with a task store that is thrown away."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from datus.auth import Client
from datus.config import DatabaseConfig, NamespaceConfig, Settings
from datus.connectors.registry import Connectors
from datus.errors import InvalidRequestError, NotFoundError
from datus.evaluation.datasets import Item
from datus.evaluation.runner import Answered
from datus.generation.base import Generator
from datus.service import RunRequest, Service
from datus.sql.dialects import sqlglot_name
from datus.types import QueryResult, ResultColumn

BY_DATABASE = "{database}"
"""In a namespace's name it stands for each question's database: one namespace a database."""

_CLIENT = Client(id="evaluation", namespaces=None, scopes=None, rate_limit=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of whom: ``today`` is for items that name no day of their own."""

    workflow: str
    namespace: str
    today: date | None = None

    def place(self, item: Item) -> tuple[str, str | None]:
        """Namespace and database (None: its only one) of a question.

        Raises:
            InvalidRequestError: The namespace depends on the database, and the item names none.
        """
        if BY_DATABASE not in self.namespace:
            return self.namespace, item.database
        if item.database is None:
            raise InvalidRequestError(
                f"Question {item.number} names no database, and --namespace {self.namespace} needs it."
            )
        return self.namespace.replace(BY_DATABASE, item.database), None


class Local:
    """Answers questions by the service and runs references straight on the connectors."""

    def __init__(
        self,
        settings: Settings,
        service: Service,
        connectors: Connectors,
        plan: Plan,
        timer: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._service = service
        self._connectors = connectors
        self._plan = plan
        self._timer = timer

    async def answer(self, item: Item) -> Answered:
        """Put the question to the workflow and wait for its end.

        A question that no request may hold (empty, too long) counts as failed.
        """
        namespace, database = self._plan.place(item)
        request = RunRequest(
            workflow=self._plan.workflow,
            namespace=namespace,
            task=item.question,
            database_name=database,
            current_date=item.today or self._plan.today,
            ext_knowledge=item.knowledge,
        )
        begin = self._timer()
        try:
            task = await self._service.submit(_CLIENT, request)
        except InvalidRequestError as error:
            return Answered("failed", None, None, self._timer() - begin, error.code, error.message)
        answer = await self._service.wait(_CLIENT, task.task_id)
        return _answered(answer, self._timer() - begin)

    async def reference(self, item: Item, sql: str) -> QueryResult:
        """Rows of a reference query, under the limits that the workflow has."""
        database = find_database(self._settings, self._plan, item)
        connector = self._connectors.get(self._plan.place(item)[0], database.name)
        limits = self._settings.server
        return await connector.execute(
            sql,
            max_rows=limits.max_rows,
            timeout_s=limits.statement_timeout_s,
            max_bytes=limits.max_result_bytes,
        )


@asynccontextmanager
async def open_local(
    settings: Settings,
    plan: Plan,
    *,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
    timer: Callable[[], float],
    generator: Generator | None = None,
) -> AsyncIterator[Local]:
    """A service over ``settings`` with a task store of its own, closed and removed at the end.

    Args:
        clock: The service's clock.
        random: The service's randomness: so many bytes.
        timer: Seconds that only go forward, to measure latency.
        generator: Writes the SQL in place of the model that the settings name.
    """
    with tempfile.TemporaryDirectory(prefix="datus-eval-") as folder:
        settings = replace(settings, state_path=Path(folder) / "state.db", state_url=None)
        service = await Service.open(settings, clock=clock, random=random, generator=generator)
        connectors = Connectors(settings)
        try:
            yield Local(settings, service, connectors, plan, timer)
        finally:
            await connectors.close()
            await service.close(grace_s=0)


def find_database(settings: Settings, plan: Plan, item: Item) -> DatabaseConfig:
    """The database that a question is about.

    Raises:
        NotFoundError: The namespace or the database does not exist.
        InvalidRequestError: The namespace has several databases, and the item names none.
    """
    name, database = plan.place(item)
    namespace = settings.namespaces.get(name)
    if namespace is None:
        raise NotFoundError(
            f"There is no namespace {name!r}; there are: {', '.join(settings.namespaces)}."
        )
    return _pick(namespace, database, item)


def references_dialect(settings: Settings, plan: Plan, items: Iterable[Item]) -> str | None:
    """sqlglot's name of the one dialect of all references; None where they are in several.

    Raises:
        NotFoundError, InvalidRequestError: As `find_database`, before any question is asked.
    """
    dialects = {sqlglot_name(find_database(settings, plan, item).type) for item in items}
    return dialects.pop() if len(dialects) == 1 else None


def _pick(namespace: NamespaceConfig, database: str | None, item: Item) -> DatabaseConfig:
    if database is None and len(namespace.databases) == 1:
        return namespace.databases[0]
    if database is None:
        raise InvalidRequestError(
            f"Question {item.number} names no database, and the namespace {namespace.name!r} has"
            f" {len(namespace.databases)}; say with --database-key where the name stands."
        )
    for config in namespace.databases:
        if config.name == database:
            return config
    raise NotFoundError(
        f"The namespace {namespace.name!r} has no database {database!r} (question {item.number});"
        f" with one namespace a database, say --namespace '{BY_DATABASE}'."
    )


def _answered(answer: Mapping[str, Any], elapsed_s: float) -> Answered:
    error = answer["error"] or {}
    return Answered(
        status=answer["status"],
        sql=answer["sql"],
        result=_result(answer) if answer["status"] == "completed" else None,
        elapsed_s=elapsed_s,
        code=error.get("code"),
        message=error.get("message"),
    )


def _result(answer: Mapping[str, Any]) -> QueryResult:
    metadata = answer["metadata"]
    columns = tuple(ResultColumn(c["name"], c["type"]) for c in metadata["columns"])
    rows = tuple(tuple(row[column.name] for column in columns) for row in answer["result"])
    cut = metadata["truncated_by"]
    return QueryResult(columns, rows, metadata["truncated"], elapsed_s=0.0, truncated_by=cut)
