"""A text as words of time: numbers with what belongs to them, then words of the two lexicons."""

import re
from collections.abc import Callable, Iterator
from datetime import date

from datus.dates import chinese, english
from datus.dates.calendar import DateSettings, Unit
from datus.dates.shapes import (
    AFTER_NUMBER,
    AGAINST,
    BEHIND_YEAR,
    BOUNDING,
    CHINESE_DECADE,
    CLOSING_YEAR,
    DIGITS,
    ERA,
    FISCAL,
    IDENTIFIED,
    MONTH_DAY,
    MONTH_YEAR,
    NO_YEAR_BEHIND,
    NUMBER,
    NUMBERED,
    OPENING_YEAR,
    PART_OF_YEAR,
    QUANTITY,
    QUESTION_END,
    SHORTHAND,
    SPLITTING,
    WEEK,
)
from datus.dates.tokens import Entry, Kind, Token, token

FIRST_YEAR, LAST_YEAR = 1900, 2100

_WORD = re.compile(r"[a-z][a-z0-9_]*(?:'(?!s\b)[a-z]+)?")
_OWNER = re.compile(r"[a-z][a-z0-9_]*(?:'[a-z]*)?")
_SHORT_YEAR = re.compile(r"'(\d\d)(?:年|(?![\ds]))")
_SHORT_DECADE = re.compile(r"'(\d0)s\b")
_DAY_EDGES = (("00", "00"), ("0", "00"), ("23", "59"))
_HYPHEN_UNIT = re.compile(r"-(?:day|week|month|quarter|year)s?\b")
_OF = re.compile(r"'s?\b")
_GROWS = re.compile(
    r" *(?:%|growth|change|increase|decrease|decline|trend|variance|delta|comparison)"
)
_ERAS = {"民国": 1911, "令和": 2018, "平成": 1988, "昭和": 1925}  # the year before the first
_GAP = re.compile(r"[ -]+")
_LONGEST_NUMBER = 9  # 九百九十九 has five; what is longer is no number of time
_SIZES: dict[str, Unit] = {
    "d": "day", "w": "week", "m": "month", "mo": "month", "q": "quarter", "y": "year", "yr": "year",
}  # fmt: skip
_MARKS: dict[str, Entry] = {
    "-": Entry("to", weak=True), "–": Entry("to", weak=True), "—": Entry("to", weak=True),
    "~": Entry("to"), "→": Entry("to"), ",": Entry("comma"), "、": Entry("comma", 1),
    "&": Entry("and"), "/": Entry("and", weak=True),
}  # fmt: skip
_SILENT = frozenset("的个之\"'()[]")


def read(text: str, settings: DateSettings, written: Callable[[int, int], str]) -> list[Token]:
    """The words of a text in its normal form; what says nothing of time is ``other``.

    Args:
        written: The original's words behind two places, for what only capitals tell apart.
    """
    return list(_Reader(text, settings, written).tokens())


