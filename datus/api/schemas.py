"""Bodies and answers of the API, as pydantic models: what is checked and what ``/docs`` shows."""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from datus.service import MAX_TASK_CHARACTERS, TASK_ID
from datus.types import (
    DimensionKind,
    FilterOperator,
    Grain,
    MetricFilter,
    MetricKind,
    MetricOrder,
    MetricQuery,
    TaskStatus,
)

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _encodable(text: str) -> str:
    """JSON can spell half of a surrogate pair; pydantic refuses it only where it counts characters."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be Unicode text; it has half of a surrogate pair")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _iso_date(value: Any) -> date | None:
    """pydantic alone would take a Unix time or a date with a time for a date."""
    if value is None:
        return None
    if isinstance(value, str) and ISO_DATE.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("must be an ISO date such as 2024-01-15")


Plain = Annotated[str, AfterValidator(_encodable)]
# `_not_blank` as /openapi.json can say it; its own words are better than pydantic's for the two.
NOT_BLANK = Field(json_schema_extra={"minLength": 1})
Text = Annotated[Plain, AfterValidator(_not_blank), NOT_BLANK]
Task = Annotated[str, Field(max_length=MAX_TASK_CHARACTERS), AfterValidator(_not_blank), NOT_BLANK]
IsoDate = Annotated[date | None, BeforeValidator(_iso_date)]
TaskId = Annotated[
    str,
    Field(
        pattern=f"^{TASK_ID.pattern}$",
        description="1 to 128 of A-Z a-z 0-9 . _ : -",
        examples=["client_20240115143000_1f9c"],
    ),
]


Seconds = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
TIMEOUT = "longest time that the task may take, from its acceptance to its end, in seconds"


class Body(BaseModel):
    """A request body: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


EXAMPLE: JsonDict = {
    "workflow": "nl2sql",
    "namespace": "demo",
    "task": "Show me monthly revenue by product category",
}


class RunBody(Body):
    """A question for a workflow."""

    # One body that works as it is: /docs would fill every optional field with "string".
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    workflow: Text = Field(
        description="nl2sql, reflection, fixed, metric_to_sql, or one of the configuration's"
    )
    namespace: Text = Field(description="database namespace of the configuration")
    task: Task = Field(description="the question, in English or Chinese")
    mode: Literal["sync", "async"] = Field(
        "sync", description="sync waits for the answer, async streams the events"
    )
    task_id: TaskId | None = Field(
        None, description="the caller's own id; the same request again under it runs nothing"
    )
    catalog_name: Plain | None = Field(None, description="narrows the namespace")
    database_name: Plain | None = Field(None, description="narrows the namespace")
    schema_name: Plain | None = Field(None, description="narrows the namespace")
    current_date: IsoDate = Field(
        None,
        description="today for time expressions, else today in the namespace's time zone",
        examples=["2024-01-15"],
    )
    domain: Plain | None = Field(None, description="business area")
    layer1: Plain | None = Field(None, description="business area, first layer")
    layer2: Plain | None = Field(None, description="business area, second layer")
    ext_knowledge: Plain | None = Field(None, description="more business context")
    timeout_s: Seconds | None = Field(None, description=TIMEOUT, examples=[60])


class FilterBody(Body):
    """A condition on a dimension."""

    dimension: Text
    operator: FilterOperator = "="
    values: list[Plain | int | float | bool] = Field(
        min_length=1, description="one value, or several for `in` and `not in`"
    )


class OrderBody(Body):
    """A place in the order of the rows."""

    by: Text = Field(description="a metric or dimension of the query, or metric_time")
    descending: bool = False


class MetricQueryBody(Body):
    """A metric query, as `metadata.metric_query` shows the one behind an answer."""

    metrics: list[Text] = Field(min_length=1, description="names of metrics")
    dimensions: list[Text] = Field(default_factory=list, description="names to group by")
    grain: Grain | None = Field(None, description="adds the column metric_time at this grain")
    start: IsoDate = Field(None, description="first day", examples=["2023-01-01"])
    end: IsoDate = Field(None, description="day after the last", examples=["2024-01-01"])
    filters: list[FilterBody] = Field(default_factory=list, description="all of them hold")
    order: list[OrderBody] = Field(default_factory=list)
    limit: int | None = Field(None, ge=1)
    compare: Grain | Literal["previous"] | None = Field(
        None, description="adds the figures of an earlier period: so far back, or the one before"
    )

    def query(self) -> MetricQuery:
        """The query as the service takes it."""
        return MetricQuery(
            metrics=tuple(self.metrics),
            dimensions=tuple(self.dimensions),
            grain=self.grain,
            start=self.start,
            end=self.end,
            filters=tuple(
                MetricFilter(each.dimension, each.operator, tuple(each.values))
                for each in self.filters
            ),
            order=tuple(MetricOrder(each.by, each.descending) for each in self.order),
            limit=self.limit,
            compare=self.compare,
        )


