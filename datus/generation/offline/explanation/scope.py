"""What both languages need to know of a plan: how things are called, and what one row stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datus.generation.offline.names import SchemaIndex, comment_names
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    Expression,
    Like,
    Literal_,
    Member,
    Plan,
    Star,
    TimeBucket,
    aggregates_of,
    plan_columns,
    plan_tables,
)
from datus.identifiers import split_identifier
from datus.text import is_chinese, lemma, tokenize

# What names.comment_names gives for a whole name and for the first one; parts of a name have less.
_WHOLE_NAME = 0.93
_FIRST_NAME = 0.97

Scale = Literal["number", "time", "text"]
"""How values are put in order, which decides the words for it: highest, latest, A to Z."""

Match = Literal["contains", "starts", "ends", "pattern"]


@dataclass(frozen=True, slots=True)
class Names:
    """What tables and columns are called in the asker's language."""

    index: SchemaIndex
    chinese: bool

    def table(self, key: str) -> str:
        """One row of a table: the comment's name, without 表 or "table", else the identifier's words."""
        roles = self.index.tables[key]
        for _, written in self._comment(roles.schema.comment):
            said = written.removesuffix("表") if self.chinese else _singular(written)
            if said:
                return said
        return " ".join(roles.words) or roles.schema.name

    def column(self, ref: ColumnRef) -> str:
        """The comment's name, unless the table or another of its columns is called so too, else the
        identifier's words."""
        for phrase, written in self._comment(self.index.column(ref).comment):
            if not any(
                each.table == ref.table and each.column != ref.column and each.score >= _FIRST_NAME
                for each in self.index.phrases.get(phrase, ())
            ):
                return written
        return _spelt(ref.column, self.index.words[ref]) or ref.column

    def owned(self, ref: ColumnRef) -> str:
        """A column with its table's name before it, where its own name does not hold that already."""
        own, table = self.column(ref), self.table(ref.table)
        if self.chinese:
            return own if own.startswith(table) or own in table else f"{table}的{own}"
        words, before = own.casefold().split(), table.casefold().split()
        held = words[: len(before)] == before or set(words) <= set(before)
        return own if held else f"{table} {own}"

    def _comment(self, comment: str) -> Iterator[tuple[tuple[str, ...], str]]:
        for phrase, sure in comment_names(comment):
            if sure >= _WHOLE_NAME and is_chinese("".join(phrase)) == self.chinese:
                yield phrase, _as_written(comment, phrase, "" if self.chinese else " ")


def _spelt(name: str, words: tuple[str, ...]) -> str:
    """The words of a name in the forms that it has itself: ``opened year`` and not ``open year``."""
    parts = split_identifier(name)[-len(words) :]
    same = len(parts) == len(words)
    forms = zip(parts, words, strict=True) if same else ()
    spelt = [part if lemma(part) == word else word for part, word in forms]
    return " ".join(spelt or words)


def _as_written(comment: str, phrase: tuple[str, ...], joint: str) -> str:
    """The place of a comment that gave a name, for names are kept in dictionary form: "sale region"."""
    tokens = tokenize(comment)
    forms = tuple(lemma(token.text) for token in tokens)
    for at in range(len(forms) - len(phrase) + 1):
        if forms[at : at + len(phrase)] == phrase:
            return comment[tokens[at].span[0] : tokens[at + len(phrase) - 1].span[1]]
    return joint.join(phrase)


def _singular(name: str) -> str:
    *before, last = name.split()
    if last.lower() == "table":
        *before, last = before or [last]
    return " ".join((*before, last if last.isupper() else lemma(last.lower())))


