"""Reading what is told: each phrase of the question gets the meaning that someone gave it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from datus.errors import RefusalError
from datus.generation.offline.cues import Cue
from datus.generation.offline.linking import Fixed, Item, is_content, link, lookup_cue
from datus.generation.offline.names import Entry, SchemaIndex
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    ColumnRef,
    Condition,
    Plan,
    condition_columns,
    expression_columns,
    plan_tables,
)
from datus.generation.offline.told.conditions import NoConditionError, rows_of
from datus.generation.offline.told.facts import Fact
from datus.generation.offline.told.fragments import (
    Fragment,
    FragmentError,
    read_fragment,
    read_period,
)
from datus.generation.offline.told.matching import Definition, Match, matches, neighbour
from datus.generation.offline.told.said import Said
from datus.text import is_chinese, tokenize
from datus.types import GenerationContext, TimeRange

Understand = Callable[[GenerationContext, tuple[Item, ...]], AnyPlan]
"""Reads a small question to its surest plan; raises RefusalError where it is not sure."""

_TESTS = frozenset({"compare", "between", "contain", "start", "end", "null", "negate", "both"})
_CLAUSE = re.compile(
    r"(?:those|ones|people|anyone|everyone|someone|who|that|which|with|without|whose|having|where|ha(?:ve|s)|not|no)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:those|the\s+ones|ones|people|anyone|everyone|someone)\s+", re.IGNORECASE)
_CALCULATES = re.compile(
    r"\s[*/+×÷]\s|\w\s-\s\w|(?<=\w)[*×÷](?=\w)|\b(?:divided\s+by|multiplied\s+by|minus|plus)\b"
    r"|除以|乘以|减去|加上",
    re.IGNORECASE,
)
_LIKE_SQL = re.compile(
    r"[<>=(]|^[`\"]?\w+[`\"]?\.[`\"]?\w+[`\"]?(?:\.\w+)?$|\b(?:IS|IN|LIKE|BETWEEN)\b"
)
_CALLS = re.compile(
    r"\b(?:count|sum|avg|min|max|coalesce|extract|date_trunc|cast)\s*\(|\bselect\b.+\bfrom\b",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_COLUMN = re.compile(r"\b(?:column|field)\b|字段|列|^\w+(?:\.\w+)+$", re.IGNORECASE)
_COLUMN_WORDS = re.compile(r"\b(?:the|column|field)\b|字段|列$|的?这?一?列", re.IGNORECASE)
_UNSURE_SQL = 0.2  # as much as a value link that is barely sure takes from a parse

_COUNTS = {"sum": "total", "avg": "average", "min": "minimum", "max": "maximum"}


class NotGroundedError(Exception):
    """What a telling says is not to be found in the data; the message says why, for people."""


@dataclass(frozen=True)
class Reader:
    """Reads the tellings of one question."""

    context: GenerationContext
    index: SchemaIndex
    understand: Understand

    def applied(self, said: Said, definitions: tuple[Definition, ...]) -> tuple[Said, list[Match]]:
        """The text with every told phrase read, and the phrases that were.

        Raises:
            RefusalError: A phrase was told a meaning that the data does not hold; it names the telling.
        """
        used: list[Match] = []
        for match in matches(said, definitions, self.index):
            others = tuple(each for each in definitions if each is not match.definition)
            try:
                said = self._read(said, match, others)
            except NotGroundedError as reason:
                if match.definition.term or not match.definition.telling.firm:
                    continue
                raise _refusal(match, str(reason)) from reason
            used.append(match)
        return said, used

    def _read(self, said: Said, match: Match, others: tuple[Definition, ...]) -> Said:
        telling = match.definition.telling
        doubts: tuple[tuple[float, str], ...] = ()
        if telling.sql:
            try:
                return self._fragment(said, match, telling.sql)
            except FragmentError as reason:
                why = f"the SQL of “{telling.names[0]}” is not used: {reason}"
                doubts = ((_UNSURE_SQL, why),)
        synonym = match.definition.term and self._synonym(said, match)
        if synonym:
            return synonym
        try:
            read = self._meaning(said, match, others)
        except NotGroundedError:
            if not doubts:
                raise
            fact = Fact(telling.said, doubts=doubts)
            return said.with_fixed(Fixed(match.span, "told", told=fact))
        return read

    def _synonym(self, said: Said, match: Match) -> Said | None:
        """A term's other word, where its own word is a name of the data."""
        word = match.definition.telling.names[0]
        if match.name == word or not self._is_name(word):
            return None
        return said.replaced(match.span, Said(word))

    def _is_name(self, text: str) -> bool:
        items = self._link(Said(text))
        return bool(items) and all(item.kind == "noun" for item in items)

    def _meaning(self, said: Said, match: Match, others: tuple[Definition, ...]) -> Said:
        telling, body = match.definition.telling, match.definition.body
        if not telling.firm and self._is_name(match.name) and not match.head:
            raise NotGroundedError("it is a name of the data already")
        period = self._period(said, match, body)
        if period is not None:
            return period
        column = self.column(body) if _SAYS_COLUMN.search(body.text.strip()) else None
        if column is not None:
            return self._named(said, match, column)
        if telling.kind == "column":
            plain = self.column(body)
            if plain is None:
                raise NotGroundedError(f"“{body.text}” is no column")
            return self._named(said, match, plain)
        if _LIKE_SQL.search(body.text):
            try:
                return self._fragment(said, match, body.text)
            except FragmentError as reason:
                if _CALCULATES.search(body.text) or "calculate" in str(reason):
                    raise NotGroundedError(
                        "an answer cannot calculate with several columns yet"
                    ) from None
                if _CALLS.search(body.text):  # SQL that is not understood is no text in words
                    raise NotGroundedError(str(reason)) from None
        if _CALCULATES.search(body.text):
            raise NotGroundedError("an answer cannot calculate with several columns yet")
        body, _ = self.applied(body, others)
        return self._worded(said, match, body)

    def _period(self, said: Said, match: Match, body: Said) -> Said | None:
        """As in "last week = DATE_TRUNC('week', CURRENT_DATE) - INTERVAL '1 week' to ...": words of time with their days."""
        days = read_period(body.text, self.index, self.context.question.today)
        if days is None:
            return None
        start, end = match.span
        known = [t for t in said.times if t.span[0] < end and start < t.span[1]]
        start = min((start, *(t.span[0] for t in known)))
        end = max((end, *(t.span[1] for t in known)))  # "last week (exclusive of the current week)"
        words = said.text[start:end]
        grain = known[0].grain if known else "day"
        time = TimeRange(*days, grain, words, (0, len(words)))
        return said.replaced((start, end), Said(words, times=(time,)))

    def _worded(self, said: Said, match: Match, body: Said) -> Said:
        """A meaning in words: a condition on the rows that the phrase names, or other words for it."""
        items = self._link(body)
        head, text = match.head, match.head_text
        if not head and self._tested(items) and not _aggregated(items):
            text, head = neighbour(said, match.span, self.index)
        clause = self._tested(items) or bool(_CLAUSE.match(body.text))
        if head and clause and not _aggregated(items):
            table, conditions = self._condition(body, head, text)
            return said.with_fixed(self._fixed(said, match, table, conditions))
        unknown = [item.text for item in items if is_content(item) or _is_unplanned(item)]
        if unknown:
            words = ", ".join(f"“{word}”" for word in unknown)
            raise NotGroundedError(f"the data does not explain {words}")
        return said.replaced(
            match.span, _with_aggregate(said.text[slice(*match.span)], items, body)
        )

    def _tested(self, items: tuple[Item, ...]) -> bool:
        """Whether words say which rows are meant, not what a thing is called."""
        content = [item for item in items if not item.light and item.kind != "mark"]
        if len(content) == 1 and content[0].kind in ("value", "quote"):
            return False
        return any(
            item.kind in ("number", "time", "quote", "value")
            or (item.cue is not None and item.cue.kind in _TESTS)
            for item in content
        )

    def _condition(
        self, body: Said, head: tuple[Entry, ...], head_text: str
    ) -> tuple[str, tuple[Condition, ...]]:
        """The table of the head and what holds for its rows, by reading the meaning as a question of its own."""
        reason = "it sets no condition that the data can tell"
        for asked in self._questions(body, head, head_text):
            context = self._context(asked)
            try:
                plan = self.understand(context, link(context, self.index, asked.fixed))
                table = _head_table(plan, head)
                return table, rows_of(plan, table, self.index)
            except RefusalError as refusal:
                words = refusal.details.get("words") or ()
                if words:
                    reason = "the data does not explain " + ", ".join(f"“{w}”" for w in words)
            except NoConditionError as problem:
                reason = str(problem)
        raise NotGroundedError(reason)

    def _questions(self, body: Said, head: tuple[Entry, ...], text: str) -> Iterator[Said]:
        """The meaning as questions for the rows of the head, the likeliest first."""
        own = {entry.table for entry in head}
        named = any(
            entry.column is None and entry.table in own and entry.score >= 0.8
            for item in self._link(body)
            for entry in item.entries[:1]
        )
        if is_chinese(body.text):
            joint = "" if body.text.endswith("的") else "的"
            yield body.around("列出") if named else body.around("列出", f"{joint}{text}")
            return
        pronoun = _PRONOUN.match(body.text)
        rest = body.part((pronoun.end(), len(body.text))) if pronoun else body
        if named and not pronoun:
            yield rest.around("Show the ")
            yield rest.around(f"Show the {text} ")
        first = rest.text.split(" ", 1)[0].lower()
        clause = bool(_CLAUSE.match(rest.text)) or first.endswith(("ed", "ing"))
        joints = ("", "who ", "with ") if clause else ("with ", "whose ", "")
        if re.search(r"\b(?:is|are|was|were|equals)\b", rest.text):
            joints = ("whose ", "with ", "")
        for joint in joints:
            yield rest.around(f"Show the {text} {joint}")

    def _fixed(
        self, said: Said, match: Match, table: str | None, conditions: tuple[Condition, ...]
    ) -> Fixed:
        fact = Fact(match.definition.telling.said, conditions)
        entries = tuple(each for each in match.head if table in (None, each.table))
        lone = match.modifier and not neighbour(said, match.span, self.index)[1]
        if entries and (lone or not match.modifier):
            return Fixed(match.span, "noun", entries=entries, told=fact)
        return Fixed(match.span, "told", told=fact)

    def _fragment(self, said: Said, match: Match, sql: str) -> Said:
        """A phrase with the SQL that its author gave.

        Raises:
            FragmentError: No plan holds it.
        """
        head = match.head or neighbour(said, match.span, self.index)[1]
        near = tuple(entry.table for entry in head)
        fragment = read_fragment(sql, self.index, near=near, today=self.context.question.today)
        if fragment.expression is not None:
            return self._expressed(said, match, fragment)
        tables = {c.table for each in fragment.conditions for c in condition_columns(each)}
        own = [entry.table for entry in head if entry.table in tables]
        table = own[0] if own and match.head else None
        return said.with_fixed(self._fixed(said, match, table, fragment.conditions))

    def _expressed(self, said: Said, match: Match, fragment: Fragment) -> Said:
        expression = fragment.expression
        if isinstance(expression, ColumnRef):
            return self._named(said, match, expression)
        assert isinstance(expression, Aggregate)
        column = next(expression_columns(expression))
        words = said.text[slice(*match.span)]
        noun: tuple[Entry, ...] = (Entry(column.table, column.column, 1.0),)
        chinese = is_chinese(words)
        if expression.function == "count":
            if not expression.distinct and self.index.tables[column.table].key == (column.column,):
                noun = (Entry(column.table, None, 1.0),)
            asked = "number of distinct " if expression.distinct else "number of "
            asked = ("不同" if expression.distinct else "") if chinese else asked
            after = "数量" if chinese else ""
            made = Said(asked + words + after)
            made = made.with_fixed(Fixed((len(asked), len(asked + words)), "noun", noun))
            return said.replaced(match.span, made)
        before = "总" if chinese else f"{_COUNTS[expression.function]} "
        cue = Fixed((0, len(before.strip())), "cue", cue=Cue("aggregate", expression.function))
        place = len(before), len(before + words)
        return said.replaced(
            match.span, Said(before + words).with_fixed(cue, Fixed(place, "noun", noun))
        )

    def _named(self, said: Said, match: Match, column: ColumnRef) -> Said:
        """A phrase as the name of a column; a word for an aggregate before it keeps its meaning."""
        start, end = match.span
        first = tokenize(said.text[start:end])
        if len(first) > 1 and (cue := lookup_cue(first[:1])) and cue.kind == "aggregate":
            start += first[1].span[0]
        entry = Entry(column.table, column.column, 1.0)
        return said.with_fixed(Fixed((start, end), "noun", (entry,)))

    def column(self, body: Said) -> ColumnRef | None:
        """The one column that words name: as ``table.column`` or as people call it."""
        text = " ".join(_COLUMN_WORDS.sub(" ", body.text).split())
        for name in dict.fromkeys((text, text.rpartition(".")[2])):
            try:
                found = read_fragment(name, self.index, today=self.context.question.today)
            except FragmentError:
                continue
            if isinstance(found.expression, ColumnRef):
                return found.expression
        columns = self.named(Said(text))
        return columns[0] if len(columns) == 1 else None

    def named(self, body: Said) -> tuple[ColumnRef, ...]:
        """The columns that words name, in the tables that they name beside them."""
        items = [item for item in self._link(body) if item.kind == "noun"]
        tables = {i.entries[0].table for i in items if i.entries[0].column is None}
        found = []
        for item in items:
            own = [entry for entry in item.entries if entry.column is not None]
            near = [entry for entry in own if entry.table in tables] or own
            if near and (item.entries[0].column is not None or not tables):
                found.append(near[0].ref)
        return tuple(dict.fromkeys(found))

    def tables(self, body: Said) -> tuple[str, ...]:
        """The tables that words name."""
        entries = (i.entries[0] for i in self._link(body) if i.kind == "noun")
        return tuple(dict.fromkeys(each.table for each in entries if each.column is None))

    def _link(self, body: Said) -> tuple[Item, ...]:
        return link(self._context(body), self.index, body.fixed) if body.text.strip() else ()

    def _context(self, said: Said) -> GenerationContext:
        question = replace(self.context.question, text=said.text)
        return replace(self.context, question=question, values=said.values, times=said.times)


