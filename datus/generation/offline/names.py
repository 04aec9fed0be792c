"""What the schema's tables and columns may be called in a question, and what role each plays."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from datus.generation.offline.kinship import plain_spelling
from datus.generation.offline.plan import ColumnRef
from datus.generation.offline.poles import is_flag, other_words
from datus.identifiers import identifier_words, shared_prefix, split_identifier
from datus.lexicon.translation import in_english
from datus.text import is_chinese, lemma, simplify, tokenize
from datus.types import Column, DatabaseSchema, TableSchema

# Words a warehouse puts before the name proper.
_TABLE_PREFIXES = frozenset(
    {"ref", "dim", "fact", "tbl", "ods", "dwd", "dws", "ads", "stg", "vw", "tb"}
)
_GLUE = frozenset(
    {"of", "in", "the", "to", "by", "for", "on", "at", "is", "and", "or", "a", "from", "with", "as"}
)
_WEAK = frozenset({"id", "name", "code", "of", "the", "in", "key", "number", "type"})

# Units and the shape of the values, which people leave out.
_FORMS = frozenset(
    """km kilometer mile mi kg lb lbs cm mm ft foot meter mib mb gb tb kb mph kmh sec second ms millisecond usd eur dollar
    euro percent pct yn mf mfu flag ind is million thousand f c""".split()
)

# Other words for the same head of a name; each group is one meaning.
SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "sex gender", "salary wage pay", "city town", "movie film", "staff employee",
        "nation country", "teacher instructor", "car vehicle automobile", "surname last_name",
        "forename first_name", "cost price", "picture photo", "airplane aircraft plane", "zip postcode",
        "kind type", "location place venue", "hometown home", "song track", "shop store", "client customer",
        "description detail", "job occupation profession", "elevation altitude", "enrollment enrolment",
        "rating score", "birthday birth_date", "mail email", "author writer", "company firm",
        "length duration", "postcode zipcode zip", "quantity amount", "begin start", "end finish",
        "state province", "purchase order", "user person", "department dept", "movie picture",
        "nationality country", "phone telephone phone_number telephone_number", "zip zip_code", "capital money", "seat capacity", "colour color", "theatre theater",
    )
)  # fmt: skip

_PEOPLE = frozenset({"people", "person", "member", "human"})
PEOPLE = _PEOPLE | frozenset(
    """customer client user buyer guest patient student employee staff worker passenger reader borrower tenant teacher
    doctor visitor subscriber donor player author driver owner applicant traveler shopper patron attendee""".split()
)
"""What tables of people are called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase may mean: a column, or a table where ``column`` is None; higher is surer."""

    table: str
    column: str | None
    score: float

    @property
    def ref(self) -> ColumnRef:
        """The column; only for entries of columns."""
        assert self.column is not None
        return ColumnRef(self.table, self.column)


@dataclass(frozen=True)
class TableRoles:
    """The parts that a table's columns play in questions."""

    schema: TableSchema
    words: tuple[str, ...]
    key: tuple[str, ...]
    label: tuple[str, ...]
    foreign: frozenset[str]
    time: tuple[str, ...]


