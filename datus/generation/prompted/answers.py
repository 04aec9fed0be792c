"""The types of a hosted model's answers. Their descriptions go to the provider as a JSON schema."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator


def _fraction(value: object) -> object:
    """Some models say 85 for 0.85."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100:
        return value / 100
    return value


def _listed(value: object) -> object:
    """Some models write null for an empty list."""
    return [] if value is None else value


Confidence = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1)]
Texts = Annotated[list[str], BeforeValidator(_listed)]
Numbers = Annotated[list[int], BeforeValidator(_listed)]
Grain = Literal["day", "week", "month", "quarter", "year"]


class SaidReading(BaseModel):
    """One way to read the question."""

    reading: str = Field(description="the question as it would be asked if only this were meant")
    sql: str = Field(default="", description="its SQL")


class SaidRefusal(BaseModel):
    """Why there is no answer."""

    code: Literal["ambiguous", "unanswerable"]
    reason: str = Field(description="one or two sentences for the person who asks")
    words: Texts = Field(default_factory=list, description="words of the question it is about")
    readings: Annotated[list[SaidReading], BeforeValidator(_listed)] = Field(
        default_factory=list, description="for ambiguous: two to four readings"
    )


class SaidWords(BaseModel):
    """What words of the question led to."""

    words: str = Field(description="as they stand in the question")
    meaning: str = Field(description="the table, column, value or operation")


class _Answer(BaseModel):
    refusal: SaidRefusal | None = Field(default=None, description="only in place of an answer")
    times: Numbers = Field(default_factory=list, description="numbers of the times that it uses")
    ordered: bool = Field(default=False, description="whether an order of the rows is asked for")
    words: Annotated[list[SaidWords], BeforeValidator(_listed)] = Field(default_factory=list)
    confidence: Confidence = Field(description="how likely it is what the person wants, 0 to 1")


class SqlAnswer(_Answer):
    """One SQL query that answers the question, or a refusal."""

    sql: str | None = Field(default=None, description="the query; null where refused")
    tables: Texts = Field(default_factory=list, description="tables that it relies on")
    columns: Texts = Field(default_factory=list, description="columns likewise, as table.column")
    references: Numbers = Field(
        default_factory=list, description="numbers of the reference queries that it follows"
    )
    assumptions: Texts = Field(default_factory=list, description="what was taken for granted")
    explanation: str = Field(default="", description="what the query computes")

    @model_validator(mode="after")
    def _one_of_both(self) -> "SqlAnswer":
        if self.refusal is None and not (self.sql or "").strip():
            raise ValueError("give sql, or a refusal with its reason")
        return self


class SaidFilter(BaseModel):
    """A condition on a dimension."""

    dimension: str
    operator: Literal["=", "!=", "in", "not in", "<", "<=", ">", ">="]
    values: list[bool | int | float | str] = Field(min_length=1)


class SaidOrder(BaseModel):
    """A sort key."""

    by: str
    descending: bool = False


class MetricAnswer(_Answer):
    """One metric query that answers the question, or a refusal."""

    metrics: Texts = Field(default_factory=list, description="names of metrics")
    dimensions: Texts = Field(default_factory=list, description="names of dimensions to group by")
    grain: Grain | None = None
    start: date | None = Field(default=None, description="first day")
    end: date | None = Field(default=None, description="the day after the last")
    filters: Annotated[list[SaidFilter], BeforeValidator(_listed)] = Field(default_factory=list)
    order: Annotated[list[SaidOrder], BeforeValidator(_listed)] = Field(default_factory=list)
    limit: int | None = Field(default=None, ge=1, le=1_000_000)
    compare: Grain | Literal["previous"] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "MetricAnswer":
        if self.refusal is None and not self.metrics:
            raise ValueError("give metrics, or a refusal with its reason")
        return self
