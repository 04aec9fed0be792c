"""Prompt files: what comes with datus is usable, an operator's own go before it, bad ones are refused."""

import re
from pathlib import Path
from typing import get_args

import pytest

from datus.errors import ConfigError
from datus.generation.prompted.parts import Section
from datus.generation.prompted.prompts import LANGUAGES, OURS, load_prompts
from datus.sql.functions import FUNCTIONS

GOOD = "Write {{dialect}}.\n=== user ===\n{{times}}{{attempts}}\n\n{{schema}}\n\n{{question}}\n"


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_ours_are_there_in_both_languages() -> None:
    for folder in OURS.iterdir():
        assert sorted(each.name for each in folder.iterdir()) == sorted(LANGUAGES)


@pytest.mark.parametrize("dialect", FUNCTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_of_a_dialect_name_only_functions_that_the_guard_lets_through(
    dialect: str, language: str
) -> None:
    text = (OURS / f"dialect_{dialect}" / language / "1.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+)\(", text)
    assert named
    assert set(named) <= set(FUNCTIONS[dialect])  # type: ignore[index]


def test_the_instructions_of_a_dialect_are_the_same_for_every_question() -> None:
    prompts = load_prompts()
    one = prompts.render("generate_sql", "en", "mysql", {"question": "a", "schema": "b"})
    other = prompts.render("generate_sql", "en", "mysql", {"question": "c", "today": "2024-01-01"})
    assert one.system == other.system
    assert one.user != other.user
    assert one.version == other.version == "generate_sql/en/1"


def test_an_own_prompt_goes_before_ours_and_has_a_version_of_its_own(tmp_path: Path) -> None:
    prompts = load_prompts(put(tmp_path, "generate_sql/en/1.md", GOOD))
    made = prompts.render("generate_sql", "en", "sqlite", {"question": "Q", "schema": "S"})
    assert (made.system, made.user) == ("Write sqlite.", "S\n\nQ")
    assert re.fullmatch(r"generate_sql/en/1\+[0-9a-f]{8}", made.version)
    assert prompts.render("generate_sql", "zh", "sqlite", {}).version == "generate_sql/zh/1"
    assert prompts.version != load_prompts().version == load_prompts().version


def test_the_highest_version_is_used(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        put(tmp_path, f"generate_sql/zh/{version}.md", GOOD.replace("Write", f"V{version}"))
    made = load_prompts(tmp_path).render("generate_sql", "zh", "sqlite", {})
    assert made.system == "V10 sqlite."
    assert made.version.startswith("generate_sql/zh/10+")


def test_own_rules_of_a_dialect_change_the_version_of_what_shows_them(tmp_path: Path) -> None:
    put(tmp_path, "dialect_sqlite/en/3.md", "- Our rule.")
    made = load_prompts(tmp_path).render("generate_sql", "en", "sqlite", {})
    assert "- Our rule." in made.system
    assert made.version != "generate_sql/en/1"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("generate_sql/en/1.md", "{{question}}", "needs one line '=== user ==='"),
        ("generate_sql/en/1.md", GOOD + "=== user ===\n", "it has 2"),
        ("generate_sql/en/1.md", GOOD.replace("{{schema}}", "{{scheme}}"), "{{scheme}} is no placeholder"),
        ("generate_sql/en/1.md", GOOD.replace("{{schema}}", ""), "lacks {{schema}}"),
        ("generate_sql/en/1.md", "{{question}}" + GOOD, "{{question}} is no placeholder here"),
        ("generate_sql/en/1.md", GOOD + "{{", "only stand around"),
        ("generate_sql/en/one.md", GOOD, "its place is <name>/<language>/<version>.md"),
        ("generate_sql/1.md", GOOD, "its place is"),
        ("generate_sql/en/1.txt", GOOD, "its place is"),
        ("generate_sq/en/1.md", GOOD, "did you mean 'generate_sql'?"),
        ("generate_sql/de/1.md", GOOD, "'de' is no language"),
    ],
)  # fmt: skip
def test_a_prompt_that_cannot_be_used_is_refused_with_its_file(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as refused:
        load_prompts(put(tmp_path, name, text))
    assert str(tmp_path / name) in refused.value.message


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_prompts(tmp_path / "none")


def test_every_section_and_placeholder_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "prompts.md").read_text(encoding="utf-8")
    sections = text.split("\n## Sections\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", sections, re.MULTILINE)
    assert {name.strip("` ") for row in rows for name in row.split(",")} == set(get_args(Section))
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (Path(__file__).parents[3] / "docs" / link).exists(), link