class _Reader:
    def __init__(
        self, text: str, settings: DateSettings, written: Callable[[int, int], str]
    ) -> None:
        self.text = text
        self.settings = settings
        self.written = written

    def tokens(self) -> Iterator[Token]:
        place = 0
        definite = False
        kind: Kind | None = None
        while place < len(self.text):
            char = self.text[place]
            if char.isspace():
                place += 1
                continue
            if char == "-" and self._joins(place, kind):  # trailing-12-month
                place += 1
                continue
            found = list(self._at(place, char))
            if not found:  # silent: "the" and marks
                word = _WORD.match(self.text, place)
                definite = word is not None
                place = word.end() if word else place + 1
                continue
            yield found[0]._replace(definite=definite)
            yield from found[1:]
            definite = False
            place, kind = found[-1].end, found[-1].kind

    def _joins(self, place: int, before: Kind | None) -> bool:
        """Whether a hyphen joins a number with a unit, or what comes before one with a number."""
        if before == "number":
            return _HYPHEN_UNIT.match(self.text, place) is not None
        digit = self.text[place + 1 : place + 2].isdigit()
        return before in ("past", "this") and digit

    def _at(self, place: int, char: str) -> Iterator[Token]:
        if "0" <= char <= "9":
            yield from self._digits(place)
        elif "a" <= char <= "z":
            yield from self._word(place)
        elif char == "'":
            yield from self._apostrophe(place)
        elif char in _MARKS:
            yield token(_MARKS[char], place, place + 1)
        elif char not in _SILENT:
            yield from self._chinese(place, char)

    # --- numbers

    def _digits(self, place: int) -> Iterator[Token]:
        day = MONTH_DAY.match(self.text, place)
        if day and BEHIND_YEAR.search(self.text[max(0, place - 10) : place]):
            yield from _month_day(day)
            return
        match = DIGITS.match(self.text, place)
        if match is None:
            yield from self._decade(place) or self._number(place)
            return
        end = match.end()
        match match.lastgroup:
            case "ymd" if match["hour"] and (match["hour"], match["minute"]) not in _DAY_EDGES:
                yield token(Entry("unclear"), place, end)  # hours are not read
            case "named":
                yield self._named_date(match)
            case "ymd":
                yield self._date(place, end, match["y"], match["m"], match["d"])
            case "xxy":
                yield self._ambiguous_date(match)
            case "compact":
                yield self._compact(match)
            case "fiscal_span":
                yield _fiscal_span(match["from"], match["till"], place, end)
            case "ym":
                yield self._year_month(place, end, int(match["y2"]), int(match["m2"]))
            case "my":
                yield self._year_month(place, end, int(match["y6"]), int(match["m6"]))
            case "dotted":
                number = int(match["m7"] or match["m9"])
                month = self._year_month(place, end, int(match["y7"]), number)
                yield month._replace(weak=True)
            case "iso_week":
                yield _year("year", match["y8"], place, match.end("y8"))
                yield token(Entry("week_number", int(match["w8"])), match.end("y8"), end)
            case "part":
                yield _part((match["letter"] or "q") + match["n"], place, place + 2)
                if year := match["y4"] or match["y9"]:
                    yield _year("year", year, end - len(year), end)
            case "year_part":
                year = match["y5"] or match["y10"]
                yield _year("year", year, place, place + len(year))
                yield _part(match["part5"], match.start("part5"), end)
            case "sized":
                split = match.end("count")
                yield token(Entry("number", int(match["count"])), place, split)
                yield token(Entry("unit", unit=_SIZES[match["size"]], weak=True), split, end)
            case "ordinal":
                yield token(Entry("ordinal", int(match["nth"])), place, end)
            case "decade":
                yield _decade(int(match["ten"]), place, end)
            case _:
                yield token(Entry("other"), place, end)

    def _number(self, place: int) -> Iterator[Token]:
        """A number and the Chinese unit behind it, which says what kind of number it is."""
        match = NUMBER.match(self.text, place)
        if match is None:
            return
        end = match.end()
        counts = len(match["n"]) == 4 and (match["measure"] or QUANTITY.match(self.text, end))
        if counts or self._is_money(place) or len(match["n"]) > _LONGEST_NUMBER:
            yield token(Entry("other"), place, end)
            return
        value = chinese.number(match["n"])
        unit = None if match["measure"] else AFTER_NUMBER.match(self.text, end)
        if value is None:
            unclear = unit is not None or self.text[end : end + 1] in ("天", "周", "月", "季", "年")
            yield token(
                Entry("unclear" if unclear else "other"), place, unit.end() if unit else end
            )
            return
        kind: Kind = "ordinal" if match["nth"] else "number"
        named = unit.lastgroup if unit else None
        if named == "fiscal_year" and value < 100 and len(match["n"]) == 2:
            value += 2000
        if unit is not None and self._belongs(named, kind, value):
            kind, end = ("unclear" if named == "odd" else named), unit.end()  # type: ignore[assignment]
        bare = kind == "number" and end - place == 4 and self._may_be_bare_year(place, end)
        yield token(Entry(kind, value, "year" if bare else "day"), place, end)

    def _may_be_bare_year(self, place: int, end: int) -> bool:
        """Whether four digits begin a heading (2023 orders by country) or end one (orders by month, 2023)."""
        if not self.text[:place].strip():
            return OPENING_YEAR.match(self.text, place) is not None
        found = CLOSING_YEAR.search(self.text[max(0, place - 40) : place])
        if found is None or QUESTION_END.match(self.text, end) is None:
            return False
        if (found["word"] or found["char"]) in NO_YEAR_BEHIND or found["before"] in BOUNDING:
            return False
        return found["word"] not in NUMBERED or found["before"] in SPLITTING

    @staticmethod
    def _belongs(unit: str | None, kind: Kind, value: int) -> bool:
        if unit in ("year", "fiscal_year"):
            return kind == "number" and FIRST_YEAR <= value <= LAST_YEAR
        if unit == "week_number":
            return kind == "ordinal"
        return unit in ("quarter", "odd") or kind == "number"

    def _is_money(self, place: int) -> bool:
        return place > 0 and self.text[place - 1] in "$€£¥#_."

    def _decade(self, place: int) -> list[Token]:
        """90年代, 二十世纪九十年代, 上世纪90年代."""
        match = CHINESE_DECADE.match(self.text, place)
        if match is None or (ten := chinese.number(match["ten"])) is None:
            return []
        century = chinese.number(match["century"]) if match["century"] else None
        if century is not None and ten < 100:
            ten += 100 * (century - 1)
        elif match[0][0] == "上" and ten < 100:
            ten += 1900
        return [_decade(ten, place, match.end())._replace(weak=False)]

    def _era(self, place: int) -> list[Token]:
        match = ERA.match(self.text, place)
        if match is None:
            return []
        count = 1 if match["n"] == "元" else chinese.number(match["n"])
        if not count:
            return []
        return [token(Entry("year", _ERAS[match["era"]] + count), place, match.end())]

    def _apostrophe(self, place: int) -> Iterator[Token]:
        """The year '23, or an owner's 's, which links as "of" does."""
        if match := _SHORT_YEAR.match(self.text, place):
            yield _year("year", match[1], place, match.end())
        elif match := _SHORT_DECADE.match(self.text, place):
            yield _decade(int(match[1]), place, match.end())._replace(weak=False)
        elif match := _OF.match(self.text, place):
            yield token(Entry("of", weak=True), place, match.end())

    def _named_date(self, match: re.Match[str]) -> Token:
        """5-Nov-2023, 2023-Nov-05."""
        place, end = match.span()
        entry = english.WORDS.get(match["month2"])
        year, day = sorted((match["a2"], match["b2"]), key=len, reverse=True)
        if entry is None or entry.kind != "month" or len(year) != 4:
            return token(Entry("unclear"), place, end)
        return self._date(place, end, year, str(entry.value), day)

    def _compact(self, match: re.Match[str]) -> Token:
        place, end = match.start(), match.end()
        if self._is_money(place) or IDENTIFIED.search(self.text[max(0, place - 16) : place]):
            return token(Entry("other"), place, end)
        return self._date(place, end, match["y3"], match["m3"], match["d3"])

    def _date(self, start: int, end: int, year: str, month: str, day: str) -> Token:
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            return token(Entry("unclear"), start, end)
        return token(Entry("date", found.toordinal()), start, end)

    def _ambiguous_date(self, match: re.Match[str]) -> Token:
        first, second = int(match["a"]), int(match["b"])
        short = len(match["year"]) == 2
        if (
            short and first > 12 and self.settings.day_first is None
        ):  # 13/1/23 may begin with its year
            return token(Entry("unclear"), match.start(), match.end())
        day_first = True if match["mark"] == "." else self.settings.day_first
        if first > 12 or (day_first and second <= 12) or first == second:
            day, month = first, second
        elif second > 12 or day_first is False:
            day, month = second, first
        else:
            return token(Entry("unclear"), match.start(), match.end())
        year = "20" + match["year"] if short else match["year"]
        return self._date(match.start(), match.end(), year, str(month), str(day))

    def _year_month(self, start: int, end: int, year: int, month: int) -> Token:
        if 1 <= month <= 12 and FIRST_YEAR <= year <= LAST_YEAR:
            return token(Entry("year_month", year * 12 + month - 1), start, end)
        return token(Entry("unclear"), start, end)

    # --- words

    def _word(self, place: int) -> Iterator[Token]:
        text = self.text
        if (match := MONTH_YEAR.match(text, place)) and match["month"] in english.WORDS:
            yield token(english.WORDS[match["month"]], place, match.end("month"))
            yield _year("year", match["year"], match.start("year"), match.end())
        elif text[place] not in "qhfcwklrtymd":  # what the shapes below begin with
            yield from self._phrase(place)
        elif match := FISCAL.match(text, place):
            yield from self._fiscal(match)
        elif match := PART_OF_YEAR.match(text, place):
            yield _part(match["part"], place, place + 2)
            year = match["year"] or match["short"] or match["apart"]
            yield _year("year", year, match.end() - len(year), match.end())
        elif match := WEEK.match(text, place):
            yield token(Entry("week_number", int(match["n"])), place, match.end())
        elif match := SHORTHAND.match(text, place):
            end = match.end()
            unit: Unit = _SIZES[match["size"]] if match["size"] else "month"
            yield token(Entry("past"), place, place + 1)
            yield token(Entry("number", int(match["count"] or 12)), place + 1, end)
            yield token(Entry("unit", unit=unit), end - 1, end)
        elif (match := AGAINST.match(text, place)) and self._compares(match):
            yield token(Entry("compare", 1, _SIZES[match["unit"]]), place, match.end())
        else:
            yield from self._phrase(place)

    def _fiscal(self, match: re.Match[str]) -> Iterator[Token]:
        """FY24, Q1 FY2024, FY24 Q1, FY2023-24."""
        if match["part"]:
            yield _part(match["part"], match.start(), match.start() + 2)
        end = match.end("till") if match["till"] else match.end("year")
        if match["till"] and match["word"] == "fy":
            yield _fiscal_span(match["year"], match["till"], match.start("word"), end)
        else:
            kind: Kind = "fiscal_year" if match["word"] == "fy" else "year"
            yield _year(kind, match["year"], match.start("word"), end)
        if match["after"]:
            yield _part(match["after"], match.start("after"), match.end())

    def _compares(self, match: re.Match[str]) -> bool:
        """Whether it is MoM, not mom; WoW, not wow; DoD, not the DoD."""
        if match["unit"] in "yq" or not match[0].isalpha():
            return True
        written = self.written(match.start(), match.end())
        if _GROWS.match(self.text, match.end()):
            return True
        capitals = written[0].isupper() and written[-1].isupper()
        return capitals and not self.text[: match.start()].endswith("the ")

    def _phrase(self, place: int) -> Iterator[Token]:
        word = _WORD.match(self.text, place)
        assert word is not None
        if word[0] == "the":
            return
        owner = _OWNER.match(self.text, place)
        assert owner is not None
        words, ends = [owner[0].replace("'", "")], [owner.end()]
        for _ in range(english.LONGEST.get(words[0], 1) - 1):
            gap = _GAP.match(self.text, ends[-1])
            following = _OWNER.match(self.text, gap.end()) if gap else None
            if following is None:
                break
            words.append(following[0].replace("'", ""))
            ends.append(following.end())
        while len(words) > 1:
            if entry := english.WORDS.get(" ".join(words)):
                yield token(entry, place, ends[-1])
                return
            words.pop()
            ends.pop()
        end = word.end()
        if entry := english.WORDS.get(word[0]):
            dotted = entry.kind in ("month", "weekday", "and") and self.text[end : end + 1] == "."
            yield token(entry, place, end + (dotted and len(word[0]) < 5))
            return
        yield token(Entry("other"), place, end)

    def _chinese(self, place: int, char: str) -> Iterator[Token]:
        """The longest known word, else a number, else one character that says nothing."""
        if found := self._decade(place) if char in _BEFORE_DECADE else ():
            yield from found
            return
        if found := self._era(place) if char in "民令平昭" else ():
            yield from found
            return
        longest = 1 if self.text[place - 1 : place + 1] == "个月" else chinese.LONGEST.get(char, 0)
        for length in range(min(longest, len(self.text) - place), 0, -1):
            entries = chinese.WORDS.get(self.text[place : place + length])
            if entries and not self.text.startswith("日均", place + length - 1):
                yield from (token(entry, place, place + length) for entry in entries)
                return
        if char == "第" or char in chinese.NUMERALS:
            found = list(self._number(place))
        yield from found or [token(Entry("other"), place, place + 1)]


