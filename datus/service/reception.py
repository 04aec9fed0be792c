"""What becomes of a request before it is a task: its workflow, its namespace, and the state its run begins with."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from datus.auth import Client
from datus.config import NamespaceConfig, Settings
from datus.errors import InvalidRequestError, NotFoundError
from datus.knowledge.search import LinkingRate
from datus.service.requests import RunRequest, check_fields, databases_of
from datus.types import Question, area_of
from datus.workflow.definitions import METRIC_QUERY
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow

_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]", re.ASCII)

# Room for the time and the random part within the 128 characters of an id.
_CLIENT_CHARACTERS = 96


class Reception:
    """Reads requests by the configuration.

    Args:
        random: That many random bytes, for task ids.
    """

    def __init__(
        self,
        settings: Settings,
        workflows: Mapping[str, Workflow],
        random: Callable[[int], bytes],
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._random = random

    def workflow(self, request: RunRequest) -> Workflow:
        """The workflow that a request names. Raises NotFoundError."""
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

    def namespace(self, client: Client, name: str) -> NamespaceConfig:
        """A namespace that a client may use. Raises NotFoundError for any other."""
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

    def only_namespace(self, client: Client) -> str:
        """The one namespace that a client may use. Raises InvalidRequestError where there are several."""
        usable = [name for name in self._settings.namespaces if client.may(name)]
        if len(usable) != 1:
            raise InvalidRequestError(
                f"Say which namespace; this client may use: {', '.join(usable) or 'none'}.",
                details={"field": "namespace"},
            )
        return usable[0]

    def new_task_id(self, client: Client, now: datetime) -> str:
        """An id that no task has, for a request without one."""
        name = _UNSAFE.sub("_", client.id)[:_CLIENT_CHARACTERS]
        return f"{name}_{now.astimezone(UTC):%Y%m%d%H%M%S}_{self._random(4).hex()}"

    def state(
        self, request: RunRequest, namespace: NamespaceConfig, task_id: str, asked_at: datetime
    ) -> RunState:
        """What a run begins with: the same whenever and wherever it is made.

        Args:
            asked_at: When the request was accepted; it decides what today is where the request does not.

        Raises:
            NotFoundError: The namespace has no such workflow, catalog or database.
            InvalidRequestError: A field cannot be used; ``details["field"]`` names it.
        """
        limits = self._settings.server
        check_fields(request, limits.max_task_timeout_s)
        question = Question(
            text=request.task,
            today=request.current_date or asked_at.astimezone(ZoneInfo(namespace.timezone)).date(),
            timezone=namespace.timezone,
            area=area_of(request.domain, request.layer1, request.layer2) or namespace.area,
            ext_knowledge=request.ext_knowledge,
        )
        return RunState(
            task_id=task_id,
            workflow=self.workflow(request).name,
            namespace=namespace.name,
            question=question,
            databases=databases_of(namespace, request),
            schema_name=request.schema_name,
            metric_query=request.metric_query,
            timeout_s=request.timeout_s,
            rate=cast(LinkingRate, self._settings.node_settings["schema_linking"]["rate"]),
        )
