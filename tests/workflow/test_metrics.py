"""metric_to_sql from end to end: the offline generator chooses, the compiler writes, SQLite answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from datus.errors import DatusError
from datus.generation.offline.generator import OfflineGenerator
from datus.types import MetricFilter, MetricQuery, Question
from datus.workflow.definitions import METRIC_QUERY, definitions
from datus.workflow.engine import Outcome, run_workflow
from datus.workflow.metric_query import as_json, from_json
from datus.workflow.state import RunState

METRICS = """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_on}
    entities:
      - {name: purchase, type: primary, expr: id}
      - {name: buyer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_on, type: time, type_params: {time_granularity: day}}
    measures:
      - {name: turnover, agg: sum, expr: amount}
      - {name: order_count, agg: count, expr: id}
  - name: customers
    model: ref('customers')
    entities:
      - {name: buyer, type: primary, expr: id}
    dimensions:
      - {name: city, type: categorical, config: {meta: {synonyms: [城市]}}}
metrics:
  - name: turnover
    label: Turnover
    description: What buyers paid.
    type: simple
    type_params: {measure: turnover}
    config: {meta: {synonyms: [营业额], owner: finance, area: sales/retail}}
  - name: orders_placed
    label: Orders placed
    type: simple
    type_params: {measure: order_count}
    config: {meta: {synonyms: [订单数], area: sales/web}}
"""
TERMS = """
terms:
  - {word: takings, synonyms: [流水], meaning: The same as turnover.}
"""
CONFIG = """
    figures:
      type: sqlite
      uri: dbs/shop.sqlite
      timezone: Asia/Shanghai
      knowledge: {metrics: metrics, terms: terms.yml}
"""

Ask = Callable[..., Any]


@pytest.fixture
async def ask(make_lab, tmp_path) -> AsyncIterator[Ask]:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "sales.yml").write_text(METRICS, encoding="utf-8")
    (tmp_path / "terms.yml").write_text(TERMS, encoding="utf-8")
    made = []

    async def run(
        text: str = "", query: MetricQuery | None = None, extra: str = "", **question: Any
    ) -> Outcome:
        lab = make_lab(CONFIG + extra)
        made.append(lab)
        tools = replace(lab.tools(lambda context: ()), generator_of=lambda _: OfflineGenerator())
        workflow = METRIC_QUERY if query else definitions(lab.settings)["metric_to_sql"]
        asked = Question(text, date(2024, 1, 15), timezone="Asia/Shanghai", **question)
        state = RunState("t1", workflow.name, "figures", asked, ("shop",), metric_query=query)

        async def silent(type: str, data: object, step: Any = None) -> None: ...

        return await run_workflow(workflow, state, tools, silent, stopped=_not_stopped)

    yield run
    for lab in made:
        lab.knowledge.close()
        await lab.connectors.close()


def _not_stopped() -> DatusError:
    raise AssertionError("nobody stopped the run")


def rows(outcome: Outcome) -> list[list[object]]:
    assert outcome.status == "completed", outcome.error
    return sorted(list(row.values()) for row in outcome.answer["result"])


@pytest.mark.parametrize("text", ["turnover by city this month", "本月各城市的营业额"])
async def test_a_question_is_answered_by_the_metric(ask: Ask, text: str) -> None:
    outcome = await ask(text)
    assert rows(outcome) == [["Paris", 10.5], ["Rome", 20.0]]
    metadata = outcome.answer["metadata"]
    assert [(each["name"], each["description"], each["owner"]) for each in metadata["metrics"]] == [
        ("turnover", "What buyers paid.", "finance")
    ]
    assert metadata["metrics"][0]["definition"]
    (time,) = metadata["time_ranges"]
    assert (time["start"], time["end"], time["timezone"]) == (
        "2024-01-01", "2024-02-01", "Asia/Shanghai"
    )  # fmt: skip
    assert time["words"] in text
    assert metadata["knowledge_version"].startswith("live-")


async def test_equal_questions_give_equal_sql(ask: Ask) -> None:
    texts = ("turnover by city", "营业额按城市", "please show me the turnover for each city")
    answers = await asyncio.gather(*(ask(text) for text in texts))
    assert len({outcome.answer["sql"] for outcome in answers}) == 1


async def test_the_query_of_an_answer_can_be_edited_and_run_again(ask: Ask) -> None:
    first = await ask("turnover by city")
    shown = json.loads(json.dumps(first.answer["metadata"]["metric_query"]))
    edited = replace(from_json(shown), filters=(MetricFilter("buyer__city", "=", ("rome",)),))
    again = await ask(query=edited)
    assert rows(again) == [["Rome", 20.0]]
    assert as_json(edited) != again.answer["metadata"]["metric_query"]  # spelt as the data has it
    assert again.answer["metadata"]["metric_query"]["filters"][0]["values"] == ["Rome"]


async def test_a_value_that_the_data_does_not_have_is_refused_with_the_nearest(ask: Ask) -> None:
    query = MetricQuery(("turnover",), filters=(MetricFilter("buyer__city", "=", ("Pariss",)),))
    outcome = await ask(query=query)
    assert (outcome.status, outcome.error["code"]) == ("refused", "unanswerable")
    assert outcome.error["details"]["nearest"][0] == "Paris"


async def test_a_value_with_a_quote_is_only_a_value(ask: Ask) -> None:
    query = MetricQuery(
        ("turnover",), filters=(MetricFilter("purchase__ordered_on", ">", ("2024-01-04",)),)
    )
    assert rows(await ask(query=query)) == [[20.0]]
    for text in ("x' OR '1'='1", "{{ Dimension('buyer__city') }}", "'); DROP TABLE orders; --"):
        hostile = MetricFilter("buyer__city", "!=", (text,))
        outcome = await ask(query=replace(query, filters=(hostile,)))
        assert outcome.status == "refused", outcome.answer["sql"]


@pytest.mark.parametrize("text", ["average temperature by city", "每个门店的员工人数"])
async def test_no_metric_fits_is_a_refusal_with_the_nearest(ask: Ask, text: str) -> None:
    outcome = await ask(text)
    assert (outcome.status, outcome.error["code"]) == ("refused", "unanswerable")
    assert {each["name"] for each in outcome.error["details"]["metrics"]} <= {
        "turnover", "orders_placed"
    }  # fmt: skip


HANDED = "  nodes: {search_metrics: {otherwise: nl2sql}}\n"


async def test_what_no_metric_answers_may_be_handed_over_and_says_so(ask: Ask) -> None:
    outcome = await ask("How many customers are in Rome?", extra=HANDED)
    assert rows(outcome) == [[2]]
    metadata = outcome.answer["metadata"]
    assert metadata["metric_query"] is None
    assert "names no metric" in metadata["handed_over"]


async def test_business_areas_narrow_the_metrics(ask: Ask) -> None:
    assert rows(await ask("turnover", area=("sales", "retail"))) == [[30.5]]
    assert rows(await ask("turnover", area=("sales",))) == [[30.5]]
    elsewhere = await ask("turnover", area=("sales", "web"))
    assert elsewhere.status == "refused"
    nothing = await ask("turnover", area=("logistics",))
    assert nothing.status == "refused"
    assert "logistics" in nothing.error["message"]


async def test_a_term_leads_to_its_metric(ask: Ask) -> None:
    for text in ("takings by city", "各城市的流水"):
        outcome = await ask(text)
        assert rows(outcome) == [["Paris", 10.5], ["Rome", 20.0]]
        assert [term["word"] for term in outcome.answer["metadata"]["terms"]] == ["takings"]
