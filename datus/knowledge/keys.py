"""Foreign keys that a schema means and does not declare, inferred from names and types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from datus.identifiers import identifier_words, shared_prefix
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema

_KEY_ENDINGS = ("id", "code", "key", "number", "symbol")


@dataclass(frozen=True, slots=True)
class _Target:
    """A table that can be pointed to, by its key of one column."""

    table: TableSchema
    key: Column
    words: tuple[str, ...]


class _Targets:
    """Targets by the names and words that point to them: of ten thousand tables none is tried in vain."""

    def __init__(self, targets: Iterable[_Target]) -> None:
        self._all = tuple(targets)
        self._by_name: dict[str, list[int]] = {}
        self._by_words: dict[tuple[str, ...], list[int]] = {}
        self._keys = {id(target.key) for target in self._all}
        for at, target in enumerate(self._all):
            self._by_name.setdefault(target.key.name.lower(), []).append(at)
            self._by_words.setdefault(target.words, []).append(at)

    def is_key(self, column: Column) -> bool:
        """Whether this very column is a target's key."""
        return id(column) in self._keys

    def of(self, name: str, rest: str) -> Iterator[_Target]:
        """The targets that a column's name points to; ``rest`` is what is its own of the name."""
        found: set[int] = set()
        key = name.lower()
        if key not in _KEY_ENDINGS and key.endswith(_KEY_ENDINGS):
            found.update(self._by_name.get(key, ()))
        *before, last = identifier_words(rest) or ("",)
        if last in _KEY_ENDINGS:
            for start in range(len(before)):
                found.update(self._by_words.get(tuple(before[start:]), ()))
        return (self._all[at] for at in sorted(found))


def with_inferred_keys(schema: DatabaseSchema) -> DatabaseSchema:
    """The schema with a foreign key added wherever a column clearly points to another table's key.

    A column points to a table when the table has a key of one column, the types agree, and either
    the two columns have the same name, or the column's words end with the table's name and an ending
    such as ``id``. A table of the same schema goes before those of others. Where two tables fit, none
    is chosen. Columns that declare a foreign key stay as they are.
    """
    cut = shared_prefix(table.name for table in schema.tables)
    targets = _Targets(target for table in schema.tables for target in _targets(table, cut))
    return replace(schema, tables=tuple(_extend(table, targets) for table in schema.tables))


def _targets(table: TableSchema, cut: int) -> list[_Target]:
    """A table's declared key of one column, and columns whose names say that they are keys of it."""
    if table.is_view:
        return []
    words = identifier_words(table.name[cut:])
    names = [*(table.primary_key if len(table.primary_key) == 1 else ())]
    if not table.primary_key or names:
        names += [column.name for column in table.columns if _says_key(column.name, table, words)]
    columns = {column.name: column for column in table.columns}
    return [_Target(table, columns[name], words) for name in dict.fromkeys(names)]


def _says_key(column: str, table: TableSchema, words: tuple[str, ...]) -> bool:
    """Whether a column is called ``id``, or the table's name or initials and ``id``."""
    name = column.lower().replace("_", "")
    whole = "".join(words)
    initials = "".join(word[0] for word in words)
    said = {"id", f"{whole}id", f"{initials}id", f"{whole}code", f"{table.name.lower()}id"}
    return name in said


def _extend(table: TableSchema, targets: _Targets) -> TableSchema:
    # A key that points back to its own table may stand beside one that its name says.
    declared = {
        name for key in table.foreign_keys if key.ref_table != table.name for name in key.columns
    }
    cut = shared_prefix(column.name for column in table.columns)
    added: list[ForeignKey] = []
    for column in table.columns:
        if column.name in declared:
            continue
        fitting = [
            target
            for target in targets.of(column.name, column.name[cut:])
            if (target.table.name, target.table.schema) != (table.name, table.schema)
            and _same_type(column, target.key)
        ]
        same_name = [each for each in fitting if each.key.name.lower() == column.name.lower()]
        fitting = same_name or fitting
        fitting = [each for each in fitting if each.table.schema == table.schema] or fitting
        if len(
            {(each.table.schema, each.table.name) for each in fitting}
        ) == 1 and not targets.is_key(column):
            target = fitting[0]
            ref = (target.key.name,)
            added.append(ForeignKey((column.name,), target.table.name, ref, target.table.schema))
    return replace(table, foreign_keys=(*table.foreign_keys, *added))


def _same_type(one: Column, other: Column) -> bool:
    numeric = ("integer", "number")
    return one.kind == other.kind or (one.kind in numeric and other.kind in numeric)
