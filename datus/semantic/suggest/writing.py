"""The proposal as YAML for a person to review, with the reason beside everything."""

from collections.abc import Iterator
from typing import Any

import yaml

from datus.semantic.suggest.columns import said_to_be_time
from datus.semantic.suggest.comments import one_line
from datus.semantic.suggest.evidence import Evidence
from datus.semantic.suggest.metrics import Measure, Metric, Metrics
from datus.semantic.suggest.models import Dimension, Entity, Model, Models

_WIDTH = 110


def write(models: Models, metrics: Metrics, evidence: Evidence) -> str:
    """The whole file. The same proposal gives the same text."""
    lines = list(_header(models, metrics, evidence))
    if metrics.metrics:
        lines += ["", "semantic_models:"]
        for model in models:
            if model.entities or model.dimensions:
                lines += [*_model(models, model, metrics), ""]
        lines.append("metrics:")
        for metric in metrics.metrics:
            lines += [*_metric(metric), ""]
    else:
        lines += ["", "semantic_models: []", "metrics: []", ""]
    lines += _left_out(models, metrics)
    return "\n".join(lines).rstrip() + "\n"


def _header(models: Models, metrics: Metrics, evidence: Evidence) -> Iterator[str]:
    schema = models.schema
    yield from _comment(
        f"Proposed metrics of the database {one_line(schema.database)} ({schema.dialect}), from its "
        f"schema and {_queries(evidence.read)}. Nothing reads this file yet.",
        0,
    )
    if evidence.unread:
        yield from _comment(
            f"Not used, because it cannot be parsed: {_queries(evidence.unread)}.", 0
        )
    yield "#"
    for step in (
        "1. Read each `why`. Delete what nobody asks for; a metric that stays is a promise.",
        '2. Look at each agg_time_dimension: it decides what "last month" means for the figure.',
        "3. Mend labels, descriptions and synonyms, and add an owner (config.meta.owner).",
        "4. Move the file into the folder of metric definitions and build the knowledge base again.",
    ):
        yield from _comment(step, 0)
    if not metrics.metrics:
        yield "#"
        yield from _comment("No metric can be proposed: see what was left out, below.", 0)


def _model(models: Models, model: Model, metrics: Metrics) -> Iterator[str]:
    table = model.table
    yield from _comment(f"why: {_model_why(models, model)}", 2)
    for note in model.notes:
        yield from _comment(f"note: {note}", 2)
    yield f"  - name: {model.name}"
    if table.comment:
        yield f"    description: {_scalar(one_line(table.comment))}"
    default = table.schema is None or table.schema == models.schema.default_schema
    ref = f"ref('{table.name}')" if default else f"source('{table.schema}', '{table.name}')"
    yield f"    model: {_scalar(ref)}"
    measures = metrics.measures.get(model.name, [])
    if measures:
        yield "    defaults:"
        yield f"      agg_time_dimension: {model.time}"
    if not model.has_key:
        yield f"    primary_entity: {model.row}"
    if model.entities:
        yield "    entities:"
        for entity in model.entities:
            yield from _entity(entity)
    if model.dimensions:
        yield "    dimensions:"
        for dimension in model.dimensions:
            yield from _dimension(dimension)
    if measures:
        yield "    measures:"
        for measure in measures:
            yield from _measure(measure)


def _model_why(models: Models, model: Model) -> str:
    rows = model.table.row_estimate
    parts = [f"table {one_line(models.schema.name_of(model.table))}"]
    if rows is not None:
        parts.append(f"about {rows} rows")
    if model.time is not None:
        parts.append(model.time_why)
    else:
        parts.append("for joins only: it has no date, so no metric of its own")
    return "; ".join(parts)


def _entity(entity: Entity) -> Iterator[str]:
    note = f"  # {one_line(entity.note)}" if entity.note else ""
    yield f"      - name: {entity.name}{note}"
    yield f"        type: {entity.type}"
    yield f"        expr: {_scalar(entity.expr)}"


