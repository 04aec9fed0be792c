"""English words of time, in lower case; those of several words are joined by one space."""

from collections.abc import Iterator, Mapping

from datus.dates.tokens import Entry

_TABLE: tuple[tuple[Entry, str], ...] = (
    (Entry("day_offset", -2), "day before yesterday"),
    (Entry("day_offset", -1), "yesterday"),
    (Entry("day_offset", 0), "today"),
    (Entry("day_offset", 1), "tomorrow"),
    (Entry("day_offset", 2), "day after tomorrow"),
    (Entry("year_offset", -2), "year before last"),
    (Entry("this", 0), "this, current"),
    (Entry("this", -1), "last, previous, prior, preceding"),
    (Entry("this", 1), "next, coming"),
    (Entry("past"), "past, this past, trailing"),
    (Entry("past", weak=True), "recent, most recent, latest"),
    (Entry("ordinal", -1), "final"),
    (Entry("full"), "full, complete, completed, entire, whole, calendar"),
    (Entry("ago"), "ago, earlier"),
    (Entry("later"), "later, from now, from today"),
    (Entry("to_date", unit="year"), "ytd"),
    (Entry("to_date", unit="quarter"), "qtd"),
    (Entry("to_date", unit="month"), "mtd"),
    (Entry("to_date", unit="week"), "wtd"),
    (Entry("same"), "same"),
    (Entry("same_span", weak=True), "period, time"),
    (Entry("since"), "since, starting from, starting in, beginning in, on or after"),
    (Entry("onward"), "to date, so far, to now, until now, till now, up to now, to present"),
    (Entry("onward"), "to the present, onward, onwards, and later, or later, and after"),
    (Entry("before"), "before, prior to, earlier than"),
    (Entry("after"), "after, later than"),
    (Entry("until"), "until, till, up to, up until, as of, no later than, on or before"),
    (Entry("from"), "from"),
    (Entry("between"), "between"),
    (Entry("to"), "to, through, thru"),
    (Entry("and"), "and, or, vs, versus, compared to, compared with"),
    (Entry("of"), "of"),
    (Entry("in"), "in, during, for, throughout, course of"),
    (Entry("in", weak=True), "within, over, on"),
    (Entry("edge", 1), "beginning of, start of"),
    (Entry("edge", -1), "end of"),
    (Entry("each"), "each, every, per, by"),
    (Entry("unclear"), "early, mid, middle of, late"),
    (Entry("unclear"), "easter, ramadan, diwali, chinese new year, lunar new year"),
    (Entry("unclear"), "spring festival, golden week"),
    (Entry("unit", unit="day"), "day, days"),
    (Entry("unit", unit="week"), "week, weeks, wk, wks"),
    (Entry("unit", unit="weekend"), "weekend, weekends"),
    (Entry("unit", unit="month"), "month, months, mo, mos"),
    (Entry("unit", unit="quarter"), "quarter, quarters, qtr, qtrs"),
    (Entry("unit", unit="half"), "half, halves, half year, half years"),
    (Entry("unit", unit="year"), "year, years, yr, yrs"),
    (Entry("unit", unit="fiscal_year"), "fiscal year, fiscal years, financial year, fiscal"),
    (Entry("number", 1, weak=True), "a, an"),
    (Entry("number", 12), "dozen"),
    (Entry("thanksgiving", 0), "thanksgiving, thanksgiving day"),
    (Entry("thanksgiving", 1), "black friday"),
    (Entry("thanksgiving", 4), "cyber monday"),
    (Entry("holiday", 101), "new year's day"),
    (Entry("holiday", 214), "valentine's day"),
    (Entry("holiday", 1031), "halloween"),
    (Entry("holiday", 1111), "singles' day, singles day"),
    (Entry("holiday", 1224), "christmas eve"),
    (Entry("holiday", 1225), "christmas, christmas day"),
    (Entry("holiday", 1231), "new year's eve"),
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
    for number in range(1, 5):
        yield f"q{number}", Entry("quarter", number)
    for number in range(1, 3):
        yield f"h{number}", Entry("half", number)
    yield from _numbers()


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
