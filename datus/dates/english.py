"""English words of time, in lower case; those of several words are joined by one space."""

from collections.abc import Iterator, Mapping

from datus.dates.holidays import FESTIVALS
from datus.dates.tokens import Entry

_TABLE: tuple[tuple[Entry, str], ...] = (
    (Entry("day_offset", -2), "day before yesterday"),
    (Entry("day_offset", -1), "yesterday"),
    (Entry("day_offset", 0), "today, this day"),
    (Entry("day_offset", 1), "tomorrow"),
    (Entry("day_offset", 2), "day after tomorrow"),
    (Entry("year_offset", -1), "ly"),
    (Entry("year_offset", -2), "year before last"),
    (Entry("this", 0), "this, current"),
    (Entry("this", -1), "last"),
    (Entry("this", -1, weak=True), "previous, prior, preceding"),  # one before, not a window
    (Entry("this", 1), "next, coming, upcoming"),
    (Entry("past"), "past, this past, these past, trailing"),
    (Entry("past", weak=True), "recent, most recent, latest"),
    (Entry("ordinal", -1), "final, very last"),
    (Entry("full"), "full, complete, completed, entire, whole, calendar"),
    (Entry("ago"), "ago, earlier, back"),
    (Entry("later"), "later, from now, from today, hence"),
    (Entry("to_date", unit="year"), "ytd, year to date"),
    (Entry("to_date", unit="fiscal_year"), "fytd, fiscal year to date"),
    (Entry("to_date", unit="quarter"), "qtd, quarter to date"),
    (Entry("to_date", unit="month"), "mtd, month to date"),
    (Entry("to_date", unit="week"), "wtd, week to date"),
    (Entry("to_date", -1, unit="year"), "pytd, lytd, prior ytd, last ytd, previous ytd"),
    (Entry("to_date", -1, unit="year"), "prior year to date, previous year to date"),
    (Entry("to_date", -1, unit="month"), "prior month to date, previous month to date"),
    (Entry("to_date", -1, unit="quarter"), "prior quarter to date, previous quarter to date"),
    (Entry("including"), "inclusive of, including, counting, and including"),
    (Entry("including", 1), "inclusive, both inclusive, both included, both days included"),
    (
        Entry("including", 1),
        "inclusive of start and end dates, inclusive of both dates, inclusive of both",
    ),
    (
        Entry("excluding"),
        "excluding, exclusive of, not including, not counting, without, except, except for, other than",
    ),
    (Entry("excluding", 1), "exclusive"),
    (Entry("same"), "same, corresponding"),
    (Entry("same_span", weak=True), "period, time"),
    (Entry("now", weak=True), "now, present, present day"),
    (Entry("since"), "since, starting from, starting in, beginning in, on or after"),
    (Entry("onward"), "to date, so far, to now, until now, till now, up to now, to present"),
    (Entry("onward"), "until today, till today, to the present, through the present"),
    (Entry("onward"), "onward, onwards, and later, or later, and after, forward"),
    (Entry("ending"), "ending, ended, ending in, ended in, ending on, ended on, ending with"),
    (
        Entry("starting"),
        "starting, beginning, commencing, starting on, beginning on, commencing on",
    ),
    (Entry("before"), "before, prior to, earlier than"),
    (Entry("after"), "after, later than, following"),
    (Entry("until"), "until, till, up to, up until, up through, up till, as of, no later than"),
    (Entry("until"), "on or before, by the end of"),
    (Entry("from"), "from"),
    (Entry("between"), "between"),
    (Entry("to"), "to"),
    (Entry("to", 1), "through, thru"),
    (Entry("and"), "and, or"),
    (Entry("and", 1), "vs, versus, compared to, compared with, against, relative to, as against"),
    (Entry("and", 1), "in comparison to, in comparison with, as compared to, as compared with"),
    (Entry("and", 1), "next to, beside, alongside, alongside of, side by side with, set against"),
    (Entry("and", 1), "put against, held against, set beside, set next to, put next to"),
    (Entry("unclear"), "next to last"),
    (Entry("versus"), "than"),
    (Entry("versus", weak=True), "more than, less than, fewer than, older than, longer than"),
    (Entry("comparing"), "compare, compares, comparing, comparison, compared, side by side"),
    (Entry("with"), "with"),
    (Entry("over"), "over"),
    (
        Entry("mass"),
        "revenue, revenues, sales, profit, profits, turnover, income, gmv, costs, spend",
    ),
    (Entry("mass"), "spending, earnings, ebitda, performance, results, traffic, churn, retention"),
    (Entry("named"), "named, called, mr, ms, mrs, miss, dr, name is, first name, last name"),
    (Entry("change"), "growth, growth rate, increase, increased, decrease, decreased, change"),
    (Entry("change"), "changed, decline, declined, drop, dropped, rise, rose, grew, grown, gain"),
    (Entry("change"), "improvement, improved, up, down, difference, delta, fell, uplift, changes"),
    (Entry("compare", 1, "year"), "year over year, year on year, yr over yr"),
    (Entry("compare", 1, "quarter"), "quarter over quarter, quarter on quarter"),
    (Entry("compare", 1, "month"), "month over month, month on month"),
    (Entry("compare", 1, "week"), "week over week, week on week"),
    (Entry("compare", 1, "day"), "day over day, day on day"),
    (Entry("compare"), "period over period, period on period"),
    (Entry("of"), "of"),
    (Entry("in"), "in, during, for, throughout, course of, all of"),
    (Entry("in", weak=True), "within, on"),
    (Entry("edge", 1), "beginning of, start of"),
    (Entry("edge", -1), "end of, close of"),
    (Entry("each"), "each, every, per, by"),
    (Entry("repeated"), "weekdays, workdays, business days, working days, trading days"),
    (
        Entry("unclear"),
        "early, mid, middle of, late, early in, late in, around, circa, earlier in, later in",
    ),
    (Entry("unclear"), "spring, summer, autumn, winter, fall, spring of, summer of, fall of"),
    (Entry("unclear"), "morning, afternoon, evening, night, noon, midnight"),
    (Entry("unclear"), "academic year, school year, tax year, model year, leap year"),
    (Entry("unclear"), "ramadan, diwali, hanukkah, eid, golden week, holiday season"),
    (Entry("unclear"), "business day, working day, trading day, workday, weekday, bank holiday"),
    (Entry("days_off"), "holiday, holidays, holiday period, long weekend, holiday weekend"),
    (Entry("days_off"), "holiday week, golden week holiday, holiday break"),
    (Entry("unit", unit="day"), "day, days, calendar day, calendar days"),
    (Entry("unit", unit="week"), "week, weeks, wk, wks"),
    (Entry("unit", unit="weekend"), "weekend, weekends"),
    (Entry("unit", unit="month"), "month, months, mo, mos, mth, mths"),
    (Entry("unit", unit="quarter"), "quarter, quarters, qtr, qtrs"),
    (Entry("unit", unit="half"), "half, halves, half year, half years"),
    (Entry("unit", unit="year"), "year, yr, calendar year"),
    (Entry("unit", unit="year", weak=True), "years, yrs, calendar years"),
    (Entry("unit", unit="fiscal_year"), "fiscal year, financial year, fiscal"),
    (Entry("unit", unit="fiscal_year", weak=True), "fiscal years, financial years"),
    (Entry("unit", unit="fiscal_quarter"), "fiscal quarter, fiscal quarters"),
    (Entry("number", 1, weak=True), "a, an"),
    (Entry("number", 12), "dozen"),
)

