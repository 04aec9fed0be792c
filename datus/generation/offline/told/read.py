"""What is told beside a question, applied to it before it is linked."""

from dataclasses import dataclass, replace

from datus.dates import find_time_ranges
from datus.errors import RefusalError
from datus.generation.offline.linking import Item, link
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import ColumnRef
from datus.generation.offline.told.comparing import compared as columns
from datus.generation.offline.told.facts import Fact, How
from datus.generation.offline.told.forms import Telling, tellings
from datus.generation.offline.told.matching import Definition, Match
from datus.generation.offline.told.reader import Reader, Understand
from datus.generation.offline.told.said import Said, Span
from datus.generation.offline.told.texts import meaning_of, plain_times
from datus.types import Candidate, GenerationContext

_PERIODS = ("grain", "period", "when")


@dataclass(frozen=True)
class Told:
    """A question as it reads with what was told, and the way back to the caller's own words.

    Attributes:
        context: The context with the question in these words, and the values and times at them.
        said: The question in these words.
        asked: The question in the caller's words.
        columns, tables: What the caller chose among the readings of an ambiguous word.
        time: The column that tells when, and who said so.
        compared: How columns are compared with texts, and who said so.
        used: The told phrases that the question says.
    """

    context: GenerationContext
    said: Said
    asked: str
    columns: tuple[ColumnRef, ...] = ()
    tables: tuple[str, ...] = ()
    time: tuple[ColumnRef, str] | None = None
    compared: tuple[tuple[ColumnRef, How, str], ...] = ()
    used: tuple[Match, ...] = ()

    def items(self, index: SchemaIndex) -> tuple[Item, ...]:
        """The mentions of the question, with every word that was told of meaning just that."""
        items = link(self.context, index, self.said.fixed)
        return tuple(self._chosen(self._compared(self._timed(item))) for item in items)

    def _chosen(self, item: Item) -> Item:
        columns = tuple(e for e in item.entries if e.column is not None and e.ref in self.columns)
        tables = tuple(e for e in item.entries if e.table in self.tables)
        hits = tuple(
            h
            for h in item.hits
            if ColumnRef(h.table, h.column) in self.columns or h.table in self.tables
        )
        sure = tuple(replace(entry, score=max(entry.score, 0.95)) for entry in columns or tables)
        return replace(item, entries=sure or item.entries, hits=hits or item.hits)

    def _timed(self, item: Item) -> Item:
        period = item.cue is not None and item.cue.kind in _PERIODS
        if self.time is None or item.told is not None or not (period or item.kind == "time"):
            return item
        return replace(item, told=Fact(self.time[1], time=self.time[0]))

    def _compared(self, item: Item) -> Item:
        if not self.compared or item.told is not None or item.kind not in ("value", "quote"):
            return item
        own = {ColumnRef(hit.table, hit.column) for hit in item.hits}
        meant = [
            each for each in self.compared if each[1] != "exact" and (not own or each[0] in own)
        ]
        if not meant:
            return item
        said = "; ".join(dict.fromkeys(said for *_, said in meant))
        return replace(item, told=Fact(said, compared=tuple(each[:2] for each in meant)))

    def original(self, candidate: Candidate) -> Candidate:
        """A candidate that speaks of the caller's own words."""
        if not self.used:
            return candidate
        words = []
        for use in candidate.words:
            span = self.said.original(use.span)
            words.append(replace(use, words=self.asked[slice(*span)], span=span))
        times = []
        for time in candidate.times:
            span = self.said.original(time.span)
            times.append(replace(time, words=self.asked[slice(*span)], span=span))
        return replace(candidate, words=tuple(dict.fromkeys(words)), times=tuple(times))

    def named(self, refusal: RefusalError) -> RefusalError:
        """A refusal that says which telling has the words that it names."""
        asked = self.asked.casefold()
        for word in refusal.details.get("words") or ():
            for match in self.used:
                inside = str(word).casefold() in match.definition.body.text.casefold()
                if inside and str(word).casefold() not in asked:
                    told = match.definition.telling.said
                    return RefusalError(
                        f"You said “{told}”, but the data does not explain “{word}”. "
                        "Say it with the words of the tables, columns and values.",
                        code="unanswerable",
                        details={**refusal.details, "told": told},
                    )
        if self.used and "tables" in refusal.details:
            told = self.used[0].definition.telling.said
            return RefusalError(
                f"You said “{told}”, but no answer can hold that beside the rest of the question. "
                "Ask for these rows alone, or say the condition in the question itself.",
                code="unanswerable",
                details={"words": [match.name for match in self.used], "told": told},
            )
        return refusal