@dataclass(frozen=True, slots=True)
class Scope:
    """One SELECT: its plan, and the tables of which each row that it reads is one (``units``)."""

    names: Names
    plan: Plan
    units: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan, names: Names) -> "Scope":
        """Joins follow foreign keys, so a row stands for a row of the table that no other one points
        to; where there are several such tables it stands for a combination."""
        tables = plan_tables(plan)
        reached = {each: _reached(names.index, each) for each in tables}
        units = tuple(
            each
            for each in tables
            if not any(each in reached[other] for other in tables if other != each)
        )
        return cls(names, plan, units or tables)

    def inner(self, plan: Plan) -> "Scope":
        """The scope of a plan inside this one's conditions."""
        return Scope.of(plan, self.names)

    def column(self, ref: ColumnRef) -> str:
        """A column as it is called here: columns of the rows themselves need no table's name."""
        return self.names.column(ref) if (ref.table,) == self.units else self.names.owned(ref)

    @property
    def is_plain(self) -> bool:
        """Whether it only selects and filters."""
        plan = self.plan
        clauses = plan.group or plan.having or plan.order or plan.distinct
        return not clauses and plan.limit is None

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The aggregates that it selects or calculates with."""
        return tuple(one for each in self.plan.select for one in aggregates_of(each))

    @property
    def joined(self) -> tuple[str, ...]:
        """Tables that it reads though no column of theirs is said: only rows with a partner remain."""
        plan = self.plan
        said = {column.table for column in plan_columns(plan)}
        said |= {each.table for each in plan.select if isinstance(each, Star)}
        return tuple(each for each in plan_tables(plan) if each not in said | set(self.units))

    @property
    def keys(self) -> "tuple[Expression | str, ...]":
        """What there is one result for: a table where its key is among the groups (its other columns
        then add nothing), else the expression."""
        return self._told(self.plan.group)

    @property
    def within(self) -> "tuple[Expression | str, ...]":
        """What the limit is for each of, as ``keys``."""
        return self._told(self.plan.within)

    def _told(self, group: tuple[Expression, ...]) -> "tuple[Expression | str, ...]":
        whole = {
            each.table
            for each in group
            if isinstance(each, ColumnRef)
            and {ColumnRef(each.table, key) for key in self.names.index.tables[each.table].key}
            <= set(group)
        }
        found: list[Expression | str] = []
        for each in group:
            is_told = isinstance(each, ColumnRef) and each.table in whole
            found.append(each.table if isinstance(each, ColumnRef) and is_told else each)
        return tuple(dict.fromkeys(found))

    @property
    def shown(self) -> tuple[Expression, ...]:
        """What it selects besides the expressions that its groups are named by."""
        return tuple(each for each in self.plan.select if each not in self.keys)

    def counted_table(self, argument: ColumnRef) -> str | None:
        """The table whose rows are counted when a column's different values are, else None."""
        index = self.names.index
        if index.tables[argument.table].key == (argument.column,):
            return argument.table
        return index.points_to(argument)

    def scale(self, expression: Expression) -> Scale:
        """How the values of an expression are put in order."""
        match expression:
            case TimeBucket():
                return "time"
            case Aggregate(function="min" | "max", argument=ColumnRef() as ref) | (
                ColumnRef() as ref
            ):
                index = self.names.index
                if index.is_time(ref) or ref.column in index.tables[ref.table].time:
                    return "time"
                if not index.is_number(ref):
                    return "text"
                return "time" if index.words[ref][-1:] == ("year",) else "number"
            case _:
                return "number"

    def is_bare(self, value: Literal_, left: Expression) -> bool:
        """Whether a value is said without quotes: numbers, also those that a question gave as text."""
        if not isinstance(value, str):
            return True
        return isinstance(left, ColumnRef) and self.names.index.is_number(left)

    def partner(self, condition: Member) -> "Scope | None":
        """The rows that point to a row of this scope, where a membership asks for no more than them."""
        inner = self.inner(condition.plan)
        key, column = condition.plan.select[0], condition.column
        index = self.names.index
        if not inner.is_plain or not isinstance(key, ColumnRef) or inner.units != (key.table,):
            return None
        points = index.points_to(key) == column.table
        return inner if points and index.tables[column.table].key == (column.column,) else None


def _reached(index: SchemaIndex, table: str) -> set[str]:
    """The tables that foreign keys lead to from a table, over any number of steps."""
    by_name = {key.split(".")[-1].lower(): key for key in index.tables}
    reached: set[str] = set()
    pending = [table]
    while pending:
        for key in index.tables[pending.pop()].schema.foreign_keys:
            target = by_name.get(key.ref_table.lower())
            if target is not None and target not in reached:
                reached.add(target)
                pending.append(target)
    return reached


def matched(like: Like) -> tuple[Match, str]:
    """What a LIKE pattern asks of a text, and the text in question."""
    pattern = like.pattern
    bare = pattern.strip("%")
    if bare and not {"%", "_"} & set(bare):
        match pattern.partition(bare):
            case ("%", _, "%"):
                return "contains", bare
            case ("", _, "%"):
                return "starts", bare
            case ("%", _, ""):
                return "ends", bare
    return "pattern", pattern


def alternatives(conditions: tuple[Condition, ...]) -> Expression | None:
    """The one thing that all the conditions say a value of, as in ``city = a or city = b``, else None."""
    lefts = {
        each.left if isinstance(each, Compare) and each.operator == "=" else None
        for each in conditions
    }
    return lefts.pop() if len(lefts) == 1 else None


def as_number(value: int | float) -> str:
    """A number as people write it: 20000 for 20000.0; from 1e15 on a float has no last digit."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
