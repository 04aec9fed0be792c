"""What ``datus ask`` prints of an answer."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from datus.cli.show import pretty, show


def shown(answer) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    show(answer, "sqlite", console)
    return console.export_text()


def answer(**parts):
    return {
        "task_id": "t1",
        "status": "completed",
        "workflow": "nl2sql",
        "sql": "SELECT note, amount FROM orders",
        "result": [{"note": "中文", "amount": 1.5}, {"note": "[red]x[/red]", "amount": None}],
        "metadata": {
            "columns": [{"name": "note", "type": "text"}, {"name": "amount", "type": "number"}],
            "truncated": False,
            "words": [{"words": "orders", "span": [0, 6], "meaning": "table orders"}],
        },
        "error": None,
        "execution_time": 0.123,
    } | parts


def test_sql_rows_and_words():
    text = shown(answer())
    assert [line.rstrip() for line in text.splitlines()[:5]] == [
        "SELECT",
        "  note,",
        "  amount",
        "FROM orders",
        "┏━━━━━━━━━━━━━━┳━━━━━━━━┓",
    ]
    assert "中文" in text
    assert "null" in text
    assert "2 rows, 0.12 s" in text
    assert "orders  →  table orders" in text


def test_metrics_are_told_with_definition_and_owner():
    metric = {
        "name": "turnover",
        "label": "Turnover",
        "definition": "sum of amount",
        "owner": "finance",
    }
    text = shown(answer(metadata=answer()["metadata"] | {"metrics": [metric]}))
    assert "Turnover = sum of amount, owned by finance" in text
    handed = answer()["metadata"] | {"metrics": [], "handed_over": "No metric has “staff”."}
    assert "No metric answered this" in shown(answer(metadata=handed))


def test_assumptions_and_stand_ins_are_told():
    more = {"assumptions": ["Only \x1b[31mpaid orders."], "degraded": ["The model is busy."]}
    text = shown(answer(metadata=answer()["metadata"] | more))
    assert "Assumed: Only \ufffd[31mpaid orders." in text
    assert "Answered by a stand-in: The model is busy." in text


def test_nearest_metrics_are_told_by_label_and_name():
    details = {"metrics": [{"name": "turnover", "label": "Turnover"}]}
    error = {"code": "unanswerable", "message": "No metric fits.", "details": details}
    text = shown(answer(status="refused", sql=None, result=None, error=error))
    assert "Metrics: Turnover (turnover)" in text


def test_wide_characters_take_two_columns():
    rows = [{"note": note, "amount": 1} for note in ("中文，全角　空格", "plain", "ｆｕｌｌ")]
    table = [line for line in shown(answer(result=rows)).splitlines() if line[:1] in "┏│└"]
    assert len({cell_len(line) for line in table}) == 1
    assert "中文，全角　空格" in "".join(table)


def test_markup_in_data_is_data():
    assert "[red]x[/red]" in shown(answer())


def test_a_value_cannot_steer_the_terminal():
    rows = [{"note": "\x1b]0;title\x07\x9b31m", "amount": 1}]
    text = shown(answer(result=rows, sql="SELECT '\x1b[2J'"))
    assert not set(text) & set("\x1b\x07\x9b")


def test_the_table_is_bounded():
    rows = [{"note": f"row{n}", "amount": n} for n in range(50)]
    metadata = answer()["metadata"] | {"truncated": True}
    text = shown(answer(result=rows, metadata=metadata))
    assert "row19" in text
    assert "row20" not in text
    assert "50 rows, the first 20 shown, cut off at the server's limit" in text


def test_which_limit_cut_rows_off():
    for name, words in (("rows", "limit of rows"), ("bytes", "limit of an answer's size")):
        metadata = answer()["metadata"] | {"truncated": True, "truncated_by": name}
        assert f"cut off at the server's {words}" in " ".join(
            shown(answer(metadata=metadata)).split()
        )


def test_no_rows():
    text = shown(answer(result=[]))
    assert "amount" in text
    assert "0 rows" in text


def refused(code: str = "unanswerable", message: str = "No.", **details) -> str:
    error = {"code": code, "message": message, "details": details}
    return shown(answer(status="refused", sql=None, result=None, metadata={}, error=error))


def test_an_ambiguous_question_shows_its_readings():
    text = refused("ambiguous", "Two readings.", readings=["SELECT a FROM t", "SELECT b FROM t"])
    assert "refused: Two readings." in text
    lines = [line.rstrip() for line in text.splitlines()]
    places = [lines.index(line) for line in ("Reading 1:", "  a", "Reading 2:", "  b")]
    assert places == sorted(places)
    assert "Ask again in the words" in text


def test_a_refusal_shows_words_and_the_nearest_reading():
    text = refused(words=["flurbs", "x\x1b"], nearest="SELECT a FROM t")
    assert "Words: flurbs, x\ufffd" in text
    assert "The nearest reading, not run:" in text
    assert "Ask again" not in text


def test_long_lists_are_cut_and_what_the_message_said_is_not_repeated():
    tables = [f"table_{n:02}" for n in range(50)]
    text = refused(tables=tables, words=["flurbs"], message="No “flurbs” here.")
    assert "table_19 and 30 more" in " ".join(text.split())
    assert "Words" not in text


@pytest.mark.parametrize("details", [{"reason": "write"}, {"more": {"a": 1}}, {"empty": []}])
def test_details_of_any_shape_are_shown(details):
    assert "refused: No." in refused(**details)


def test_sql_that_cannot_be_read_is_shown_as_it_is():
    assert pretty("SELECT FROM WHERE ((", "sqlite") == "SELECT FROM WHERE (("
    assert pretty("SELECT `a` FROM `t`", "mysql") == "SELECT\n  `a`\nFROM `t`"
    assert pretty("SELECT 1", None) == "SELECT\n  1"
