"""``datus eval``: a file of questions through the real workflow, and what came of it."""

import asyncio
import os
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from datus import demo
from datus.config import Settings, load_settings
from datus.errors import InvalidRequestError
from datus.evaluation import report
from datus.evaluation.datasets import HARDNESS, Expectation, Item, Keys, load, select
from datus.evaluation.local import BY_DATABASE, Plan, open_local, references_dialect
from datus.evaluation.losses import STAGES, Stage, Watched, losses
from datus.evaluation.runner import Outcome, evaluate
from datus.generation.offline.generator import OfflineGenerator

WIDTH = 120
"""Columns of what is printed to a file or a pipe."""

_KEY = "Field of a row; detected among the usual names when absent."


def eval_command(
    questions: Annotated[Path, typer.Argument(help="JSON, JSON lines or CSV file of questions.")],
    namespace: Annotated[
        str, typer.Option(help=f"Where to ask; {BY_DATABASE} stands for each question's database.")
    ],
    workflow: Annotated[str, typer.Option(help="Workflow that answers.")] = "nl2sql",
    config: Annotated[Path | None, typer.Option(help="Path of agent.yml.")] = None,
    question_key: Annotated[str | None, typer.Option(help=_KEY)] = None,
    sql_key: Annotated[str | None, typer.Option(help=_KEY)] = None,
    database_key: Annotated[str | None, typer.Option(help=_KEY)] = None,
    category_key: Annotated[
        str | None,
        typer.Option("--category-key", "--category", help=f"{_KEY} '{HARDNESS}': Spider's level."),
    ] = None,
    knowledge_key: Annotated[str | None, typer.Option(help=_KEY)] = None,
    expect: Annotated[
        Expectation | None,
        typer.Option(help="'refusal': no question has an answer, refusing is right."),
    ] = None,
    today: Annotated[
        str | None, typer.Option(help="ISO date that relative times mean; default the real day.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Ask N at random.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of --sample.")] = 0,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Questions at once; above 1 latencies are mixed.")
    ] = 1,
    explain_losses: Annotated[
        bool,
        typer.Option(
            "--explain-losses", help="Tell at which stage the offline generator loses answers."
        ),
    ] = False,
    report_dir: Annotated[
        Path, typer.Option("--report", help="Folder of report.json and report.md.")
    ] = Path("eval-report"),
) -> None:
    """Measure a workflow: execution accuracy, precision, refusals, errors and latency."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    keys = Keys(question_key, sql_key, database_key, category_key, knowledge_key)
    items = load(questions, keys, expect=expect)
    items = select(items, limit=limit, sample=sample, seed=seed)
    plan = Plan(workflow, namespace, _day(today))
    begin = time.perf_counter()
    outcomes, lost = asyncio.run(_run(config, items, plan, concurrency, explain_losses, console))
    about = {
        "questions": questions.name,
        "namespace": namespace,
        "workflow": workflow,
        "asked": len(items),
        "concurrency": concurrency,
        "sampled": f"{sample} with seed {seed}" if sample else "no",
        "seconds": round(time.perf_counter() - begin, 1),
    }
    paths = report.write(outcomes, about, report_dir)
    console.print(_table(outcomes))
    if lost is not None:
        console.print(_losses_table(lost))
    for line in report.code_lines(report.figures(outcomes)):
        console.print(line, highlight=False)
    console.print(f"Report: {paths[1]} and {paths[0].name}", highlight=False)


async def _run(
    config: Path | None,
    items: tuple[Item, ...],
    plan: Plan,
    concurrency: int,
    explain_losses: bool,
    console: Console,
) -> tuple[tuple[Outcome, ...], Counter[Stage] | None]:
    settings = load_settings(config)
    watched = _watched(settings) if explain_losses else None
    dialect = references_dialect(settings, plan, items)
    if settings.uses_builtin_demo:
        demo.ensure(settings.demo_path, lambda table, done, total: console.print(f"demo: {table}"))
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    right = asked = 0

    def show(outcome: Outcome) -> None:
        nonlocal right, asked
        right += outcome.verdict == "right"
        asked += outcome.verdict != "reference_failed"
        progress.update(bar, advance=1, description=f"right {right} of {asked}")

    async with open_local(
        settings,
        plan,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        timer=time.perf_counter,
        generator=watched,
    ) as local:
        with progress:
            bar = progress.add_task("asking", total=len(items))
            outcomes = await evaluate(
                items,
                local.answer,
                local.reference,
                concurrency=concurrency,
                dialect=dialect,
                on_outcome=show,
            )
        if watched is None:
            return outcomes, None
        with console.status("Looking where answers were lost ..."):
            return outcomes, await losses(outcomes, watched, local.reference, dialect)


def _watched(settings: Settings) -> Watched:
    """The offline generator that the settings name, to be looked into.

    Raises:
        InvalidRequestError: Another model answers.
    """
    model = settings.models[settings.target]
    if model.type != "offline":
        raise InvalidRequestError(
            f"--explain-losses looks into the offline generator, and {model.name!r} answers here."
        )
    return Watched(OfflineGenerator(least_confidence=model.least_confidence))


def _losses_table(lost: Counter[Stage]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title="Lost answers", title_justify="left")
    for heading in ("stage", "lost", "what it means"):
        table.add_column(heading, justify="right" if heading == "lost" else "left")
    for stage, meaning in STAGES.items():
        table.add_row(stage, str(lost[stage]), meaning)
    return table


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidRequestError(
            f"--today takes an ISO date such as 2024-01-15, not {text!r}."
        ) from error


def _table(outcomes: tuple[Outcome, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, heading in enumerate(report.HEADINGS):
        table.add_column(heading, justify="right" if place else "left", no_wrap=place > 0)
    parts = report.by_category(outcomes)
    if len(parts) > 1:
        for name, part in parts.items():
            table.add_row(*report.table_row(name, part))
        table.add_section()
    table.add_row(*report.table_row("total", report.figures(outcomes)), style="bold")
    return table
