"""The service: questions in, tasks run, answers and events out. It knows no web framework.

Whoever accepts a task runs it, as an asyncio task of this process. Callers never wait for the run
itself: they read the task's log and record in the store, which any process can write.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from datus.auth import Client
from datus.config import NamespaceConfig, NodeSettings, Settings
from datus.connectors.registry import Connectors
from datus.errors import (
    DatusError,
    InvalidRequestError,
    NotFoundError,
    RefusalError,
    UnavailableError,
)
from datus.generation.base import Generator
from datus.generation.registry import make_generator
from datus.knowledge.embeddings import make_embedder
from datus.knowledge.library import Knowledge, metrics_database
from datus.knowledge.search import LinkingRate
from datus.knowledge.snapshot import within
from datus.llm.base import BudgetError
from datus.llm.registry import Models
from datus.service.health import SHUTTING_DOWN, Unready, check_nodes, ping_one
from datus.service.requests import (
    RunRequest,
    as_json,
    check_fields,
    databases_of,
    fingerprint,
)
from datus.service.spending import Counters, Spending, make_cache, trace_line
from datus.sql.guard import check as guard
from datus.tasks.engines import migrate, open_store
from datus.tasks.store import FeedbackStatus, TaskDetail, TaskRecord, TaskStore, id_reused
from datus.telemetry import SILENT, Telemetry
from datus.types import Area, Event, MetricCatalogue, MetricQuery, Question, TaskStatus, area_of
from datus.workflow.definitions import METRIC_QUERY, definitions
from datus.workflow.engine import blank_answer
from datus.workflow.generators import by_settings
from datus.workflow.node import Tools
from datus.workflow.runner import Runner
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow, every_settings
from datus.workflow.steps import as_json as shown

Answer = Mapping[str, Any]
"""What the API's sync mode returns; see ``workflow.engine``."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]", re.ASCII)

# Room for the time and the random part within the 128 characters of an id.
_CLIENT_CHARACTERS = 96

_RETRY_AFTER_S = 5
_PINGS_AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class MetricListing:
    """The metrics that a client sees, and the version of the knowledge that has them."""

    namespace: str
    version: str | None
    catalogue: MetricCatalogue


