"""Rules for comparisons with an earlier period: YoY, 同比, vs last month, 与去年同期相比."""

from datus.dates.calendar import Unit, grain_of
from datus.dates.phrases import Phrases
from datus.types import Grain

Offset = tuple[Grain | None, int]
"""How far back the other period lies (None: just before), and the place after the words."""


class Comparisons(Phrases):
    """Rules for comparisons; `comparison` is the first of them."""

    def comparison(self, place: int) -> Offset | None:
        """A comparison that begins here."""
        word = self.kind(place)
        if word == "compare":
            return self._named(place)
        # 与去年同期相比, with last quarter side by side
        if word in ("and", "same", "with") and not self.tokens[place].value:
            found = self._earlier(place + 1)
            if found and self._is_comparing(found[1]):
                return found[0], found[1] + 1
            if word != "with":
                return None
        return self._earlier_alone(place + 1) if self._opens(place) else None

    def _named(self, place: int) -> Offset:
        """同比; 环比上月 and YoY vs last year say twice how far back."""
        word = self.tokens[place]
        following = (
            place + 1 + (self._is_comparing(place + 1) and self.kind(place + 1) != "compare")
        )
        if found := self._earlier_alone(following):
            return found
        return (grain_of(word.unit) if word.value else None), place + 1

    def _is_comparing(self, place: int) -> bool:
        word = self.kind(place)
        return word in ("versus", "comparing", "compare") or (
            word == "and" and self.tokens[place].value == 1
        )

    def _opens(self, place: int) -> bool:
        """Whether what an earlier period is compared by stands here."""
        word = self.kind(place)
        if word == "versus" and self.tokens[place].weak and self.one_ago(place + 1):
            return False  # more than a year ago
        if word == "versus" or (word == "and" and self.tokens[place].value == 1):
            return True
        if word in ("to", "with"):
            return self.compares(place)
        if word in ("over", "from"):  # growth over last year, up 5% from the previous month
            changes = "change" in (self.kind(place - 1), self.kind(place - 2))
            following = self.tokens[place + 1] if place + 1 < len(self.tokens) else None
            during = following is not None and following.definite and not following.weak
            return changes and not (word == "over" and during)
        return False

    def _earlier_alone(self, place: int) -> Offset | None:
        """An earlier period that is not the first of several or of a range."""
        found = self._earlier(place)
        if found is None:
            return None
        following = self.kind(found[1])
        listed = following == "and" and not self.tokens[found[1]].value
        if (listed or following in ("to", "until")) and self.period(found[1] + 1, linked=True):
            return None
        return found

    def _earlier(self, place: int) -> Offset | None:
        if span := self._span_before(place):
            return span
        found = self._same_back(place) or self._unit_back(place) or self._one_before(place)
        if found is None:
            return None
        # Last year's Q3 is a range of its own, and so is the end of last year.
        longer = self.period(place, linked=True)
        if (longer and longer[1] > found[1]) or self.kind(found[1]) in ("edge", "unit_end"):
            return None
        return found

    def _span_before(self, place: int) -> Offset | None:
        """Last 7 days vs the previous 7 days, 近30天对比前30天: as long as what was said before."""
        word = self.tokens[place] if place < len(self.tokens) else None
        if word is None or not word.weak or word.kind not in ("this", "before_after"):
            return None
        amount = self.amount(place + 1)
        if amount is None or (word.kind == "this" and word.value != -1):
            return None
        said = any(
            (before := self.amount(earlier)) and before[:2] == amount[:2]
            for earlier in range(place)
        )
        return (None, amount[2]) if said and amount[0] > 1 else None

    def _same_back(self, place: int) -> Offset | None:
        """The same period last year, 去年同期, 同期."""
        if self.kind(place) == "same_span" and not self.tokens[place].weak:
            return "year", place + 1
        if self.kind(place) != "same" or self.kind(place + 1) not in ("unit", "same_span"):
            return None
        year = self.skip(place + 2, "of", "in")
        back = self.one_back(year) or self.one_ago(year)
        return (_grain(back[0]), back[1]) if back else None

    def _unit_back(self, place: int) -> Offset | None:
        """Last year, 去年同月, a year ago, yesterday, the previous period."""
        if ago := self.one_ago(place):
            return _grain(ago[0]), ago[1]
        if back := self.one_back(place):
            end = self.skip(back[1], "same")
            spans = self.kind(end) in ("unit", "same_span") and end > back[1]
            same = self.kind(end) == "same_span" and not self.tokens[end].weak
            return _grain(back[0]), end + 1 if spans or same else back[1]
        if self.kind(place) == "day_offset" and self.tokens[place].value == -1:
            return "day", place + 1
        previous = self.kind(place) == "this" and self.tokens[place].value == -1
        if previous and self.kind(place + 1) == "same_span":
            return None, place + 2
        return None

    def _one_before(self, place: int) -> Offset | None:
        """The year before, 前一天."""
        if self.kind(place) == "unit" and self.kind(place + 1) == "before":
            return _grain(self.tokens[place].unit), place + 2
        if self.kind(place) == "before_after" and self.tokens[place].weak:
            if self.kind(place + 1) == "quarter" and self.tokens[place + 1].value == 1:
                return "quarter", place + 2
            amount = self.amount(place + 1)
            if amount and amount[0] == 1:
                return _grain(amount[1]), amount[2]
        return None


def _grain(unit: Unit) -> Grain | None:
    return None if unit == "half" else "week" if unit == "weekend" else grain_of(unit)
