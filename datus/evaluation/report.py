"""Figures over judged questions, by category, and the report with every miss (JSON and Markdown)."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from datus.evaluation.runner import Outcome

MISSES = ("wrong", "failed", "refused", "reference_failed")


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and shares of one category. Shares are in [0, 1], or None where nothing is counted.

    Attributes:
        questions: All asked.
        counted: Those whose reference ran, or that expect a refusal.
        right: Right answers, and refusals where one is right.
        wrong: Answers that are not right.
        refusals: Refusals by code, right ones too.
        errors: Runs that broke, by code.
        reference_failed: Not counted, because no reference query ran.
        accuracy: Execution accuracy, right of counted.
        precision: Right of answered (completed), over questions that have an answer or not.
        median_s, p95_s: Wall time of an answer in seconds (nearest rank).
    """

    questions: int
    counted: int
    right: int
    wrong: int
    refusals: Mapping[str, int]
    errors: Mapping[str, int]
    reference_failed: int
    accuracy: float | None
    precision: float | None
    median_s: float
    p95_s: float


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of some outcomes, at least one."""
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    counted = [outcome for outcome in outcomes if outcome.verdict != "reference_failed"]
    answered = [outcome for outcome in counted if outcome.answered.status == "completed"]
    right_answers = sum(outcome.verdict == "right" for outcome in answered)
    seconds = sorted(outcome.answered.elapsed_s for outcome in outcomes)
    return Figures(
        questions=len(outcomes),
        counted=len(counted),
        right=verdicts["right"],
        wrong=sum(outcome.verdict == "wrong" for outcome in answered),
        refusals=_codes(counted, ("refused",)),
        errors=_codes(counted, ("failed", "cancelled")),
        reference_failed=verdicts["reference_failed"],
        accuracy=_share(verdicts["right"], len(counted)),
        precision=_share(right_answers, len(answered)),
        median_s=median(seconds),
        p95_s=seconds[math.ceil(0.95 * len(seconds)) - 1],
    )


def by_category(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """Figures of each category in the order of its name, Spider's levels from easy to extra."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.item.category, []).append(outcome)
    levels = ("easy", "medium", "hard", "extra")
    names = sorted(groups, key=lambda n: (levels.index(n) if n in levels else len(levels), n))
    return {name: figures(groups[name]) for name in names}


def as_json(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> dict[str, Any]:
    """The report as data: ``about`` the run, the figures, every miss and every question's verdict."""
    return {
        "about": dict(about),
        "total": asdict(figures(outcomes)),
        "categories": {name: asdict(part) for name, part in by_category(outcomes).items()},
        "misses": [_miss(outcome) for outcome in outcomes if outcome.verdict in MISSES],
        "verdicts": {outcome.item.number: outcome.verdict for outcome in outcomes},
    }


def as_markdown(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> str:
    """The report for people: a table by category, then each miss with both queries."""
    lines = ["# Evaluation", ""]
    lines += [f"- {key}: {value}" for key, value in about.items()]
    total = figures(outcomes)
    rows = [*by_category(outcomes).items(), ("total", total)]
    lines += ["", "| " + " | ".join(HEADINGS) + " |", "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    lines += ["| " + " | ".join(table_row(name, part)) + " |" for name, part in rows]
    lines += ["", *(f"- {line}" for line in code_lines(total))]
    for verdict in MISSES:
        missed = [outcome for outcome in outcomes if outcome.verdict == verdict]
        if missed:
            lines += ["", f"## {verdict.replace('_', ' ').capitalize()} ({len(missed)})"]
        for outcome in missed:
            lines += _miss_lines(outcome)
    return "\n".join(lines) + "\n"


def write(outcomes: Sequence[Outcome], about: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write ``report.json`` and ``report.md`` into ``folder``, made if absent; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / "report.json", folder / "report.md"
    data.write_text(
        json.dumps(as_json(outcomes, about), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    text.write_text(as_markdown(outcomes, about), encoding="utf-8")
    return data, text


HEADINGS = (
    "category",
    "asked",
    "accuracy",
    "precision",
    "right",
    "wrong",
    "refused",
    "errors",
    "no ref.",
    "median ms",
    "p95 ms",
)
"""Precision is of answered; "no ref." counts questions whose reference query failed."""


def table_row(name: str, part: Figures) -> tuple[str, ...]:
    """One row under ``HEADINGS``; shares in percent, times in milliseconds."""
    return (
        name,
        str(part.questions),
        _percent(part.accuracy),
        _percent(part.precision),
        str(part.right),
        str(part.wrong),
        str(sum(part.refusals.values())),
        str(sum(part.errors.values())),
        str(part.reference_failed),
        f"{part.median_s * 1000:.0f}",
        f"{part.p95_s * 1000:.0f}",
    )


def code_lines(part: Figures) -> list[str]:
    """Refusals and errors by code, one line each, none where there are none."""
    lines = []
    for what, codes in (("refused", part.refusals), ("errors", part.errors)):
        if codes:
            lines.append(f"{what}: " + ", ".join(f"{code} {n}" for code, n in codes.items()))
    return lines


def _codes(outcomes: Sequence[Outcome], statuses: tuple[str, ...]) -> dict[str, int]:
    codes = Counter(
        outcome.answered.code or outcome.answered.status
        for outcome in outcomes
        if outcome.answered.status in statuses
    )
    return dict(codes.most_common())


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _miss(outcome: Outcome) -> dict[str, Any]:
    item, answered = outcome.item, outcome.answered
    return {
        "number": item.number,
        "database": item.database,
        "category": item.category,
        "question": item.question,
        "verdict": outcome.verdict,
        "status": answered.status,
        "code": answered.code,
        "reason": outcome.reason,
        "references": list(item.references),
        "sql": answered.sql,
    }


def _miss_lines(outcome: Outcome) -> list[str]:
    item, answered = outcome.item, outcome.answered
    place = f" · {item.database}" if item.database else ""
    lines = ["", f"### {item.number}{place} · {item.category}", "", item.question, ""]
    code = f" ({answered.code})" if answered.code else ""
    lines.append(f"- status: {answered.status}{code}; {outcome.reason}")
    if item.references:
        lines.append(f"- reference: {_code(item.references[0])}")
    if len(item.references) > 1:
        lines.append(f"- and {len(item.references) - 1} more references that count as right")
    if answered.sql:
        lines.append(f"- answered: {_code(answered.sql)}")
    return lines


def _code(sql: str) -> str:
    return f"``{' '.join(sql.split())}``"