def _refusal(match: Match, reason: str) -> RefusalError:
    said = match.definition.telling.said
    return RefusalError(
        f"You said “{said}”, but {reason}. Say it with the words of the tables, columns and values.",
        code="unanswerable",
        details={"told": said, "words": [match.name]},
    )


def _head_table(plan: AnyPlan, head: tuple[Entry, ...]) -> str:
    if not isinstance(plan, Plan):
        raise NoConditionError("it asks for two sets of rows at once")
    shown = [c.table for each in plan.select for c in expression_columns(each)]
    read = (*shown, *plan_tables(plan))
    for table in read:
        if any(entry.table == table for entry in head):
            return table
    raise NoConditionError("it is not about the rows that the phrase names")


def _aggregated(items: tuple[Item, ...]) -> bool:
    """Whether words begin with what is counted or summed."""
    first = next((item for item in items if not item.light and item.kind != "mark"), None)
    return first is not None and first.cue is not None and first.cue.kind in ("aggregate", "count")


# What a meaning in other words cannot say.
_CALCULATING = ("unplanned", "ratio", "difference", "growth")


def _is_unplanned(item: Item) -> bool:
    return item.cue is not None and item.cue.kind in _CALCULATING


def _with_aggregate(phrase: str, items: tuple[Item, ...], body: Said) -> Said:
    """As in "total sales" told as "order amount": the total is still asked for."""
    tokens = tokenize(phrase)
    cue = lookup_cue(tokens[:1])
    kept = len(tokens) > 1 and cue is not None and cue.kind == "aggregate"
    if not kept or any(item.cue and item.cue.kind in ("aggregate", "count") for item in items):
        return body
    return body.around(phrase[: tokens[1].span[0]])
