"""The times that words name: columns, the verbs of columns, and the first or last of a table's events."""

from datus.generation.offline.draft import Draft
from datus.generation.offline.kinship import is_kindred
from datus.generation.offline.plan import ColumnRef
from datus.text import lemma

_SHORTEST_VERB = 4


def moment(draft: Draft, at: int) -> ColumnRef | None:
    """The time that a word names: a column, the verb of one ("delivered"), or the first of a table's events."""
    if at in draft.taken or not 0 <= at < len(draft.items):
        return None
    column, table = draft.column(at), draft.table(at)
    if column is not None:
        return column if column.column in draft.index.tables[column.table].time else None
    if table is not None:
        found = draft.time_column((table,)) if is_edge(draft, at - 1) else None
        return found if found is not None and found.table == table else None
    return of_verb(draft, at)


def is_edge(draft: Draft, at: int) -> bool:
    """Whether a word is "first" or "last", of times."""
    cue = draft.items[at].cue if at >= 0 else None
    return cue is not None and cue.kind == "superlative" and "date" in measured_by(cue)


def of_verb(draft: Draft, at: int) -> ColumnRef | None:
    item = draft.items[at]
    if draft.chinese or not (item.kind == "word" or draft.is_cue(at, "order")):
        return None
    said = lemma(item.text.lower())
    if len(said) < _SHORTEST_VERB:
        return None
    found = [
        each
        for table in draft.near_tables(at)
        for each in moments_of(draft, table)
        if any(_is_verb_of(said, word) for word in draft.index.words[each])
    ]
    return found[0] if len(found) == 1 else None


def _is_verb_of(verb: str, word: str) -> bool:
    """As "order" of the order date, "deliver" of the delivery, "admission" of when one was admitted."""
    longer = len(verb) > 4 and word.startswith(verb)
    return verb == word or is_kindred(verb, word) or longer


def moments_of(draft: Draft, table: str) -> list[ColumnRef]:
    roles = draft.index.tables[table]
    return [ColumnRef(table, c.name) for c in roles.schema.columns if c.name in roles.time]


def measured_by(cue: object) -> tuple[str, ...]:
    measure = getattr(cue, "measure", None)
    return measure.heads if measure is not None else ()
