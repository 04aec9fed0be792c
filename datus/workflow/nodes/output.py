"""output: the rows as objects, and what the answer rests on."""

from dataclasses import replace
from datetime import date
from typing import Any

from datus.knowledge.snapshot import Snapshot
from datus.types import MetricQuery, TimeRange
from datus.workflow.metric_query import as_json
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.state import Output as Answered
from datus.workflow.state import RunState, as_objects


class Output(Node):
    """Makes the answer for the caller out of what ran."""

    name = "output"
    description = "Put the answer together"
    needs = ("result",)
    gives = ("answer",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Turn the result into rows as objects and say what they rest on."""
        executed = known(state.executed, "result")
        linking = known(state.linking, "schema")
        candidate, result = executed.candidate, executed.result
        words = [
            {"words": use.words, "span": list(use.span), "meaning": use.meaning}
            for use in candidate.words
        ]
        metadata: dict[str, Any] = {
            "row_count": len(result.rows),
            "truncated": result.truncated,
            "truncated_by": result.truncated_by,
            "columns": [{"name": column.name, "type": column.type} for column in result.columns],
            "statement_time": round(result.elapsed_s, 6),
            "database": linking.database,
            "tables": list(executed.checked.tables),
            "columns_used": list(executed.checked.columns),
            "time_ranges": [_time(time, state.question.timezone) for time in state.times],
            "words": words,
            "confidence": candidate.confidence,
            "explanation": {"summary": candidate.explanation or None, "words": words},
            "comparisons": [
                {"words": each.words, "offset": each.offset or "previous"}
                for each in state.comparisons
            ],
            "metrics": _metrics(candidate.metric_query, linking.snapshot),
            "metric_query": as_json(candidate.metric_query),
            "handed_over": state.handed_over or None,
            "terms": [{"word": term.word, "meaning": term.meaning} for term in linking.terms],
            "reference_sql": [
                {"question": each.question, "sql": each.sql} for each in candidate.references
            ],
            "generator": candidate.generator,
            "model": candidate.model or None,
            "degraded": list(candidate.degraded),
            "assumptions": list(candidate.assumptions),
            "left_out": list(candidate.left_out),
            "selection": state.selection,
            "knowledge_version": linking.snapshot.version,
        }
        return replace(state, output=Answered(as_objects(result), metadata))


def _metrics(query: MetricQuery | None, snapshot: Snapshot) -> list[dict[str, Any]]:
    """What each metric of the answer means, who answers for it, and how it is computed."""
    if query is None:
        return []
    by_name = {metric.name: metric for metric in snapshot.catalogue.metrics}
    return [
        {
            "name": metric.name,
            "label": metric.label,
            "description": metric.description,
            "definition": metric.definition,
            "owner": metric.owner,
        }
        for metric in (by_name[name] for name in query.metrics)
    ]


def _time(time: TimeRange, timezone: str) -> dict[str, Any]:
    return {
        "words": time.words,
        "start": _day(time.start),
        "end": _day(time.end),
        "grain": time.grain,
        "timezone": timezone,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
