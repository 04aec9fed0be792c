"""MetricFlow's form of the definitions, checked by MetricFlow's own rules.

This module imports MetricFlow's interfaces; import it in functions only.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlglot
from metricflow_semantic_interfaces.errors import ParsingException
from metricflow_semantic_interfaces.implementations.metric import PydanticMetric
from metricflow_semantic_interfaces.implementations.node_relation import PydanticNodeRelation
from metricflow_semantic_interfaces.implementations.project_configuration import (
    PydanticProjectConfiguration,
)
from metricflow_semantic_interfaces.implementations.semantic_manifest import (
    PydanticSemanticManifest,
)
from metricflow_semantic_interfaces.implementations.semantic_model import PydanticSemanticModel
from metricflow_semantic_interfaces.implementations.time_spine import (
    PydanticTimeSpine,
    PydanticTimeSpinePrimaryColumn,
)
from metricflow_semantic_interfaces.parsing.schemas import (
    metric_validator,
    semantic_model_validator,
)
from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
    PydanticSemanticManifestTransformer,
)
from metricflow_semantic_interfaces.type_enums.time_granularity import TimeGranularity
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
    SemanticManifestValidator,
)
from pydantic.v1 import ValidationError
from sqlglot import exp

from datus.semantic.model import Entry
from datus.semantic.names import RESERVED, SCHEMA, SPINE
from datus.semantic.source import Path, Problem

_Key = tuple[str, str]


def parse(entries: Iterable[Entry], problems: list[Problem]) -> dict[_Key, Any]:
    """Give MetricFlow's object for each entry; what does not fit its schema becomes a problem."""
    parsed: dict[_Key, Any] = {}
    for entry in entries:
        validator = metric_validator if entry.kind == "metric" else semantic_model_validator
        errors = sorted(validator.iter_errors(entry.data), key=lambda one: list(one.path))
        for error in errors:
            problems.append(entry.problem(tuple(error.path), _schema_message(error)))
        if errors:
            continue
        try:
            parsed[(entry.kind, entry.name)] = _object(entry, problems)
        except ValidationError as invalid:
            for one in invalid.errors():
                message = f"{one['msg'][0].upper()}{one['msg'][1:]}."
                problems.append(entry.problem(tuple(one["loc"]), message))
        except (ParsingException, ValueError) as other:
            problems.append(entry.problem((), str(other).splitlines()[0]))
    return parsed


def _object(entry: Entry, problems: list[Problem]) -> Any:
    data = dict(entry.data)
    if entry.kind == "semantic_model":
        data["node_relation"] = {"alias": f"m_{entry.name}", "schema_name": SCHEMA}
        return PydanticSemanticModel.parse_obj(data)
    metric = PydanticMetric.parse_obj(data)
    params = metric.type_params
    for index, one in enumerate(params.metrics or []):
        if (one.alias or one.name) in RESERVED:
            message = f"{one.alias or one.name!r} is a word of SQL: give it another alias here."
            problems.append(entry.problem(("type_params", "metrics", index), message))
    if metric.type.value == "derived" and params.expr:
        try:
            params.expr = safe_division(params.expr)
        except sqlglot.errors.SqlglotError:
            message = f"expr: {params.expr!r} cannot be read as SQL."
            problems.append(entry.problem(("type_params", "expr"), message))
    return metric


def safe_division(expr: str) -> str:
    """Write divisions of a formula over metrics so that they keep fractions and give NULL for x / 0.

    Databases disagree on both: PostgreSQL and SQLite cut quotients of whole numbers, and PostgreSQL
    fails on zero. Formulas over columns (``expr`` of measures) are left as their author wrote them.
    """
    tree = sqlglot.parse_one(expr)
    divisions = list(tree.find_all(exp.Div))
    if not divisions:
        return expr
    for node in divisions:
        zero_safe = isinstance(node.right, exp.Nullif) or (
            isinstance(node.right, exp.Literal) and _is_nonzero(node.right)
        )
        left = exp.Mul(this=node.left.copy(), expression=exp.Literal.number("1e0"))
        node.set("this", left)
        if not zero_safe:
            right = node.right.copy()
            right = right.this if isinstance(right, exp.Paren) else right
            node.set("expression", exp.Nullif(this=right, expression=exp.Literal.number(0)))
    return tree.sql()


def _is_nonzero(literal: exp.Literal) -> bool:
    try:
        return not literal.is_string and float(literal.name) != 0
    except ValueError:
        return False


def validate(
    parsed: Mapping[_Key, Any], entries: Mapping[_Key, Entry]
) -> tuple[Any, list[Problem]]:
    """Put the objects together and let MetricFlow check the whole.

    No definitions at all are nothing wrong: there are no metrics then.
    """
    manifest = PydanticSemanticManifest(
        semantic_models=[v for (kind, _), v in parsed.items() if kind == "semantic_model"],
        metrics=[value for (kind, _), value in parsed.items() if kind == "metric"],
        project_configuration=PydanticProjectConfiguration(
            time_spines=[
                PydanticTimeSpine(
                    node_relation=PydanticNodeRelation(alias=SPINE, schema_name=SCHEMA),
                    primary_column=PydanticTimeSpinePrimaryColumn(
                        name="ds", time_granularity=TimeGranularity.DAY
                    ),
                )
            ]
        ),
    )
    problems = list(_missing_references(manifest, entries)) or list(_circles(manifest, entries))
    if problems or not entries:  # MetricFlow's transformations stop at the first of these
        return manifest, problems
    try:
        manifest = PydanticSemanticManifestTransformer.transform(manifest)
    except (AssertionError, KeyError, ParsingException, ValueError) as error:
        first = next(iter(entries.values()))
        return manifest, [_unplaced(_first_line(error), entries, first)]
    results = SemanticManifestValidator[Any]().validate_semantic_manifest(manifest)
    return manifest, [_placed(issue, entries) for issue in results.errors]


