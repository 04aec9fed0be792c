"""The service: questions in, tasks run, answers and events out. It knows no web framework.

Whoever accepts a task runs it, as an asyncio task of this process. Callers never wait for the run
itself: they read the task's log and record in the store, which any process can write.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

from datus.auth import Client
from datus.config import NamespaceConfig, NodeSettings, Settings
from datus.connectors.registry import Connectors
from datus.errors import (
    DatusError,
    NotFoundError,
    RefusalError,
    UnavailableError,
)
from datus.generation.base import Generator
from datus.generation.registry import make_generator
from datus.knowledge.embeddings import make_embedder
from datus.knowledge.library import Knowledge, metrics_database
from datus.knowledge.snapshot import within
from datus.llm.base import BudgetError
from datus.llm.registry import Models
from datus.service.health import SHUTTING_DOWN, Unready, check_nodes, ping_one
from datus.service.keeping import Keeper
from datus.service.rates import Rates
from datus.service.reception import Reception
from datus.service.requests import RunRequest, as_json, fingerprint, of_json
from datus.service.spending import Counters, Spending, make_cache, trace_line
from datus.service.tending import Tending
from datus.sql.guard import check as guard
from datus.tasks.engines import open_store, prepare
from datus.tasks.store import FeedbackStatus, TaskDetail, TaskRecord, TaskStore, id_reused
from datus.telemetry import SILENT, Telemetry
from datus.types import Area, Event, MetricCatalogue, MetricQuery, TaskStatus
from datus.workflow.definitions import definitions
from datus.workflow.generators import by_settings
from datus.workflow.node import Tools
from datus.workflow.outcome import blank_answer
from datus.workflow.runner import Places, Runner
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow, every_settings
from datus.workflow.steps import as_json as shown

Answer = Mapping[str, Any]
"""What the API's sync mode returns; see ``workflow.engine``."""

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
        client_of: Callable[[str], Client | None] = lambda name: None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._tools = tools
        self._workflows = workflows
        self._models = models
        self._clock = clock
        self._reception = Reception(settings, workflows, random)
        self._runner = Runner(store, tools, places_of(settings))
        self._spending = Spending(settings, store, hosted, clock)
        self._client_of = client_of
        self._tending = Tending(store, self._runner, self._go_on)
        self.rates = Rates(settings.rate_limits, store.rates)
        self._keeper = Keeper(settings, store, clock=clock, timer=time.monotonic)
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
        client_of: Callable[[str], Client | None] = lambda name: None,
        telemetry: Telemetry = SILENT,
    ) -> "Service":
        """Check the workflows, open the store and everything that runs need.

        Tasks that dead processes left behind are gone on with. Databases are connected to when the first
        question for them comes.

        Args:
            clock: The time, aware of its zone.
            random: That many random bytes, for task ids.
            generator: Writes the SQL in place of every model that the settings name.
            hosted: Nodes that ask hosted models; those whose model is one by the settings when absent.
            client_of: A client by its id, for the budget of a task that is taken over.
            telemetry: Is told of runs, nodes and statements.

        Raises:
            ConfigError: A workflow of the configuration cannot be used, or the store is older or newer.
            UnavailableError: The store cannot be opened.
        """
        workflows = definitions(settings)
        models = _models(settings, random)
        tools = _tools(settings, workflows.values(), models, generator, telemetry)
        await asyncio.to_thread(prepare, settings.state, clock=clock)
        return cls(
            settings,
            await open_store(settings.state, clock=clock),
            tools,
            workflows,
            models,
            clock=clock,
            random=random,
            hosted=hosted,
            client_of=client_of,
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
        workflow = self._reception.workflow(request)
        namespace = self._reception.namespace(client, request.namespace)
        now = self._clock()
        task_id = request.task_id or self._reception.new_task_id(client, now)
        state = self._reception.state(request, namespace, task_id, now)
        if request.metric_query is not None:
            await self._check_metric_query(namespace, request.metric_query)
        if not self._accepting or not self._runner.has_place(namespace.name):
            return await self._known(client, request, self._full(namespace.name))
        try:
            await self._spending.check(client, workflow, request)
        except BudgetError as spent:
            return await self._known(client, request, spent)
        accepted = self._accept(client, request, workflow, state)
        return await asyncio.shield(self._runner.keep(accepted, namespace.name))

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
        space = self._reception.namespace(
            client, namespace or self._reception.only_namespace(client)
        )
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

    def drain(self) -> None:
        """Take no more; what waits for its turn is handed back to other processes, what runs goes on."""
        self._accepting = False
        self._runner.drain()

    async def close(self, grace_s: float | None = None) -> None:
        """Take no more, let running tasks finish, hand the rest back, and free everything.

        A second call does nothing.

        Args:
            grace_s: Seconds to wait before tasks are stopped, which other processes then go on with; the
                setting ``shutdown_grace_s`` when absent.
        """
        if self._closed:
            return
        self._closed = True
        self.drain()
        grace_s = self._settings.server.shutdown_grace_s if grace_s is None else grace_s
        await self._tending.close()
        await self._keeper.close()
        await self._runner.close(grace_s)
        try:
            await self._store.close()
        finally:
            self._tools.knowledge.close()
            await self._models.close()
            await self._tools.connectors.close()
            await self.rates.close()

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

    async def _known(self, client: Client, request: RunRequest, why: DatusError) -> TaskRecord:
        """Return the task of a repeated request, which takes and costs nothing; refuse any other."""
        if request.task_id is not None:
            with suppress(NotFoundError):
                task = await self._store.get(client.id, request.task_id)
                if task.fingerprint != fingerprint(request):
                    raise id_reused(request.task_id)
                return task
        raise why

    def _go_on(self, task: TaskRecord) -> None:
        """Run a task that another process left."""
        self._tools.telemetry.taken_over(1)
        request = of_json(task.request)
        namespace = self._settings.namespaces.get(task.namespace)
        if namespace is None:
            raise NotFoundError(
                f"There is no namespace {task.namespace!r} any more.", code="namespace_not_found"
            )
        state = self._reception.state(request, namespace, task.task_id, task.created_at)
        meter = self._spending.meter(self._client_of(task.client_id) or Client(task.client_id))
        self._runner.start(task, self._reception.workflow(request), replace(state, meter=meter))

    def _full(self, namespace: str) -> UnavailableError:
        why = (
            "is shutting down"
            if not self._accepting
            else f"has {len(self._runner)} tasks already, too many of them for namespace {namespace!r}"
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


def places_of(settings: Settings) -> Places:
    """How many tasks a process takes, and how many of one namespace."""
    server, share = settings.server, 0.75 if len(settings.namespaces) > 1 else 1.0
    running, queued = server.max_running_per_namespace, server.max_queued_per_namespace
    return Places(
        server.max_running,
        server.max_queued,
        ceil(server.max_running * share) if running is None else running,
        ceil(server.max_queued * share) if queued is None else queued,
    )


def _tools(
    settings: Settings,
    workflows: Iterable[Workflow],
    models: Models,
    generator: Generator | None,
    telemetry: Telemetry,
) -> Tools:
    """What nodes work with. Raises ConfigError where they are set in a way that they cannot."""
    each_settings = tuple(every_settings(workflows, settings))
    for node_settings in each_settings:
        check_nodes(node_settings, models)

    def make(node_settings: NodeSettings) -> Generator:
        return generator or make_generator(settings, node_settings, models.get)

    connectors = Connectors(settings, telemetry)
    return Tools(
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