METRIC_EXAMPLE: JsonDict = {
    "namespace": "demo",
    "query": {"metrics": ["revenue"], "grain": "month", "start": "2023-01-01", "end": "2024-01-01"},
}


class MetricRunBody(Body):
    """A metric query to be run."""

    model_config = ConfigDict(json_schema_extra={"examples": [METRIC_EXAMPLE]})

    namespace: Text = Field(description="database namespace of the configuration")
    query: MetricQueryBody
    mode: Literal["sync", "async"] = Field(
        "sync", description="sync waits for the answer, async streams the events"
    )
    task_id: TaskId | None = Field(
        None, description="the caller's own id; the same request again under it runs nothing"
    )
    timeout_s: Seconds | None = Field(None, description=TIMEOUT, examples=[60])


class FeedbackBody(Body):
    """What the caller thinks of an answer."""

    task_id: TaskId
    status: Literal["success", "failed"]
    comment: Plain | None = None
    corrected_sql: Plain | None = Field(None, description="the SQL that would have been right")


class Answer(BaseModel):
    """What became of a task. ``result`` holds rows as objects with JSON-typed values."""

    task_id: str
    status: TaskStatus
    workflow: str
    sql: str | None
    result: list[dict[str, Any]] | None
    metadata: dict[str, Any]
    error: dict[str, Any] | None
    execution_time: float | None


class Tokens(BaseModel):
    """Tokens as the provider counts them; ``cached`` are those of ``input`` that it had cached."""

    input: int
    output: int
    cached: int
    requests: int


class TracedCall(BaseModel):
    """A request to a hosted model; its texts are null where they are not kept."""

    number: int
    time: datetime
    purpose: str
    model: str
    prompt_version: str
    system: str | None
    prompt: str | None
    answer: str | None
    cut: bool
    error: dict[str, Any] | None
    tokens: Tokens
    cost_usd: float | None
    seconds: float


class TaskTrace(BaseModel):
    """What a task asked hosted models, in order, and what they said."""

    task_id: str
    calls: list[TracedCall]


class TaskLine(BaseModel):
    """A task in a list."""

    task_id: str
    status: TaskStatus
    workflow: str
    namespace: str
    task: str
    created_at: datetime
    finished_at: datetime | None


class TaskPage(BaseModel):
    """Tasks, newest first; ``next_cursor`` asks for the next page and is null on the last."""

    tasks: list[TaskLine]
    next_cursor: str | None


class Acknowledgement(BaseModel):
    """Feedback is stored."""

    task_id: str
    acknowledged: Literal[True]
    recorded_at: str


class Cancelling(BaseModel):
    """The task was told to stop."""

    task_id: str
    status: Literal["cancelling"]


class DimensionLine(BaseModel):
    """Something that metrics can be grouped and filtered by."""

    name: str
    kind: DimensionKind
    label: str
    description: str
    synonyms: list[str]


class MetricLine(BaseModel):
    """A metric; ``query`` is a metric query over it that works as it is."""

    name: str
    kind: MetricKind
    label: str
    description: str
    definition: str
    synonyms: list[str]
    owner: str | None
    area: list[str]
    grain: Grain
    dimensions: list[str]
    examples: list[str]
    query: dict[str, Any]


class MetricList(BaseModel):
    """The metrics of a namespace and the dimensions that they name."""

    namespace: str
    knowledge_version: str | None
    metrics: list[MetricLine]
    dimensions: list[DimensionLine]


class TokenAnswer(BaseModel):
    """A bearer token; ``expires_in`` is in seconds, ``scope`` has a space between scopes."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    details: dict[str, Any] | None = None
    task_id: str | None = None


class OAuthError(BaseModel):
    """An error of the token endpoint (RFC 6749, section 5.2)."""

    error: str
    error_description: str