class Service:
    """Runs workflows for clients; one per process and event loop. Make it with ``open``."""

    def __init__(
        self,
        settings: Settings,
        store: TaskStore,
        tools: Tools,
        workflows: Mapping[str, Workflow],
        models: Models,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        hosted: frozenset[str] | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._tools = tools
        self._workflows = workflows
        self._models = models
        self._clock = clock
        self._random = random
        self._runner = Runner(store, tools, max_running=settings.server.max_running)
        self._places = settings.server.max_running + settings.server.max_queued
        self._spending = Spending(settings, store, hosted, clock)
        self._accepting = True
        self._closed = False

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        generator: Generator | None = None,
        hosted: frozenset[str] | None = None,
        telemetry: Telemetry = SILENT,
    ) -> "Service":
        """Check the workflows, open the store and everything that runs need.

        Tasks that a dead process left behind end as ``failed`` with code ``worker_lost``. Databases
        are connected to when the first question for them comes.

        Args:
            clock: The time, aware of its zone.
            random: That many random bytes, for task ids.
            generator: Writes the SQL in place of every model that the settings name.
            hosted: Nodes that ask hosted models; those whose model is one by the settings when absent.
            telemetry: Is told of runs, nodes and statements.

        Raises:
            ConfigError: A workflow of the configuration cannot be used, or the store is too new.
            UnavailableError: The store cannot be opened.
        """
        workflows = definitions(settings)
        models = _models(settings, random)
        each_settings = tuple(every_settings(workflows.values(), settings))
        for node_settings in each_settings:
            check_nodes(node_settings, models)

        def make(node_settings: NodeSettings) -> Generator:
            return generator or make_generator(settings, node_settings, models.get)

        connectors = Connectors(settings, telemetry)
        tools = Tools(
            settings=settings,
            connectors=connectors,
            knowledge=Knowledge(
                connectors,
                settings,
                embedder=make_embedder(settings.embeddings, attempts=1),
                clock=time.monotonic,
            ),
            generator_of=by_settings(each_settings, make),
            judge_of=models.get,
            guard=guard,
            clock=time.monotonic,
            cache=make_cache(settings.cache, time.monotonic),
            telemetry=telemetry,
        )
        await asyncio.to_thread(migrate, settings.state_path, clock=clock)
        store = await open_store(settings.state_path, clock=clock)
        await store.reap()
        return cls(
            settings, store, tools, workflows, models, clock=clock, random=random, hosted=hosted
        )

    async def submit(self, client: Client, request: RunRequest) -> TaskRecord:
        """Record a request and start its run; a repeated request is found, not run again.

        Returns:
            The task. Its run goes on when the caller is cancelled or goes away.

        Raises:
            NotFoundError: No such workflow, namespace, catalog or database for this client.
            InvalidRequestError: A field cannot be used; ``details["field"]`` names it.
            ConflictError: ``task_id_reused``, the id names another request.
            UnavailableError: Too many tasks wait already, or the service stops.
            BudgetError: What the client may spend on hosted models today is spent, and the workflow
                would ask one.
        """
        workflow = self._workflow(request)
        namespace = self._namespace(client, request.namespace)
        check_fields(request)
        if request.metric_query is not None:
            await self._check_metric_query(namespace, request.metric_query)
        task_id = request.task_id or self._new_task_id(client)
        question = Question(
            text=request.task,
            today=request.current_date or self._today(namespace),
            timezone=namespace.timezone,
            area=area_of(request.domain, request.layer1, request.layer2) or namespace.area,
            ext_knowledge=request.ext_knowledge,
        )
        state = RunState(
            task_id=task_id,
            workflow=workflow.name,
            namespace=namespace.name,
            question=question,
            databases=databases_of(namespace, request),
            schema_name=request.schema_name,
            metric_query=request.metric_query,
            rate=cast(LinkingRate, self._settings.node_settings["schema_linking"]["rate"]),
        )
        if not self._accepting or len(self._runner) >= self._places:
            return await self._known(client, request, self._full())
        try:
            await self._spending.check(client, workflow, request)
        except BudgetError as spent:
            return await self._known(client, request, spent)
        return await asyncio.shield(
            self._runner.keep(self._accept(client, request, workflow, state))
        )

    async def wait(self, client: Client, task_id: str) -> Answer:
        """Return the answer once the task is over, whichever process runs it.

        Raises:
            NotFoundError: The client has no such task.
        """
        return _answer(await self._store.wait(client.id, task_id))

    async def answer(self, client: Client, task_id: str) -> Answer:
        """Return the answer as it is now: ``queued`` or ``running`` before the end.

        Raises:
            NotFoundError: The client has no such task.
        """
        return _answer(await self._store.get(client.id, task_id))

    def events(self, client: Client, task_id: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Return the events numbered above ``after``, those stored and then live, up to ``done``.

        Raises:
            NotFoundError: At the first step, when the client has no such task.
        """
        return self._store.events(client.id, task_id, after)

    async def cancel(self, client: Client, task_id: str) -> None:
        """Ask for the end of a task and its database statement; one that is queued ends at once.

        Raises:
            NotFoundError: The client has no such task.
            ConflictError: ``task_over``.
        """
        await self._store.request_cancel(client.id, task_id)

    async def list(
        self,
        client: Client,
        *,
        status: TaskStatus | None = None,
        namespace: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Mapping[str, Any]:
        """Return the client's tasks, newest first, as ``{"tasks": [...], "next_cursor"}``.

        Raises:
            InvalidRequestError: A cursor that no list gave, or a limit out of bounds.
        """
        tasks, following = await self._store.list(
            client.id, status=status, namespace=namespace, cursor=cursor, limit=limit
        )
        return {"tasks": [_line(task) for task in tasks], "next_cursor": following}

    async def feedback(
        self,
        client: Client,
        task_id: str,
        status: FeedbackStatus,
        comment: str | None = None,
        corrected_sql: str | None = None,
    ) -> str:
        """Keep what the client says of an answer; the newest stands.

        Returns:
            When it was recorded, UTC, ISO 8601.

        Raises:
            NotFoundError: The client has no such task.
            ConflictError: ``task_running``.
        """
        kept = await self._store.add_feedback(
            client.id, task_id, status, comment=comment, corrected_sql=corrected_sql
        )
        return _iso(kept.recorded_at)

    async def trace(self, client: Client, task_id: str) -> Mapping[str, Any]:
        """Return a task's requests to hosted models, in order, as far as they are kept; none before its end.

        Raises:
            NotFoundError: The client has no such task.
        """
        calls = await self._store.trace(client.id, task_id)
        return {
            "task_id": task_id,
            "calls": [trace_line(number, call) for number, call in enumerate(calls, start=1)],
        }

    async def counters(self) -> Counters:
        """Return what all processes did and spent so far, from the store that they share."""
        return Counters(await self._store.count_tasks(), await self._store.usage("model"))

    def definitions(self) -> tuple[Mapping[str, Any], ...]:
        """Return every workflow: ``name``, ``description`` and ``nodes`` in order, branches and parts with theirs."""
        return tuple(shown(flow) for flow in self._workflows.values())

    def namespaces(self, client: Client) -> tuple[Mapping[str, Any], ...]:
        """Return the namespaces that the client may use, their databases and dialects."""
        return tuple(
            {
                "name": namespace.name,
                "description": namespace.description,
                "timezone": namespace.timezone,
                "dialects": list(namespace.dialects),
                "databases": [
                    {"name": database.name, "dialect": database.type}
                    for database in namespace.databases
                ],
            }
            for namespace in self._settings.namespaces.values()
            if client.may(namespace.name)
        )

    async def metrics(
        self, client: Client, namespace: str | None, area: Area = ()
    ) -> MetricListing:
        """Return the metrics of a namespace, or of a business area of it, with their dimensions.

        Args:
            namespace: May be absent for a client that may use only one.

        Raises:
            NotFoundError: No such namespace for this client.
            InvalidRequestError: The namespace is absent and there are several.
            ConfigError: The metric definitions cannot be used.
        """
        space = self._namespace(client, namespace or self._only_namespace(client))
        about = metrics_database(space)
        if about is None:
            return MetricListing(space.name, None, MetricCatalogue())
        snapshot = await self._tools.knowledge.snapshot(space.name, (about,))
        catalogue = await asyncio.to_thread(lambda: snapshot.catalogue)
        return MetricListing(space.name, snapshot.version, within(catalogue, area or space.area))

    async def ready(self) -> Mapping[str, Unready]:
        """Return why the service cannot answer now, by part; empty when it can.

        Parts are ``store``, ``service`` and ``<namespace>/<database>``.
        """
        gate = asyncio.Semaphore(_PINGS_AT_A_TIME)
        parts: dict[str, Callable[[], Awaitable[None]]] = {"store": self._store.ping}
        for namespace in self._settings.namespaces.values():
            for database in namespace.databases:
                connector = self._tools.connectors.get(namespace.name, database.name)
                parts[f"{namespace.name}/{database.name}"] = connector.ping
        reasons = await asyncio.gather(*(ping_one(ping, gate) for ping in parts.values()))
        found = {part: reason for part, reason in zip(parts, reasons, strict=True) if reason}
        return found if self._accepting else {**found, "service": SHUTTING_DOWN}

    async def close(self, grace_s: float | None = None) -> None:
        """Take no more, let running tasks finish, stop the rest, and free everything.

        A second call does nothing.

        Args:
            grace_s: Seconds to wait before tasks are stopped, which end as ``failed`` with code
                ``shutdown``; the setting ``shutdown_grace_s`` when absent.
        """
        if self._closed:
            return
        self._closed, self._accepting = True, False
        grace_s = self._settings.server.shutdown_grace_s if grace_s is None else grace_s
        await self._spending.close()
        await self._runner.close(grace_s)
        try:
            await self._store.close()
        finally:
            self._tools.knowledge.close()
            await self._models.close()
            await self._tools.connectors.close()

    def _workflow(self, request: RunRequest) -> Workflow:
        if request.metric_query is not None:
            return METRIC_QUERY
        name = request.workflow
        if name not in self._workflows:
            raise NotFoundError(
                f"There is no workflow {name!r}; there are: {', '.join(self._workflows)}.",
                code="workflow_not_found",
                details={"workflows": list(self._workflows)},
            )
        return self._workflows[name]

    def _namespace(self, client: Client, name: str) -> NamespaceConfig:
        usable = {
            space.name: space
            for space in self._settings.namespaces.values()
            if client.may(space.name)
        }
        if name not in usable:
            raise NotFoundError(
                f"There is no namespace {name!r} for this client; "
                f"it may use: {', '.join(usable) or 'none'}.",
                code="namespace_not_found",
                details={"namespaces": list(usable)},
            )
        return usable[name]

    def _only_namespace(self, client: Client) -> str:
        usable = [name for name in self._settings.namespaces if client.may(name)]
        if len(usable) != 1:
            raise InvalidRequestError(
                f"Say which namespace; this client may use: {', '.join(usable) or 'none'}.",
                details={"field": "namespace"},
            )
        return usable[0]

    async def _check_metric_query(self, space: NamespaceConfig, query: MetricQuery) -> None:
        """Find what is wrong with a caller's metric query before it becomes a task.

        What the data cannot answer is left to the run, which ends as refused.
        """
        about = metrics_database(space)
        if about is None:
            raise NotFoundError(
                f"Namespace {space.name!r} has no metrics.", code="metrics_not_found"
            )
        snapshot = await self._tools.knowledge.snapshot(space.name, (about,))
        schema = snapshot.schema(about)
        with suppress(RefusalError):
            await asyncio.to_thread(snapshot.layer.compile, query, schema.dialect, schema=schema)

    def _today(self, namespace: NamespaceConfig) -> date:
        return self._clock().astimezone(ZoneInfo(namespace.timezone)).date()

    def _new_task_id(self, client: Client) -> str:
        name = _UNSAFE.sub("_", client.id)[:_CLIENT_CHARACTERS]
        now = self._clock().astimezone(UTC)
        return f"{name}_{now:%Y%m%d%H%M%S}_{self._random(4).hex()}"

    async def _known(self, client: Client, request: RunRequest, why: DatusError) -> TaskRecord:
        """Return the task of a repeated request, which takes and costs nothing; refuse any other."""
        if request.task_id is not None:
            with suppress(NotFoundError):
                task = await self._store.get(client.id, request.task_id)
                if task.fingerprint != fingerprint(request):
                    raise id_reused(request.task_id)
                return task
        raise why

    def _full(self) -> UnavailableError:
        why = (
            "is shutting down" if not self._accepting else f"has {len(self._runner)} tasks already"
        )
        return UnavailableError(
            f"The service {why}; send the request again in {_RETRY_AFTER_S} seconds.",
            code="overloaded" if self._accepting else "shutdown",
            details={"retry_after": _RETRY_AFTER_S},
        )

    async def _accept(
        self, client: Client, request: RunRequest, workflow: Workflow, state: RunState
    ) -> TaskRecord:
        task, created = await self._store.submit(
            client.id,
            state.task_id,
            fingerprint(request),
            as_json(request),
            workflow=workflow.name,
            namespace=state.namespace,
        )
        if created:
            meter = self._spending.meter(client)
            self._runner.start(task, workflow, replace(state, meter=meter))
        return task


def _models(settings: Settings, random: Callable[[int], bytes]) -> Models:
    return Models(
        settings.models,
        clock=time.monotonic,
        random=lambda: int.from_bytes(random(4), "big") / 2**32,
        sleep=asyncio.sleep,
    )


def _answer(task: TaskDetail) -> Answer:
    if task.answer is not None:
        return task.answer
    blank = blank_answer(task.task_id, task.workflow, task.status) | {"error": task.error}
    if task.finished_at is None:
        return blank
    # It ended outside a run. The figure is that of its `done`.
    seconds = round(max(0.0, (task.finished_at - task.created_at).total_seconds()), 3)
    return blank | {"metadata": {"execution_time": seconds}, "execution_time": seconds}


def _line(task: TaskRecord) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "status": task.status,
        "workflow": task.workflow,
        "namespace": task.namespace,
        "task": task.request["task"],
        "created_at": _iso(task.created_at),
        "finished_at": _iso(task.finished_at) if task.finished_at else None,
    }


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