def _missing_references(manifest: Any, entries: Mapping[_Key, Entry]) -> Iterable[Problem]:
    from datus.sql.names import nearest

    measures = {m.name for model in manifest.semantic_models for m in model.measures}
    metrics = {metric.name for metric in manifest.metrics} | {
        m.name for model in manifest.semantic_models for m in model.measures if m.create_metric
    }
    models = {model.name for model in manifest.semantic_models}
    for metric in manifest.metrics:
        entry = entries[("metric", metric.name)]
        for inner, kind, name in _references(metric):
            known = {"measure": measures, "metric": metrics, "semantic model": models}[kind]
            if name not in known:
                near = nearest(name, known)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                yield entry.problem(inner, f"There is no {kind} {name!r}.{hint}")


def _circles(manifest: Any, entries: Mapping[_Key, Entry]) -> Iterable[Problem]:
    """Metrics that are made of themselves."""
    made_of = {
        metric.name: [name for _, kind, name in _references(metric) if kind == "metric"]
        for metric in manifest.metrics
    }
    for start in made_of:
        seen: set[str] = set()
        waiting = list(made_of[start])
        while waiting:
            name = waiting.pop()
            if name == start:
                entry = entries[("metric", start)]
                yield entry.problem(("name",), f"The metric {start!r} is made of itself.")
                break
            if name not in seen:
                seen.add(name)
                waiting.extend(made_of.get(name, ()))


def _references(metric: Any) -> Iterable[tuple[Path, str, str]]:
    params = metric.type_params
    top: Path = ("type_params",)
    if params.measure:
        yield (*top, "measure"), "measure", params.measure.name
    if params.metric_aggregation_params:
        model = params.metric_aggregation_params.semantic_model
        yield (*top, "metric_aggregation_params"), "semantic model", model
    for key in ("numerator", "denominator"):
        if (one := getattr(params, key)) is not None:
            yield (*top, key), "metric", one.name
    for index, one in enumerate(params.metrics or []):
        yield (*top, "metrics", index), "metric", one.name
    if (cumulative := params.cumulative_type_params) and cumulative.metric:
        yield (*top, "cumulative_type_params", "metric"), "metric", cumulative.metric.name
    if conversion := params.conversion_type_params:
        inner = (*top, "conversion_type_params")
        for key in ("base", "conversion"):
            if (measure := getattr(conversion, f"{key}_measure")) is not None:
                yield (*inner, f"{key}_measure"), "measure", measure.name
            if (one := getattr(conversion, f"{key}_metric")) is not None:
                yield (*inner, f"{key}_metric"), "metric", one.name


def _placed(issue: Any, entries: Mapping[_Key, Entry]) -> Problem:
    """Find the line of what an issue of MetricFlow is about."""
    context = issue.context
    message = _first_line(issue.message)
    metric = getattr(getattr(context, "metric", None), "metric_name", None)
    element = getattr(context, "semantic_model_element", None)
    model = getattr(
        element or getattr(context, "semantic_model", None), "semantic_model_name", None
    )
    if metric is not None and (entry := entries.get(("metric", metric))):
        return entry.problem(("filter",) if "filter" in message.lower() else ("name",), message)
    if model is not None and (entry := entries.get(("semantic_model", model))):
        if element is not None:
            for part in ("measures", "dimensions", "entities"):
                for index, one in enumerate(entry.data.get(part) or []):
                    if one.get("name") == element.element_name:
                        return entry.problem((part, index), message)
        return entry.problem(("name",), message)
    return _unplaced(message, entries, next(iter(entries.values())))


def _unplaced(message: str, entries: Mapping[_Key, Entry], default: Entry) -> Problem:
    """Place a message that carries no place at the entry that it names."""
    for quoted in re.findall(r"[`'\"](\w+)[`'\"]", message):
        for kind in ("metric", "semantic_model"):
            if entry := entries.get((kind, quoted)):
                return entry.problem(("name",), message)
    return default.problem((), message)


def _first_line(error: object) -> str:
    text = " ".join(str(error).split())
    return re.split(r" ?Traceback:| File \"", text)[0][:400]


def _schema_message(error: Any) -> str:
    what = error.message
    if error.validator == "pattern":
        return (
            f"{error.instance!r} is no name: two or more small ASCII letters, digits and single "
            "underscores, beginning with a letter; other languages go into label, description and synonyms."
        )
    if error.validator == "anyOf" and "type_params" in str(error.schema):
        return "A time dimension needs type_params: {time_granularity: day}."
    if error.validator == "oneOf":
        return f"{error.instance!r} does not fit here."[:300]
    return f"{what}."[:300]
