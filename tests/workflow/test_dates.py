"""The settings of ``date_parser`` decide how a question's dates are read."""

from typing import Any

import pytest

from datus.types import GenerationContext

CASES = [
    ("", "past 3 months", ("2023-10-16", "2024-01-16")),
    ("past_n_rolling: false", "past 3 months", ("2023-10-01", "2024-01-01")),
    ("past_n_includes_today: false", "past 3 months", ("2023-10-15", "2024-01-15")),
    ("week_start: sunday", "last week", ("2024-01-07", "2024-01-14")),
    ("fiscal_year_start_month: 4", "this fiscal year", ("2023-04-01", "2024-04-01")),
    ("", "on 5/11/2023", None),
    ("numeric_dates: day_first", "on 5/11/2023", ("2023-11-05", "2023-11-06")),
    ("numeric_dates: month_first", "on 5/11/2023", ("2023-05-11", "2023-05-12")),
]


@pytest.mark.parametrize(("setting", "words", "expected"), CASES)
async def test_a_setting_is_read(
    make_lab: Any, setting: str, words: str, expected: tuple[str, str] | None
) -> None:
    lab = make_lab(f"  nodes: {{date_parser: {{{setting}}}}}\n")
    seen: list[GenerationContext] = []

    def script(context: GenerationContext) -> list[str]:
        seen.append(context)
        return ["SELECT 1 AS n"]

    try:
        await lab.ask("nl2sql", script, f"How many orders {words}?")
    finally:
        await lab.connectors.close()
    found = [(str(time.start), str(time.end)) for time in seen[0].times]
    assert found == ([expected] if expected else [])