def read(context: GenerationContext, index: SchemaIndex, understand: Understand) -> Told:
    """Apply the request's ``ext_knowledge`` and the business terms to a question.

    Args:
        context: The question with all that was gathered; ``glosses`` has the values and times of what is told.
        index: The names of its schema.
        understand: Reads the small questions that meanings such as "those with 10 orders" are.

    Raises:
        RefusalError: The question says a phrase whose told meaning the data does not hold.
    """
    asked = context.question.text
    own = tuple((place, place + 1) for place in range(len(asked)))
    said = Said(asked, context.values, context.times, origin=own)
    known = context.question.ext_knowledge or ""
    if not known.strip() and not context.terms:
        return Told(context, said, asked)
    reader = Reader(context, index, understand)
    text = _gloss(context, plain_times(known))
    told = tuple(tellings(text.text))
    definitions = [
        Definition(each, text.part(each.body))
        for each in told
        if each.kind in ("meaning", "column")
    ]
    said, used = reader.applied(said, (*definitions, *_terms(context, definitions)))
    columns, tables = _choice(reader, text, told)
    time = _time(reader, text, told)
    ways = _compared(index, text, told)
    question = replace(context.question, text=said.text)
    return Told(
        replace(context, question=question, values=said.values, times=said.times),
        said, asked, columns, tables, time, ways, tuple(used),
    )  # fmt: skip


def _gloss(context: GenerationContext, text: str) -> Said:
    found = next((each for each in context.glosses if each.text == text), None)
    if found is not None:
        return Said(text, found.values, found.times)
    return Said(text, times=find_time_ranges(text, today=context.question.today))


def _terms(context: GenerationContext, told: list[Definition]) -> tuple[Definition, ...]:
    """Business terms as definitions; what the request itself says of a word goes before them."""
    taken = {name.casefold() for each in told for name in each.telling.names}
    found = []
    for term in context.terms:
        meaning = meaning_of(term, context.question.text)
        names = tuple(n for n in (term.word, *term.synonyms) if n.casefold() not in taken)
        whole: Span = (0, len(meaning))
        telling = Telling("meaning", names, whole, f"{term.word}: {meaning}", False, term.sql)
        if names:
            found.append(Definition(telling, _gloss(context, meaning), term=True))
    return tuple(found)


def _choice(
    reader: Reader, text: Said, told: tuple[Telling, ...]
) -> tuple[tuple[ColumnRef, ...], tuple[str, ...]]:
    """As in "I mean the city of the store": the columns, or else the tables, that were chosen."""
    bodies = [text.part(each.body) for each in told if each.kind == "choice"]
    columns: list[ColumnRef] = []
    tables: list[str] = []
    for body in bodies:
        column = reader.column(body)
        found = (column,) if column is not None else reader.named(body)
        columns.extend(found)
        tables.extend(() if found else reader.tables(body))
    return tuple(columns), tuple(tables)


def _compared(
    index: SchemaIndex, text: Said, told: tuple[Telling, ...]
) -> tuple[tuple[ColumnRef, How, str], ...]:
    """How columns are compared with texts; what is told of fewer columns goes before what is told of many."""
    ways: dict[ColumnRef, tuple[How, str]] = {}
    scopes = [
        (columns(text.part(each.body).text, index), each) for each in told if each.how is not None
    ]
    for scope, each in sorted(scopes, key=lambda pair: -len(pair[0])):
        for column in scope:
            assert each.how is not None
            ways[column] = (each.how, each.said)
    return tuple((column, how, said) for column, (how, said) in ways.items())


def _time(reader: Reader, text: Said, told: tuple[Telling, ...]) -> tuple[ColumnRef, str] | None:
    for each in told:
        if each.kind != "time":
            continue
        column = reader.column(text.part(each.body))
        if column is not None and column.column in reader.index.tables[column.table].time:
            return column, each.said
    return None