def _dimension(dimension: Dimension) -> Iterator[str]:
    yield f"      - name: {dimension.name}"
    yield f"        type: {'time' if dimension.time else 'categorical'}"
    yield f"        label: {_scalar(dimension.label)}"
    if dimension.description:
        yield f"        description: {_scalar(dimension.description)}"
    if dimension.expr is not None:
        yield f"        expr: {_scalar(dimension.expr)}"
    if dimension.time:
        yield "        type_params:"
        yield "          time_granularity: day"
    synonyms = [name for name in dimension.said.all if name.lower() != dimension.label.lower()]
    yield from _meta({"synonyms": synonyms} if synonyms else {}, 8)


def _measure(measure: Measure) -> Iterator[str]:
    yield f"      - name: {measure.name}"
    yield f"        agg: {measure.aggregation}"
    yield f"        expr: {_scalar(measure.expr)}"


def _metric(metric: Metric) -> Iterator[str]:
    why = list(metric.why)
    if metric.references:
        asked = len(metric.references)
        first = one_line(metric.references[0].question or metric.references[0].sql, 90)
        why.append(f'{_queries(asked)}, such as "{first}"')
    yield from _comment(f"why: {'; '.join(why)}", 2)
    yield f"  - name: {metric.name}"
    yield f"    label: {_scalar(metric.label)}"
    if metric.description:
        yield f"    description: {_scalar(metric.description)}"
    yield f"    type: {'simple' if metric.measure else 'ratio'}"
    yield "    type_params:"
    if metric.measure:
        yield f"      measure: {metric.measure}"
    else:
        yield "      numerator:"
        yield f"        name: {metric.upper}"
        yield "      denominator:"
        yield f"        name: {metric.under}"
    if metric.filter:
        yield f"    filter: {_scalar(metric.filter)}"
    label = metric.label.lower()
    meta: dict[str, Any] = {}
    if synonyms := [each for each in metric.synonyms if each.lower() != label]:
        meta["synonyms"] = synonyms
    if metric.area:
        meta["area"] = list(metric.area)
    if metric.examples:
        meta["examples"] = list(metric.examples)
    yield from _meta(meta, 4)


def _queries(count: int) -> str:
    return "1 reference query" if count == 1 else f"{count} reference queries"


def _meta(meta: dict[str, Any], indent: int) -> Iterator[str]:
    if not meta:
        return
    space = " " * indent
    yield f"{space}config:"
    yield f"{space}  meta:"
    for key, value in meta.items():
        yield f"{space}    {key}: {_scalar(value)}"


def _left_out(models: Models, metrics: Metrics) -> list[str]:
    lines: list[str] = []
    for table, reason in models.left_out:
        lines += _comment(f"left out: {one_line(table)}: {reason}", 0)
    for model in models:
        if model.time is not None:
            continue
        asked = len(metrics.asked.get(model.name, ()))
        wanted = f"; {_queries(asked)} would use one" if asked else ""
        texts = [one_line(each.name) for each in model.table.columns if said_to_be_time(each)]
        hint = f"; {', '.join(texts)} may hold dates as text" if texts else ""
        name = one_line(models.schema.name_of(model.table))
        lines += _comment(f"left out: metrics of {name}: it has no date column{hint}{wanted}", 0)
    if any(model.time is None for model in models):
        lines.append("#")
        lines += _comment(
            "A metric needs a time. Where a column holds dates as text or numbers, add a dimension of type "
            "time whose expr makes a date of it, name it as agg_time_dimension, and add measures.",
            0,
        )
    return lines


def _comment(text: str, indent: int) -> Iterator[str]:
    """Comment lines of at most ``_WIDTH`` characters; ``text`` is on one line already."""
    line = ""
    for word in one_line(text, 2000).split(" "):
        if line and len(line) + len(word) + 1 > _WIDTH - indent:
            yield f"{' ' * indent}# {line}"
            line = ""
        line = f"{line} {word}" if line else word
    yield f"{' ' * indent}# {line}"


def _scalar(value: Any) -> str:
    """A value as YAML on one line, quoted where it must be."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000)
    return text.removesuffix("\n").removesuffix("\n...")