_BEFORE_DECADE = frozenset(chinese.NUMERALS + "上")


def _fiscal_span(first: str, last: str, start: int, end: int) -> Token:
    """FY2023-24 is the fiscal year that ends in 2024."""
    year = int(first) % 100 + 1
    if year % 100 != int(last) % 100:
        return token(Entry("unclear"), start, end)
    return token(Entry("fiscal_year", 2000 + year), start, end)


def _decade(ten: int, start: int, end: int) -> Token:
    """1990s; 90s is weak, for it may be seconds."""
    weak = ten < 100
    if weak:
        ten += 1900 if ten >= 30 else 2000
    return token(Entry("decade", ten, weak=weak), start, end)


def _month_day(match: re.Match[str]) -> Iterator[Token]:
    month, day = (6, 18) if match["fair"] else (int(match["m"]), int(match["d"]))
    middle = match.start() + 1
    yield token(Entry("month", month), match.start(), middle)
    yield token(Entry("month_day", day), middle, match.end())


def _part(name: str, start: int, end: int) -> Token:
    """``q3`` or ``h1``; the third half is no time."""
    value = int(name[1])
    if name[0] == "q":
        return token(Entry("quarter", value), start, end)
    return token(Entry("half", value) if value <= 2 else Entry("unclear"), start, end)


def _year(kind: Kind, digits: str, start: int, end: int) -> Token:
    value = int(digits) + (2000 if len(digits) == 2 else 0)
    return token(Entry(kind, value), start, end)
