"""date_parser: the spans of time that the question names."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from datus.config import NodeValue
from datus.dates import DateSettings, check_country, read_times
from datus.workflow.node import Node, Report, Tools
from datus.workflow.state import RunState

_WEEKDAYS: Mapping[str, int] = MappingProxyType({"monday": 0, "saturday": 5, "sunday": 6})
_DAY_FIRST: Mapping[str, bool | None] = MappingProxyType(
    {"certain": None, "day_first": True, "month_first": False}
)


class DateParser(Node):
    """Reads time expressions, in English and Chinese, against the question's today."""

    name = "date_parser"
    description = "Read the time expressions of the question"
    gives = ("times",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Read every time range of the question; none is an answer too."""
        question = state.question
        settings = date_settings(tools.settings.node_settings[self.name])
        read = await asyncio.to_thread(
            read_times, question.text, today=question.today, settings=settings
        )
        await report.detail(
            f"Read {len(read.ranges)} time ranges" if read.ranges else "The question names no time",
            today=question.today.isoformat(),
            timezone=question.timezone,
            time_ranges=[
                {
                    "words": time.words,
                    "start": time.start.isoformat() if time.start else None,
                    "end": time.end.isoformat() if time.end else None,
                }
                for time in read.ranges
            ],
            comparisons=[each.words for each in read.comparisons],
        )
        return replace(state, times=read.ranges, comparisons=read.comparisons)


def date_settings(node: Mapping[str, NodeValue]) -> DateSettings:
    """The conventions that the node's settings say.

    Raises:
        ConfigError: The country of the holidays is not known.
    """
    country = str(node["holiday_country"])
    return DateSettings(
        week_start=_WEEKDAYS[str(node["week_start"])],
        fiscal_year_start=int(node["fiscal_year_start_month"]),
        includes_today=bool(node["past_n_includes_today"]),
        rolling=bool(node["past_n_rolling"]),
        day_first=_DAY_FIRST[str(node["numeric_dates"])],
        country=check_country(country) if country else None,
    )
