"""Metrics over the models: row counts, sums and averages by rule, and what reference SQL computes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from datus.semantic.suggest import wording
from datus.semantic.suggest.columns import Aggregation
from datus.semantic.suggest.comments import one_line
from datus.semantic.suggest.evidence import Aggregate, Condition, Evidence, Use
from datus.semantic.suggest.models import Model, Models
from datus.semantic.suggest.names import Once, is_free, quoted, slug
from datus.types import Area, ReferenceSql

_EXAMPLES = 3
_MOST_CONDITIONS = 2
_LONGEST_NAME = 60
# Columns whose values are things of their own: a metric for one of them is seldom a standing figure.
_NAMING = frozenset(
    "name title city town country state email address nickname label surname".split()
)

_Conditions = tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate that a model offers; ``label`` is for its metrics."""

    name: str
    aggregation: Aggregation
    expr: str
    label: str


@dataclass(slots=True)
class Metric:
    """A metric of the proposal; ``measure`` for a simple one, else ``upper`` and ``under``.

    ``why`` says what speaks for it; ``references`` are the queries that compute it.
    """

    name: str
    label: str
    model: Model
    measure: str = ""
    upper: str = ""
    under: str = ""
    filter: str = ""
    description: str = ""
    synonyms: dict[str, None] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)
    references: list[ReferenceSql] = field(default_factory=list)
    answered: dict[str, None] = field(default_factory=dict)

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions that it answers, as they were asked."""
        return tuple(self.answered)[:_EXAMPLES]

    @property
    def area(self) -> Area:
        """The area that all its references share, or none."""
        areas = {each.area for each in self.references}
        return areas.pop() if len(areas) == 1 else ()


class Metrics:
    """Everything proposed over ``models``: ``measures`` by model name, and ``metrics`` in order.

    ``asked`` holds, for models that can have no metric, the reference queries that wanted one.
    """

    def __init__(self, models: Models, evidence: Evidence) -> None:
        self._models = models
        self._by_table = {models.schema.name_of(model.table): model for model in models}
        self._names = Once("_")
        self._labels = Once(" ")
        self._measure_of: dict[Aggregate, Measure] = {}
        self._simple: dict[tuple[Aggregate, _Conditions], Metric] = {}
        self._ratios: dict[tuple[str, str], Metric] = {}
        self._asked_for = _counted(evidence.uses)
        self.measures: dict[str, list[Measure]] = {}
        self.metrics: list[Metric] = []
        self.asked: dict[str, set[str]] = {}
        for model in models:
            if model.time is not None:
                self._by_rule(model)
        for use in evidence.uses:
            self._by_use(use)

    def _by_rule(self, model: Model) -> None:
        table = self._models.schema.name_of(model.table)
        rows = self._plain(model, Aggregate(table, "count", "1"))
        rows.why.append(f"counts the rows of {one_line(table)}")
        for column in model.table.columns:
            reading = model.readings.get(column.name)
            if reading is None or reading.role != "measure":
                continue
            for aggregation in reading.aggregations:
                expr = quoted(column.name, self._models.schema.dialect)
                metric = self._plain(model, Aggregate(table, aggregation, expr, column.name))
                cue = f" ({reading.why})" if reading.why else ""
                kind = "sums" if aggregation == "sum" else "averages"
                metric.why.append(f"{kind} {one_line(table)}.{one_line(column.name)}{cue}")

    def _by_use(self, use: Use) -> None:
        model = self._by_table.get(use.aggregate.table)
        if model is None:
            return
        if model.time is None:
            self.asked.setdefault(model.name, set()).add(use.reference.sql)
            return
        upper = self._used(model, use.aggregate, use, "" if use.under else use.alias)
        if use.under is not None:
            under = self._used(model, use.under, use, "")
            if upper is not under:
                self._ratio(upper, under, use)

    def _measure(self, model: Model, aggregate: Aggregate, alias: str = "") -> Measure:
        known = self._measure_of.get(aggregate)
        if known is None:
            wanted = wording.names(model, aggregate)
            label = wording.label(model, aggregate)
            said = wording.alias_words(alias)
            if (
                aggregate.expr != "1" and not aggregate.column and said
            ):  # an expression has no name of its own
                wanted = (slug(alias), *wanted) if is_free(slug(alias)) else wanted
                label = said
            names = [name for name in wanted if is_free(name)]
            name = self._models.names.give("measure", model.name, (*names, f"{names[-1]}_measure"))
            known = Measure(name, aggregate.aggregation, aggregate.expr, label)
            self._measure_of[aggregate] = known
            self.measures.setdefault(model.name, []).append(known)
        return known

    def _plain(self, model: Model, aggregate: Aggregate, alias: str = "") -> Metric:
        """The metric of an aggregate over all rows."""
        known = self._simple.get((aggregate, ()))
        if known is None:
            measure = self._measure(model, aggregate, alias)
            known = self._metric(measure.name, measure.label, model)
            known.measure = measure.name
            column = wording.column_of(model, aggregate)
            known.description = one_line(column.comment) if column is not None else ""
            known.synonyms.update(dict.fromkeys(wording.synonyms(model, aggregate)))
            self._simple[(aggregate, ())] = known
        return known

    def _metric(self, name: str, label: str, model: Model) -> Metric:
        name = self._names.give(name, f"{model.thing}_{name}")
        label = one_line(label[:1].upper() + label[1:], 80)
        label = self._labels.give(label, f"{label} ({one_line(model.label, 40)})")
        metric = Metric(name, label, model)
        self.metrics.append(metric)
        return metric

    def _used(self, model: Model, aggregate: Aggregate, use: Use, alias: str) -> Metric:
        """The metric of an aggregate with the query's filters, where these make one."""
        metric = None
        if use.readable and use.conditions:
            metric = self._filtered(model, aggregate, use.conditions, alias)
        exact = metric is not None or (use.readable and not use.conditions)
        if metric is None:
            metric = self._plain(model, aggregate, alias if exact else "")
        if use.under is None:
            _witness(metric, use, alias, exact)
        return metric

    def _filtered(
        self, model: Model, aggregate: Aggregate, conditions: _Conditions, alias: str
    ) -> Metric | None:
        if (known := self._simple.get((aggregate, conditions))) is not None:
            return known
        standing = self._asked_for.get((aggregate, conditions), 0) > 1
        named = any(set(slug(each.column).split("_")) & _NAMING for each in conditions)
        filters = [self._filter(model, condition) for condition in conditions]
        if len(conditions) > _MOST_CONDITIONS or (named and not standing) or None in filters:
            return None
        measure = self._measure(model, aggregate, alias)
        said = [wording.condition_words(condition) for condition in conditions]
        slugs = [slug("_".join(words.split())) for words in said]
        columns = "_".join(slug(condition.column) or "value" for condition in conditions)
        name = "_".join((*slugs, measure.name))
        if not all(slugs) or len(name) > _LONGEST_NAME or not is_free(name):
            name = f"{measure.name}_by_{columns}"
        what = ", ".join(wording.condition_label(condition) for condition in conditions)
        metric = self._metric(name, f"{measure.label}, {what}", model)
        metric.measure = measure.name
        metric.filter = " AND ".join(each for each in filters if each)
        metric.description = one_line(
            f"{measure.label[:1].upper()}{measure.label[1:]} where {what}."
        )
        if aggregate.expr == "1" and len(conditions) == 1:
            words = (one_line(f"{said[0]} {each}", 60) for each in model.said.english[:2])
            metric.synonyms.update(dict.fromkeys(words))
        self._simple[(aggregate, conditions)] = metric
        return metric

    def _filter(self, model: Model, condition: Condition) -> str | None:
        """A condition as MetricFlow writes it, or None where no dimension stands for the column."""
        entities: list[str] = []
        at = model
        for table, column in condition.path:
            if self._by_table.get(table) is not at:
                return None
            step = next(
                (each for each in at.entities if each.columns == (column,) and each.target), None
            )
            if step is None or step.target is None:
                return None
            entities.append(step.name)
            at = step.target
        dimension = at.dimension_of(condition.column)
        if dimension is None or len(entities) > 2:
            return None
        owner = entities[-1] if entities else model.row
        way = f", entity_path=['{entities[0]}']" if len(entities) == 2 else ""
        left = f"{{{{ Dimension('{owner}__{dimension.name}'{way}) }}}}"
        if len(condition.values) > 1:
            operator = "NOT IN" if condition.negated else "IN"
            return f"{left} {operator} ({', '.join(condition.values)})"
        return f"{left} {'<>' if condition.negated else '='} {condition.values[0]}"

    def _ratio(self, upper: Metric, under: Metric, use: Use) -> None:
        key = (upper.name, under.name)
        metric = self._ratios.get(key)
        if metric is None:
            said = wording.alias_words(use.alias)
            name = f"{upper.name}_per_{under.name.removesuffix('_count')}"
            if said and is_free(slug(use.alias)):
                name = slug(use.alias)
            metric = self._metric(name, said or name.replace("_", " "), upper.model)
            metric.upper, metric.under = key
            metric.description = f"{upper.label} divided by {under.label}, a fraction."
            self._ratios[key] = metric
        _witness(
            metric, use, use.alias, use.readable and bool(upper.filter) == bool(use.conditions)
        )


def _witness(metric: Metric, use: Use, alias: str, exact: bool) -> None:
    """Note a query that computes a metric, and the name that it has there: one that its people know.

    Its question is an example only where the metric is ``exact``: where it has all of its filters.
    """
    if all(each.sql != use.reference.sql for each in metric.references):
        metric.references.append(use.reference)
    if exact and use.shown and (question := one_line(use.reference.question)):
        metric.answered[question] = None
    words = wording.alias_words(alias) if exact else ""
    if words and words.lower() != metric.label.lower():
        metric.synonyms[words] = None


def _counted(uses: Iterable[Use]) -> dict[tuple[Aggregate, _Conditions], int]:
    """How many different questions ask for each aggregate with each set of conditions."""
    asked: dict[tuple[Aggregate, _Conditions], set[str]] = {}
    for use in uses:
        for aggregate in (use.aggregate, use.under):
            if aggregate is not None and use.readable:
                asked.setdefault((aggregate, use.conditions), set()).add(use.reference.question)
    return {key: len(questions) for key, questions in asked.items()}