@dataclass(frozen=True)
class SchemaIndex:
    """Every phrase that may name a table or column, and the roles of all columns."""

    schema: DatabaseSchema
    tables: dict[str, TableRoles]
    columns: dict[ColumnRef, Column]
    words: dict[ColumnRef, tuple[str, ...]]
    phrases: dict[tuple[str, ...], tuple[Entry, ...]]
    longest: int = field(default=5)

    @cached_property
    def words_by_letter(self) -> dict[str, tuple[str, ...]]:
        """The words that name something alone, by their first letter."""
        found: dict[str, list[str]] = defaultdict(list)
        for phrase in self.phrases:
            if len(phrase) == 1 and len(phrase[0]) > 2 and phrase[0].isascii():
                found[phrase[0][0]].append(phrase[0])
        return {letter: tuple(sorted(words)) for letter, words in found.items()}

    def column(self, ref: ColumnRef) -> Column:
        """The declared column behind a reference."""
        return self.columns[ref]

    def is_number(self, ref: ColumnRef) -> bool:
        """Whether a column holds numbers that can be compared and averaged."""
        return self.columns[ref].kind in ("integer", "number")

    def is_time(self, ref: ColumnRef) -> bool:
        """Whether a column holds dates or points in time."""
        return self.columns[ref].kind in ("date", "datetime")

    def is_key(self, ref: ColumnRef) -> bool:
        """Whether a column identifies rows, of its own table or of another."""
        roles = self.tables[ref.table]
        return ref.column in roles.foreign or roles.key == (ref.column,)

    def points_to(self, ref: ColumnRef) -> str | None:
        """The table that a foreign key of this one column refers to, or None."""
        for key in self.tables[ref.table].schema.foreign_keys:
            if key.columns == (ref.column,):
                target = key.ref_table.lower()
                return next(
                    (name for name in self.tables if name.split(".")[-1].lower() == target), None
                )
        return None

    def label(self, table: str) -> tuple[ColumnRef, ...]:
        """The columns that tell a person which row of a table is meant; a table that has none of its
        own, such as the athletes among the people, borrows those of a table it points to."""
        roles = self.tables[table]
        own = tuple(ColumnRef(table, name) for name in roles.label)
        if roles.label != roles.key[:1]:
            return own
        for name in sorted(roles.foreign, key=lambda name: name not in roles.key):
            target = self.points_to(ColumnRef(table, name))
            other = self.tables[target] if target is not None else None
            same_thing = (name,) == roles.key or (other is not None and _PEOPLE & set(other.words))
            if target is not None and other is not None and same_thing:
                lent = tuple(ColumnRef(target, part) for part in other.label)
                if self.words[lent[0]][-1] == "name":
                    return lent
        return own


def build_index(schema: DatabaseSchema) -> SchemaIndex:
    """Read all names and comments of a schema once; the result is immutable and may be shared."""
    cut = shared_prefix(table.name for table in schema.tables)
    roles: dict[str, TableRoles] = {}
    columns: dict[ColumnRef, Column] = {}
    words: dict[ColumnRef, tuple[str, ...]] = {}
    phrases: dict[tuple[str, ...], dict[tuple[str, str | None], float]] = defaultdict(dict)
    for table in schema.tables:
        key = schema.name_of(table)
        table_words = _in_english(_table_words(table.name[cut:]))
        column_cut = shared_prefix(column.name for column in table.columns)
        for phrase, score in _table_phrases(table, table_words):
            _offer(phrases, phrase, key, None, score)
        for column in table.columns:
            ref = ColumnRef(key, column.name)
            columns[ref] = column
            words[ref] = _in_english(identifier_words(column.name[column_cut:]))
            for phrase, score in _column_phrases(
                column, words[ref], table_words, table.primary_key
            ):
                _offer(phrases, phrase, key, column.name, score)
        roles[key] = _roles(table, key, table_words, words)
    return SchemaIndex(
        schema=schema,
        tables=roles,
        columns=columns,
        words=words,
        phrases={
            phrase: tuple(
                Entry(t, c, s) for (t, c), s in sorted(found.items(), key=lambda x: -x[1])
            )
            for phrase, found in phrases.items()
        },
        longest=max((len(phrase) for phrase in phrases), default=1),
    )


