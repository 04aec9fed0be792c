"""What does not fit is left out, the least relevant first, and said."""

from dataclasses import replace
from datetime import date

import pytest

from datus.generation.prompted.asking import make_prompt
from datus.generation.prompted.parts import Level, Part, fit, summary
from datus.generation.prompted.prompts import load_prompts
from datus.generation.prompted.tokens import estimate
from datus.llm.base import ModelRejectedError
from datus.types import (
    Attempt,
    Column,
    DatabaseSchema,
    ForeignKey,
    GenerationContext,
    Passage,
    Question,
    ReferenceSql,
    TableSchema,
    ValueHit,
)

ID = Column("id", "INTEGER", "integer", nullable=False)


def table(name: str, columns: int, *keys: ForeignKey, more: tuple[Column, ...] = ()) -> TableSchema:
    filler = (Column(f"misc_{name}_{n}", "TEXT", "text") for n in range(columns))
    return TableSchema(name, (ID, *more, *filler), None, ("id",), keys)


def big(text: str = "How many ferries are in Oslo?") -> GenerationContext:
    to_harbour = ForeignKey(("harbour_id",), "harbour", ("id",))
    tables = (
        *(table(f"archive_{n}", 40) for n in range(10)),
        table("ferry", 60, to_harbour, more=(Column("harbour_id", "INTEGER", "integer"),)),
        table("harbour", 60, more=(Column("town", "TEXT", "text"),)),
    )
    start = text.find("Oslo")
    return GenerationContext(
        Question(text, date(2024, 3, 15)),
        DatabaseSchema("sqlite", "sea", tables),
        values=(ValueHit("harbour", "town", "Oslo", (start, start + 4), 0.99),) if start >= 0 else (),
        references=tuple(ReferenceSql(f"question {n} of many", f"SELECT {n}") for n in range(6)),
        passages=(Passage("Ferries", "They float. " * 60, "ferries.md"),),
    )  # fmt: skip


def test_nothing_is_left_out_where_there_is_room() -> None:
    made = make_prompt("generate_sql", big(), load_prompts(), 100_000)
    assert made.left_out == ()
    assert "Left out" not in made.prompt.user
    assert "misc_archive_9_39" in made.prompt.user


@pytest.mark.parametrize("tokens", [5_700, 3_500, 2_500, 2_000, 1_500, 1_250])
def test_a_prompt_never_passes_its_budget_and_keeps_what_matters(tokens: int) -> None:
    made = make_prompt("generate_sql", big(), load_prompts(), tokens)
    user = made.prompt.user
    assert estimate(made.prompt.system) + estimate(user) <= tokens
    assert "How many ferries are in Oslo?" in user
    for kept in ("CREATE TABLE ferry", "harbour_id INTEGER REFERENCES harbour (id)", "town TEXT"):
        assert kept in user
    assert made.left_out
    for line in made.left_out:
        assert f"| {line}" in user


def test_columns_go_first_and_far_tables_before_near_ones() -> None:
    some = make_prompt("generate_sql", big(), load_prompts(), 5_500)
    assert [line.split(":")[0] for line in some.left_out] == ["columns"]
    assert "CREATE TABLE archive_9" in some.prompt.user
    assert "'Oslo' <- \"Oslo\"" in some.prompt.user
    few = make_prompt("generate_sql", big(), load_prompts(), 1_070)
    kinds = [line.split(":")[0] for line in few.left_out]
    assert kinds == ["columns", "references", "passages", "values", "tables"]
    assert "ferry" not in few.left_out[-1]


def test_columns_that_told_sql_names_are_near() -> None:
    told = ReferenceSql("old", "SELECT misc_archive_3_7 FROM archive_3 WHERE x = 1")
    context = replace(big(), references=(*big().references, told))
    made = make_prompt("generate_sql", context, load_prompts(), 1_500)
    assert "misc_archive_3_7 TEXT" in made.prompt.user
    assert "misc_archive_3_6 TEXT" not in made.prompt.user


def test_chinese_words_lead_to_english_names() -> None:
    """渡轮 stands in the dictionary: what is called ferry stays, though no comment says so."""
    context = replace(big("奥斯陆有多少艘渡轮？"), values=())
    made = make_prompt("generate_sql", context, load_prompts(), 1_130)
    assert "CREATE TABLE ferry" in made.prompt.user
    assert "CREATE TABLE archive_9" not in made.prompt.user


def test_what_went_with_its_table_is_counted_once() -> None:
    few = make_prompt("generate_sql", big(), load_prompts(), 1_070)
    columns, tables = few.left_out[0], few.left_out[-1]
    named = {each.split(" ")[0] for each in columns.removeprefix("columns: ").split(", ")}
    gone = set(tables.removeprefix("tables: ").split(", "))
    assert {"ferry", "harbour"} <= named
    assert gone
    assert not named & gone


def test_the_question_itself_is_never_cut() -> None:
    with pytest.raises(ModelRejectedError, match="longer than 1,200 tokens"):
        make_prompt("generate_sql", big("why? " * 2_000), load_prompts(), 1_200)


def test_the_last_attempts_are_shown_in_a_few_words() -> None:
    tried = tuple(Attempt(f"SELECT {n}\nFROM t", "no\n" + "x" * 5_000) for n in range(9))
    made = make_prompt("generate_sql", replace(big(), attempts=tried), load_prompts(), 100_000)
    shown = made.prompt.user.split('<data name="attempts">')[1].split("</data>")[0]
    assert "SELECT 8 FROM t" in shown
    assert "SELECT 4 FROM t" not in shown
    assert len(shown) < 2_400


def test_parts_go_with_what_they_belong_to_and_one_table_stays() -> None:
    parts = [
        Part("schema", "a" * 400, Level.FAR_TABLE, 0.0, "table a", kind="tables", label="a"),
        Part("schema", "b" * 400, Level.KEPT, 0.0, "a b", "table a", "columns", "a.b"),
        Part("schema", "v" * 400, Level.VALUE, 0.0, "a b v", "a b", "values", "a.b = 'v'"),
        Part("schema", "c" * 400, Level.NEAR_TABLE, 9.0, "table c", kind="tables", label="c"),
        Part("question", "q" * 400),
    ]
    kept, gone = fit(parts, 300)
    assert [part.text[0] for part in kept] == ["c", "q"]
    assert summary(gone) == ("tables: a",)
    kept, _ = fit(parts, 0)
    assert [part.text[0] for part in kept] == ["c", "q"]
