"""Questions that someone has answered before: the same words get the SQL that was vouched for."""

from datetime import date

from datus.dates import find_time_ranges
from datus.text import normal_form
from datus.types import Candidate, GenerationContext, WordUse

# Two days of different years, months, weekdays and halves of a month.
_SOME_DAYS = (date(2001, 2, 5), date(2018, 9, 22))


def vouched(context: GenerationContext) -> Candidate | None:
    """The SQL of a reference that asks the very same question, whatever its case and marks.

    A question whose time depends on the day it is asked ("last month") is never answered so: the SQL
    of a reference holds the days of its own time.
    """
    text = context.question.text
    asked = normal_form(text)
    found = next((one for one in context.references if normal_form(one.question) == asked), None)
    if found is None or _depends_on_today(text):
        return None
    whole = WordUse(text, (0, len(text)), f"asked before: {found.question}")
    return Candidate(
        sql=found.sql,
        score=1.0,
        tables=found.tables,
        columns=found.columns,
        words=(whole,),
        times=context.times,
        references=(found,),
    )


def _depends_on_today(text: str) -> bool:
    ranges = [
        [(each.start, each.end) for each in find_time_ranges(text, today=day)] for day in _SOME_DAYS
    ]
    return ranges[0] != ranges[1]