def _in_english(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a name, those in Chinese by their English ones where these are known: the roles that
    columns play are told by them, and people may ask in either language."""
    spoken: list[str] = []
    for word in words:
        known = in_english(simplify(word)) if is_chinese(word) else ()
        spoken.extend(known[0].words if known else (word,))
    return tuple(spoken)


def _chinese_names(name: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """A Chinese name as it is said, a character a word, and the ends of a long one."""
    if is_chinese(name):
        yield tuple(token.text for token in tokenize(name) if token.kind != "mark"), 1.0
        yield from comment_names(name.replace("_", "、"))


def _table_words(name: str) -> tuple[str, ...]:
    words = identifier_words(name)
    prefixed = len(words) > 1 and split_identifier(name)[0] in _TABLE_PREFIXES
    return words[1:] if prefixed else words


def comment_names(comment: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Short phrases of a comment that can serve as names: those before its first semicolon, for each
    language, where ``|`` or a new line parts the languages. What is listed behind a colon or in brackets are
    values: ``Status: paid, failed``."""
    for section in comment.replace("|", "\n").splitlines():
        section = _VALUES_LISTED.sub("", section.replace("；", ";").split(";", 1)[0])
        for position, part in enumerate(_comment_parts(section)):
            tokens = tuple(lemma(token.text) for token in tokenize(part) if token.kind != "mark")
            chinese = bool(tokens) and any(token.kind == "chinese" for token in tokenize(part))
            if 0 < len(tokens) <= (10 if chinese else 4):
                yield _plain(tokens), 0.97 if position == 0 else 0.93
            if chinese and 3 <= len(tokens) <= 8:
                yield from _chinese_parts(tokens)


_VALUES_LISTED = re.compile(r"[:：].*[,，、/].*|[(（][^()（）]*[,，、/:：=][^()（）]*[)）]")


def _chinese_parts(tokens: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Ends of a Chinese name (支付金额 -> 金额), and a date's event (注册日期 -> 注册)."""
    for start in range(1, len(tokens) - 1):
        yield tokens[start:], 0.55 + 0.3 * (len(tokens) - start) / len(tokens)
    if "".join(tokens[-2:]) in ("日期", "时间") and len(tokens) >= 4:
        yield tokens[:-2], 0.85


def _comment_parts(section: str) -> list[str]:
    for mark in "、，,(（)）:：/。.":
        section = section.replace(mark, "\n")
    return [part.strip() for part in section.splitlines() if part.strip()]


def _plain(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(token for token in tokens if token not in ("the", "a", "an")) or tokens


def _table_phrases(
    table: TableSchema, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], float]]:
    yield words, 1.0
    yield from _chinese_names(table.name)
    if len(words) > 1:
        yield ("".join(words),), 0.9
    yield from _with_synonyms(words, 0.85)
    for start, end, score in _parts(words):
        head = end == len(words) and words[-1] not in _WEAK
        yield words[start:end], 0.8 if head else score * 0.85
    for phrase, score in comment_names(table.comment):
        yield phrase, score
        if phrase[-1] in ("表", "table"):
            yield phrase[:-1], score


def _column_phrases(
    column: Column, words: tuple[str, ...], table_words: tuple[str, ...], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], float]]:
    yield words, 1.0
    yield tuple(lemma(part) for part in split_identifier(column.name)), 1.0
    yield from _chinese_names(column.name)
    if len(words) > 1:
        yield ("".join(words),), 0.9
    if "birth" in words:
        yield ("born",), 0.85
    yield from _with_synonyms(words, 0.85)
    if words[: len(table_words)] == table_words and len(words) > len(table_words):
        yield words[len(table_words) :], 0.97
        yield from _with_synonyms(words[len(table_words) :], 0.8)
    elif len(words) > 1 and words[0] in table_words:
        yield words[1:], 0.95
    elif column.name in keys:
        yield (*table_words, *words), 1.05
    if keys == (column.name,) and column.name.lower().endswith("id"):
        yield (*table_words, "id"), 1.05
    for start, end, score in _parts(words):
        yield words[start:end], score
    if is_flag(column, words):
        spoken = tuple(
            split_identifier(column.name)[-1:]
        )  # "discontinued", whose dictionary form is a verb
        yield spoken, 0.9
        for said in other_words((*words[:-1], *spoken)):
            yield said, 0.85
    bare = _without_unit(words)
    if bare != words:
        yield bare, 0.9
        yield from _with_synonyms(bare, 0.75)
        if bare[: len(table_words)] == table_words and len(bare) > len(table_words):
            yield bare[len(table_words) :], 0.88
    if len(words) == 2:
        yield (words[1], words[0]), 0.9
    if len(words) == 3 and words[1] in ("of", "in"):
        yield (words[2], words[0]), 0.9
    if words[0] == "number" and len(words) > 1:
        yield ("number", "of", *[word for word in words[1:] if word != "of"]), 1.0
    for phrase, score in comment_names(column.comment):
        yield phrase, score


def _without_unit(words: tuple[str, ...]) -> tuple[str, ...]:
    """A name without what it says of its form: ``length_km``, ``price_in_dollars``, ``address_line_1``."""
    start = 1 if words[0] == "is" and len(words) > 1 else 0
    end = len(words)
    while end - start > 1 and (words[end - 1] in _FORMS or len(words[end - 1]) == 1):
        end -= 1
    if end - start > 1 and end < len(words) and words[end - 1] in ("in", "line"):
        end -= 1
    return words[start:end]


