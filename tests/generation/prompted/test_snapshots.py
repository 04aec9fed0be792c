"""Every prompt whole, as a model gets it. ``pytest tests/generation/prompted --write-snapshots`` writes them anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from datus.generation.prompted.asking import make_prompt
from datus.generation.prompted.marks import marked
from datus.generation.prompted.prompts import LANGUAGES, Language, PromptName, load_prompts
from datus.generation.prompted.tokens import estimate
from datus.types import Dialect, Prompt
from tests.generation.prompted.conftest import CHINESE, ENGLISH, full_context

SNAPSHOTS = Path(__file__).with_name("snapshots")
TEXTS = {"en": ENGLISH, "zh": CHINESE}
DIALECTS: tuple[Dialect, ...] = ("sqlite", "duckdb", "postgresql", "mysql")
CASES: list[tuple[PromptName, str, Dialect, int]] = [
    *(("generate_sql", language, dialect, 16_000) for language in LANGUAGES for dialect in DIALECTS),
    *(("choose_metrics", language, "duckdb", 16_000) for language in LANGUAGES),
    ("generate_sql", "en", "duckdb", 1_250),
    ("generate_sql", "zh", "duckdb", 1_350),
]  # fmt: skip


def name_of(case: tuple[PromptName, str, Dialect, int]) -> str:
    prompt, language, dialect, tokens = case
    short = "" if tokens == 16_000 else ".short"
    return f"{prompt}.{language}.{dialect}{short}.txt"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_whole_prompt(
    case: tuple[PromptName, str, Dialect, int], request: pytest.FixtureRequest
) -> None:
    name, language, dialect, tokens = case
    context = full_context(TEXTS[language])
    context = replace(context, schema=replace(context.schema, dialect=dialect))
    made = make_prompt(name, context, load_prompts(), tokens)
    assert estimate(made.prompt.system + made.prompt.user) <= tokens
    assert bool(made.left_out) == (tokens < 16_000)
    _compare(made.prompt, name_of(case), request)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_prompt_of_the_judge(language: Language, request: pytest.FixtureRequest) -> None:
    parts = {
        "question": TEXTS[language],
        "knowledge": "Only stays that took place count.",
        "times": "2023: 2023-01-01 <= t < 2024-01-01",
        "sql": "SELECT COUNT(*) AS n FROM stay",
        "rows": "n (integer)\n[12]\n1 rows",
    }
    sections = {name: marked(name, text) for name, text in parts.items()}
    prompt = load_prompts().render("reflect", language, "duckdb", sections)
    _compare(prompt, f"reflect.{language}.txt", request)


def _compare(prompt: Prompt, name: str, request: pytest.FixtureRequest) -> None:
    shown = f"{prompt.version}\n\n----- system -----\n{prompt.system}\n\n----- user -----\n{prompt.user}\n"
    path = SNAPSHOTS / name
    if request.config.getoption("--write-snapshots"):
        path.write_text(shown, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == shown


def test_no_snapshot_is_left_of_a_prompt_that_is_gone() -> None:
    judges = [f"reflect.{language}.txt" for language in LANGUAGES]
    assert sorted(each.name for each in SNAPSHOTS.iterdir()) == sorted(
        [*map(name_of, CASES), *judges]
    )
