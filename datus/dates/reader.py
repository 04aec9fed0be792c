"""A text as words of time: numbers with what belongs to them, then words of the two lexicons."""

import re
from collections.abc import Iterator
from datetime import date

from datus.dates import chinese, english
from datus.dates.calendar import DateSettings, Unit
from datus.dates.tokens import Entry, Kind, Token, token

FIRST_YEAR, LAST_YEAR = 1900, 2100

_WORD = re.compile(r"[a-z][a-z0-9_]*(?:'(?!s\b)[a-z]+)?")
_GAP = re.compile(r"[ -]+")
_CHINESE = "〇零一二三四五六七八九十百两"
_LONGEST_NUMBER = 9  # 九百九十九 has five; what is longer is no number of time
_SHAPES: tuple[tuple[str, str], ...] = (
    ("ymd", r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?![\d.]\d|\d)"),
    ("xxy", r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)"),
    ("ym", r"(?P<y2>\d{4})[-/](?P<m2>\d{1,2})(?![\d/-]\d|\d)"),
    ("compact", r"(?P<y3>(?:19|20)\d\d)(?P<m3>[01]\d)(?P<d3>[0-3]\d)(?!\d)"),
    ("part", r"(?P<n>[1-4])(?P<letter>[qh])(?P<y4>\d{4}|\d\d)?(?![a-z0-9])"),
    ("sized", r"(?P<count>\d{1,4})(?P<size>d|w|m|mo|y|yr)(?![a-z0-9])"),
    ("year_part", r"(?P<y5>(?:19|20)\d\d)[ -]?(?P<part5>[qh][1-4])(?![a-z0-9])"),
    ("ordinal", r"(?P<nth>\d{1,2})(?:st|nd|rd|th)(?![a-z0-9])"),
    ("decade", r"(?P<ten>(?:19|20)\d0)'?s(?![a-z0-9])"),
    ("amount", r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{5,}|\d+%"),
)  # fmt: skip
_DIGITS = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in _SHAPES))
_NUMBER = re.compile(rf"(?P<nth>第?)(?P<n>\d{{1,4}}|[{_CHINESE}]+)(?P<measure>个?)")
_AFTER_NUMBER = re.compile(
    r"\s*(?:(?P<fiscal_year>财年|财政年度)|(?P<year>年度|年份|年(?!半|龄|薪|级))|(?P<odd>年半|个半月)"
    r"|(?P<quarter>季度|季)|(?P<month>月份|月)|(?P<month_day>日|号)|(?P<week_number>周))"
)
_FISCAL = re.compile(
    r"(?:(?P<part>[qh][1-4])-?)?(?P<word>fy|cy)[ '-]?(?P<year>\d{4}|\d\d)(?![a-z0-9])"
)
_PART_OF_YEAR = re.compile(
    r"(?P<part>[qh][1-4])(?:[ '-]?(?P<year>(?:19|20)\d\d)|'?(?P<short>\d\d))(?![a-z0-9%])"
)
_WEEK = re.compile(r"(?:w|wk|cw)(?P<n>\d{1,2})(?![a-z0-9])")
_SIZES: dict[str, Unit] = {
    "d": "day", "w": "week", "m": "month", "mo": "month", "y": "year", "yr": "year",
}  # fmt: skip
_MARKS: dict[str, Entry] = {
    "-": Entry("to", weak=True), "–": Entry("to", weak=True), "—": Entry("to", weak=True),
    "~": Entry("to"), "→": Entry("to"), ",": Entry("comma"), "、": Entry("comma"),
    "&": Entry("and"), "/": Entry("and", weak=True),
}  # fmt: skip
_SILENT = frozenset("的个之\"'()[]")


def read(text: str, settings: DateSettings) -> list[Token]:
    """The words of a text in its normal form; what says nothing of time is ``other``."""
    return list(_Reader(text, settings).tokens())