def _parts(words: tuple[str, ...]) -> Iterator[tuple[int, int, float]]:
    """Proper parts of a name; the more of it and the nearer its head, the surer."""
    size = len(words)
    weight = [0.3 if word in _WEAK else 1.0 for word in words]
    total = sum(weight)
    for start in range(size):
        for end in range(start + 1, size + 1):
            weak = size > 2 and all(word in _WEAK for word in words[start:end])
            if end - start == size or weak:
                continue
            share = sum(weight[start:end]) / total
            score = 0.35 + 0.4 * share + (0.1 if end == size else 0.0)
            yield start, end, min(score, 0.5) if words[-1] == "id" and end < size else score


def _with_synonyms(words: tuple[str, ...], score: float) -> Iterator[tuple[tuple[str, ...], float]]:
    joined = "_".join(words)
    for group in SYNONYMS:
        if joined in group:
            for other in sorted(group - {joined}):
                yield tuple(other.split("_")), score
        elif len(words) > 1:
            for at, word in enumerate(words):
                if word in group:
                    for other in sorted(group - {word}):
                        if "_" not in other:
                            yield (*words[:at], other, *words[at + 1 :]), score - 0.05


def _offer(
    phrases: dict[tuple[str, ...], dict[tuple[str, str | None], float]],
    phrase: tuple[str, ...],
    table: str,
    column: str | None,
    score: float,
) -> None:
    if phrase and phrase[0] not in _GLUE and phrase[-1] not in _GLUE:
        for said in {phrase, tuple(plain_spelling(word) for word in phrase)}:
            found = phrases[said]
            found[table, column] = max(score, found.get((table, column), 0.0))


def _roles(
    table: TableSchema,
    key: str,
    table_words: tuple[str, ...],
    words: dict[ColumnRef, tuple[str, ...]],
) -> TableRoles:
    foreign = frozenset(name for fk in table.foreign_keys for name in fk.columns)
    primary = table.primary_key or _guessed_key(table, words, key)
    times = tuple(
        column.name
        for column in table.columns
        if column.kind in ("date", "datetime")
        or _says_time(words[ColumnRef(key, column.name)], column)
    )
    return TableRoles(
        schema=table,
        words=table_words,
        key=primary,
        label=_label(table, key, table_words, words, primary, foreign),
        foreign=foreign,
        time=times,
    )


def _says_time(words: tuple[str, ...], column: Column) -> bool:
    return column.kind in ("text", "other") and bool({"date", "datetime", "timestamp"} & set(words))


def _guessed_key(
    table: TableSchema, words: dict[ColumnRef, tuple[str, ...]], key: str
) -> tuple[str, ...]:
    if not table.columns:
        return ()
    first = table.columns[0].name
    if any(first in key.columns for key in table.foreign_keys):
        return ()
    return (first,) if "id" in words[ColumnRef(key, first)] else ()


def _own_words(words: tuple[str, ...], table_words: tuple[str, ...]) -> tuple[str, ...]:
    """A column's words without the table's name before them."""
    if len(words) > len(table_words) and words[: len(table_words)] == table_words:
        return words[len(table_words) :]
    return words[1:] if len(words) > 1 and words[0] in table_words else words


def _label(
    table: TableSchema,
    key: str,
    table_words: tuple[str, ...],
    words: dict[ColumnRef, tuple[str, ...]],
    primary: tuple[str, ...],
    foreign: Iterable[str],
) -> tuple[str, ...]:
    names = {
        column.name: _own_words(words[ColumnRef(key, column.name)], table_words)
        for column in table.columns
    }
    by_words = {said: name for name, said in reversed(names.items())}
    for said in (("name",), (*table_words, "name"), ("full", "name"), (table_words[-1], "name")):
        if said in by_words:
            return (by_words[said],)
    first, last = by_words.get(("first", "name")), by_words.get(("last", "name"))
    if first and last:
        return (first, last)
    for said in (("title",), (*table_words, "title"), table_words, (table_words[-1],)):
        if said in by_words and by_words[said] not in primary:
            return (by_words[said],)
    text = {c.name for c in table.columns if c.kind == "text"} - set(foreign)
    for heads in (("name", "title"), ("detail", "details", "description")):
        for name, said in names.items():
            if name in text and said[-1] in heads:
                return (name,)
    return primary[:1] or tuple(list(names)[:1])
