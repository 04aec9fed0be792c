"""One question with everything that nodes can gather for it, in both languages, and a meter that keeps calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from datus.errors import DatusError
from datus.generation.prompted.asking import Options
from datus.generation.prompted.generator import PromptedGenerator
from datus.generation.prompted.prompts import load_prompts
from datus.llm.scripted import Script, ScriptedModel
from datus.types import (
    Attempt,
    Call,
    Column,
    Comparison,
    DatabaseSchema,
    Dimension,
    ForeignKey,
    GenerationContext,
    Metric,
    MetricCatalogue,
    Passage,
    Prompt,
    Question,
    ReferenceSql,
    TableSchema,
    Term,
    TimeRange,
    ValueHit,
)


@dataclass
class KeptMeter:
    """Keeps the calls of one task; raises ``spent`` before a request where there is one."""

    calls: list[Call] = field(default_factory=list)
    spent: DatusError | None = None
    deadline: float = float("inf")

    def check(self) -> None:
        if self.spent is not None:
            raise self.spent

    def record(self, call: Call) -> None:
        self.calls.append(call)


def _column(name: str, type: str, kind: Any, comment: str = "", *, null: bool = True) -> Column:
    return Column(name, type, kind, null, comment)


SHOP = DatabaseSchema(
    "duckdb",
    "shop",
    (
        TableSchema(
            "orders",
            (
                _column("order_id", "INTEGER", "integer", null=False),
                _column("customer_id", "INTEGER", "integer", "who bought", null=False),
                _column("status", "VARCHAR", "text", "state of the order | 订单状态"),
                _column("ordered_at", "TIMESTAMP", "datetime", "when it was placed | 下单时间"),
                _column("amount", "DECIMAL(12,2)", "number", "total to pay | 金额"),
                _column("Ship Note", "VARCHAR", "text", "what the courier reads"),
            ),
            "main",
            ("order_id",),
            (ForeignKey(("customer_id",), "customers", ("customer_id",)),),
            "one order of a customer | 订单",
        ),
        TableSchema(
            "customers",
            (
                _column("customer_id", "INTEGER", "integer", null=False),
                _column("name", "VARCHAR", "text", "full name | 姓名"),
                _column("city", "VARCHAR", "text", "where they live | 城市"),
            ),
            "main",
            ("customer_id",),
            (),
            "people who bought | 客户",
        ),
        TableSchema(
            "stock",
            (
                _column("store_id", "INTEGER", "integer", null=False),
                _column("sku", "VARCHAR", "text", null=False),
                _column("on_hand", "INTEGER", "integer"),
            ),
            "main",
            ("store_id", "sku"),
            (ForeignKey(("store_id", "sku"), "shelf", ("store_id", "sku")),),
        ),
        TableSchema("daily_sales", (_column("day", "DATE", "date"),), "main", is_view=True),
    ),
    "main",
)  # fmt: skip

ENGLISH = "Revenue of paid orders from Paris last month compared with the year before"
CHINESE = "上个月巴黎已支付订单的销售额是多少，同比如何？"


def _span(text: str, words: str) -> tuple[int, int]:
    start = text.index(words)
    return start, start + len(words)


def full_context(text: str, meter: KeptMeter | None = None) -> GenerationContext:
    """Everything a node can find for the question, whichever language it is in."""
    chinese = text == CHINESE
    paid, paris, month, before = (
        ("已支付", "巴黎", "上个月", "同比")
        if chinese
        else ("paid", "Paris", "last month", "year before")
    )
    return GenerationContext(
        question=Question(
            text,
            date(2024, 3, 15),
            ext_knowledge="金额不含税" if chinese else "Amounts are without tax.",
        ),
        schema=SHOP,
        values=(
            ValueHit("orders", "status", "paid", _span(text, paid), 0.97),
            ValueHit("customers", "city", "Paris", _span(text, paris), 0.99),
        ),
        times=(TimeRange(date(2024, 2, 1), date(2024, 3, 1), "month", month, _span(text, month)),),
        comparisons=(Comparison("year", before, _span(text, before)),),
        metrics=MetricCatalogue(
            (
                Metric("revenue", "simple", "Revenue", "Money from paid orders", "SUM(amount)", ("销售额",),
                       dimensions=("customer__city", "order__status"), grain="day"),
                Metric("orders", "simple", "Orders", "", "COUNT(order_id)", dimensions=("order__status",)),
            ),
            {
                "customer__city": Dimension("customer__city", "categorical", "City", synonyms=("城市",),
                                            table="customers", column="city"),
                "order__status": Dimension("order__status", "categorical", "Status", table="orders",
                                           column="status"),
            },
        ),
        terms=(Term("revenue", "the amount of paid orders", ("销售额",), "SUM(amount)"),),
        references=(
            ReferenceSql("Revenue by city in 2023", "SELECT city, SUM(amount) FROM orders\nJOIN customers USING (customer_id) GROUP BY city"),
        ),
        passages=(Passage("Returns", "A returned order keeps its status.\nIt is not revenue.", "returns.md"),),
        attempts=(Attempt("SELECT SUM(total) FROM orders", "no column 'total' in orders; the nearest is 'amount'"),),
        meter=meter,
    )  # fmt: skip


GOOD: Mapping[str, Any] = {
    "sql": "SELECT SUM(amount) AS revenue FROM orders WHERE status = 'paid'",
    "tables": ["orders"],
    "columns": ["orders.amount", "orders.status"],
    "times": [1],
    "references": [1],
    "words": [{"words": "paid", "meaning": "orders.status = 'paid'"}],
    "assumptions": ["Cancelled orders are left out."],
    "confidence": 0.9,
    "explanation": "The sum of paid orders.",
}


@pytest.fixture
def meter() -> KeptMeter:
    return KeptMeter()


@pytest.fixture
def make() -> Callable[..., PromptedGenerator]:
    """A generator over a model that answers by a script, or with the same answer every time."""

    def made(script: Script | Mapping[str, Any], **options: Any) -> PromptedGenerator:
        def spoken(prompt: Prompt) -> Any:
            return script(prompt) if callable(script) else script

        model = ScriptedModel(spoken, name="swan")
        return PromptedGenerator(model, load_prompts(), Options(**options))

    return made


def without_attempts(context: GenerationContext) -> GenerationContext:
    return replace(context, attempts=())