class _Reader:
    def __init__(self, text: str, settings: DateSettings) -> None:
        self.text = text
        self.settings = settings

    def tokens(self) -> Iterator[Token]:
        place = 0
        definite = False
        while place < len(self.text):
            char = self.text[place]
            if char.isspace():
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
            place = found[-1].end

    def _at(self, place: int, char: str) -> Iterator[Token]:
        if "0" <= char <= "9":
            yield from self._digits(place)
        elif "a" <= char <= "z":
            yield from self._word(place)
        elif char in _CHINESE or char == "第":
            yield from self._chinese(place, self._number(place))
        elif char == "'":
            yield from self._apostrophe(place)
        elif char in _MARKS:
            yield token(_MARKS[char], place, place + 1)
        else:
            yield from self._chinese(place, ())

    # --- numbers

    def _digits(self, place: int) -> Iterator[Token]:
        match = _DIGITS.match(self.text, place)
        if match is None:
            yield from self._number(place)
            return
        end = match.end()
        if match["ymd"]:
            yield self._date(place, end, match["y"], match["m"], match["d"])
        elif match["xxy"]:
            yield self._ambiguous_date(match)
        elif match["ym"]:
            yield self._year_month(place, end, int(match["y2"]), int(match["m2"]))
        elif match["compact"]:
            yield self._date(place, end, match["y3"], match["m3"], match["d3"])
        elif match["part"]:
            yield _part(match["letter"] + match["n"], place, match.start("letter") + 1)
            if match["y4"]:
                yield _year("year", match["y4"], match.start("y4"), end)
        elif match["year_part"]:
            yield _year("year", match["y5"], place, match.end("y5"))
            yield _part(match["part5"], match.start("part5"), end)
        elif match["sized"]:
            split = match.end("count")
            yield token(Entry("number", int(match["count"])), place, split)
            yield token(Entry("unit", unit=_SIZES[match["size"]], weak=True), split, end)
        elif match["ordinal"]:
            yield token(Entry("ordinal", int(match["nth"])), place, end)
        elif match["decade"]:
            yield token(Entry("decade", int(match["ten"])), place, end)
        else:
            yield token(Entry("other"), place, end)

    def _number(self, place: int) -> Iterator[Token]:
        """A number and the Chinese unit behind it, which says what kind of number it is."""
        match = _NUMBER.match(self.text, place)
        if match is None:
            return
        end = match.end()
        is_money = place > 0 and self.text[place - 1] in "$€£¥#_."
        if is_money or len(match["n"]) > _LONGEST_NUMBER:
            yield token(Entry("other"), place, end)
            return
        value = chinese.number(match["n"])
        unit = None if match["measure"] else _AFTER_NUMBER.match(self.text, end)
        kind: Kind = "ordinal" if match["nth"] else "number"
        named = unit.lastgroup if unit else None
        if unit is not None and self._belongs(named, kind, value):
            kind, end = ("unclear" if named == "odd" else named), unit.end()  # type: ignore[assignment]
        yield token(Entry(kind, value), place, end)

    @staticmethod
    def _belongs(unit: str | None, kind: Kind, value: int) -> bool:
        if unit in ("year", "fiscal_year"):
            return kind == "number" and FIRST_YEAR <= value <= LAST_YEAR
        if unit == "week_number":
            return kind == "ordinal"
        return unit in ("quarter", "odd") or kind == "number"

    def _apostrophe(self, place: int) -> Iterator[Token]:
        """The year '23, or an owner's 's, which links as "of" does."""
        if match := re.compile(r"'(\d\d)(?!\d)").match(self.text, place):
            yield _year("year", match[1], place, match.end())
        elif match := re.compile(r"'s?\b").match(self.text, place):
            yield token(Entry("of", weak=True), place, match.end())

    def _date(self, start: int, end: int, year: str, month: str, day: str) -> Token:
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            return token(Entry("unclear"), start, end)
        return token(Entry("date", found.toordinal()), start, end)

    def _ambiguous_date(self, match: re.Match[str]) -> Token:
        first, second = int(match["a"]), int(match["b"])
        day_first = True if match["mark"] == "." else self.settings.day_first
        if first > 12 or (day_first and second <= 12) or first == second:
            day, month = first, second
        elif second > 12 or day_first is False:
            day, month = second, first
        else:
            return token(Entry("unclear"), match.start(), match.end())
        return self._date(match.start(), match.end(), match["year"], str(month), str(day))

    def _year_month(self, start: int, end: int, year: int, month: int) -> Token:
        if 1 <= month <= 12 and FIRST_YEAR <= year <= LAST_YEAR:
            return token(Entry("year_month", year * 12 + month - 1), start, end)
        return token(Entry("unclear"), start, end)

    # --- words

    def _word(self, place: int) -> Iterator[Token]:
        text = self.text
        if match := _FISCAL.match(text, place):
            if match["part"]:
                yield _part(match["part"], place, place + 2)
            kind: Kind = "fiscal_year" if match["word"] == "fy" else "year"
            yield _year(kind, match["year"], match.start("word"), match.end())
        elif match := _PART_OF_YEAR.match(text, place):
            yield _part(match["part"], place, place + 2)
            start = match.start("year") if match["year"] else match.start("short")
            yield _year("year", match["year"] or match["short"], start, match.end())
        elif match := _WEEK.match(text, place):
            yield token(Entry("week_number", int(match["n"])), place, match.end())
        else:
            yield from self._phrase(place)

    def _phrase(self, place: int) -> Iterator[Token]:
        word = _WORD.match(self.text, place)
        assert word is not None
        if word[0] == "the":
            return
        words, ends = [word[0]], [word.end()]
        for _ in range(english.LONGEST.get(word[0], 1) - 1):
            gap = _GAP.match(self.text, ends[-1])
            following = _WORD.match(self.text, gap.end()) if gap else None
            if following is None:
                break
            words.append(following[0])
            ends.append(following.end())
        while words:
            if entry := english.WORDS.get(" ".join(words)):
                end = ends[-1]
                dotted = entry.kind == "month" and self.text[end : end + 1] == "."
                yield token(entry, place, end + dotted)
                return
            if len(words) == 1:
                break
            words.pop()
            ends.pop()
        yield token(Entry("other"), place, ends[0])

    def _chinese(self, place: int, numbers: Iterator[Token] | tuple[()]) -> Iterator[Token]:
        """The longest known word, else a number, else one character that says nothing."""
        for length in range(min(chinese.LONGEST, len(self.text) - place), 0, -1):
            entries = chinese.WORDS.get(self.text[place : place + length])
            if entries and not self.text.startswith("日均", place + length - 1):
                yield from (token(entry, place, place + length) for entry in entries)
                return
        if self.text[place] in _SILENT:
            return
        found = list(numbers)
        yield from found or [token(Entry("other"), place, place + 1)]


def _part(name: str, start: int, end: int) -> Token:
    """``q3`` or ``h1``; the third half is no time."""
    value = int(name[1])
    if name[0] == "q":
        return token(Entry("quarter", value), start, end)
    return token(Entry("half", value) if value <= 2 else Entry("unclear"), start, end)


def _year(kind: Kind, digits: str, start: int, end: int) -> Token:
    value = int(digits) + (2000 if len(digits) == 2 else 0)
    return token(Entry(kind, value), start, end)