_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
)
_DECADES = "twenties thirties forties fifties sixties seventies eighties nineties"
_ALSO_OTHER_WORDS = ("may", "march", "mar", "jan", "jun", "dec")


def _entries() -> Iterator[tuple[str, Entry]]:
    for entry, words in _TABLE:
        for word in words.split(", "):
            yield word, entry
    for number, name in enumerate(_MONTHS.split(), 1):
        for form in (name, name[:3]):
            yield form, Entry("month", number, weak=form in _ALSO_OTHER_WORDS)
    yield "sept", Entry("month", 9)
    for number, name in enumerate(_WEEKDAYS.split()):
        for form in (name, name[:3]):
            yield form, Entry("weekday", number)
        yield name + "s", Entry("repeated")
    for name, number in (("tues", 1), ("wednes", 2), ("thur", 3), ("thurs", 3)):
        yield name, Entry("weekday", number)
    for number in range(1, 5):
        yield f"q{number}", Entry("quarter", number)
    for number in range(1, 3):
        yield f"h{number}", Entry("half", number)
    for number, name in enumerate(_DECADES.split()):
        if number >= 4:  # of which century the twenties are is not certain
            yield name, Entry("decade", 1920 + 10 * number, weak=True)
    for place, festival in enumerate(FESTIVALS):
        for name in filter(None, festival.english.split(", ")):
            yield name.replace("'", ""), Entry("holiday", place)
    for year in range(2010, 2040):
        yield "twenty " + _spelled(year % 100), Entry("year", year)
    for year in range(1960, 2000):
        yield "nineteen " + _spelled(year % 100), Entry("year", year)
    yield from _numbers()


def _spelled(value: int) -> str:
    """A number from 10 to 99 in words."""
    if value < 20:
        return _ONES.split()[value - 1]
    tens, ones = _TENS.split()[value // 10 - 2], value % 10
    return f"{tens} {_ONES.split()[ones - 1]}" if ones else tens


def _numbers() -> Iterator[tuple[str, Entry]]:
    ones, ordinals = _ONES.split(), _ORDINALS.split()
    for number, name in enumerate(ones, 1):
        yield name, Entry("number", number)
    for number, name in enumerate(ordinals[:20], 1):
        yield name, Entry("ordinal", number)
    yield "thirtieth", Entry("ordinal", 30)
    for tens, name in enumerate(_TENS.split(), 2):
        yield name, Entry("number", tens * 10)
        for one in range(9):
            yield f"{name} {ones[one]}", Entry("number", tens * 10 + one + 1)
            yield f"{name} {ordinals[one]}", Entry("ordinal", tens * 10 + one + 1)


WORDS: Mapping[str, Entry] = dict(_entries())


def _longest() -> Iterator[tuple[str, int]]:
    for words in sorted((entry.split() for entry in WORDS), key=len):
        yield words[0], len(words)


LONGEST: Mapping[str, int] = dict(_longest())
"""For the first word of an entry, how many words the longest entry has that begins with it."""
