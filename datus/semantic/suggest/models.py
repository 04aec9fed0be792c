"""Semantic models from a schema: one a table, with entities from its keys and dimensions from its columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count

from datus.identifiers import identifier_words
from datus.semantic.suggest.columns import Reading, is_time, read_column, time_column
from datus.semantic.suggest.comments import Said, one_line, read_comment
from datus.semantic.suggest.names import Names, Use, is_name, quoted, singular, slug
from datus.types import Column, DatabaseSchema, Dialect, ForeignKey, TableSchema

_KEY_ENDINGS = frozenset({"id", "code", "key", "number", "no", "fk", "ref", "uuid"})


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A key of a model. ``target`` is the model it leads to by a join, None for the model's own key."""

    name: str
    type: str
    columns: tuple[str, ...]
    expr: str
    target: "Model | None" = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group and filter by; ``expr`` is None where the name says it."""

    name: str
    time: bool
    column: str
    expr: str | None
    label: str
    said: Said
    description: str


@dataclass(slots=True)
class Model:
    """A table as a semantic model.

    Attributes:
        table: The table.
        name: Its name in the proposal.
        thing: What one row is called, in names of metrics.
        row: The same as the primary entity, a name that no engine reserves.
        label: The same for people.
        said: Names of its comment.
        readings: What each column is that is no key.
        kin: A name shared by models whose rows stand one to one: their dimensions are seen under the
            same entity, so each needs a name of its own.
        entities: Its keys, its own first.
        dimensions: Its columns to group by.
        time: Name of the time dimension of its measures; None: it can have no measures.
        notes: What a reviewer is to know, one line each.
    """

    table: TableSchema
    name: str
    thing: str
    label: str
    said: Said
    row: str = ""
    kin: str = ""
    readings: dict[str, Reading] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    time: str | None = None
    time_why: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def has_key(self) -> bool:
        """Whether a column of its own is the primary entity."""
        return any(entity.type == "primary" for entity in self.entities)

    def dimension_of(self, column: str) -> Dimension | None:
        """The dimension that a column is, or None."""
        return next((each for each in self.dimensions if each.column == column), None)


class Models:
    """The semantic models of a schema, by table name; views and unspeakable tables are left out.

    ``left_out`` holds, for each table that has no model, its name and the reason.
    """

    def __init__(self, schema: DatabaseSchema) -> None:
        self.schema = schema
        self.names = Names()
        self.left_out: list[tuple[str, str]] = []
        self._models: dict[str, Model] = {}
        self._places: dict[tuple[str | None, str], Model] = {}
        self._taken: set[str] = set()
        for number, table in enumerate(sorted(schema.tables, key=self._order), start=1):
            self._begin(table, number)
        self._pointed = self._pointed_columns()
        for model in self:
            self._own_key(model)
        for model in self:
            self._foreign_keys(model)
        self._find_kin()
        for model in self:
            self._dimensions(model)
        for model in self:
            if model.time is None:
                self._borrow_time(model)

    def _order(self, table: TableSchema) -> tuple[bool, str]:
        """Tables of the default schema come first, so that they get the short names."""
        name = self.schema.name_of(table)
        return name != table.name, name

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def of(self, table: TableSchema) -> Model | None:
        """The model of a table, or None."""
        return self._models.get(self.schema.name_of(table))

    def _begin(self, table: TableSchema, number: int) -> None:
        name = self.schema.name_of(table)
        if table.is_view:
            self.left_out.append((name, "a view: make a model of it by hand if it counts things"))
            return
        if any(mark in f"{table.schema}{table.name}" for mark in "'\"`{}\n\r\\"):
            self.left_out.append((name, "its name has marks that a definition cannot hold"))
            return
        said = read_comment(table.comment)
        said = Said(said.english, tuple(each.removesuffix("表") or each for each in said.chinese))
        wanted = slug(table.name) or slug("_".join((*said.english, "")[0].split()))
        wanted = wanted or f"table_{number}"
        qualified = f"{slug(table.schema or '') or 'table'}_{wanted}"
        names = chain((wanted, qualified), (f"table_{each}" for each in count(number)))
        model_name = next(each for each in names if is_name(each) and each not in self._taken)
        self._taken.add(model_name)
        row = singular(model_name)
        label = " ".join(row.split("_")) if slug(table.name) else said.first or row
        model = Model(table, model_name, row, label, said)
        self._models[name] = self._places[self._place(table.schema, table.name)] = model

    def _own_key(self, model: Model) -> None:
        wanted = (model.thing, model.name, f"{model.thing}_row")
        model.row = self.names.give("entity", model.name, wanted, new=True)
        key = self._key_column(model)
        if key is not None:
            expr = quoted(key, self.schema.dialect)
            model.entities.append(Entity(model.row, "primary", (key,), expr))
        elif len(model.table.primary_key) > 1:
            columns = ", ".join(model.table.primary_key)
            model.notes.append(f"its key has several columns ({one_line(columns)}): no join to it")
        else:
            model.notes.append("it declares no key: no join to it")

    def _key_column(self, model: Model) -> str | None:
        """The one column that tells rows apart: the declared key, else what foreign keys point to."""
        if model.table.primary_key:
            return model.table.primary_key[0] if len(model.table.primary_key) == 1 else None
        pointed = self._pointed.get(model.name, set())
        if len(pointed) != 1:
            return None
        (column,) = pointed
        model.notes.append(
            f"keys point to its {one_line(column)}: check that no value occurs twice"
        )
        return column

    def _pointed_columns(self) -> dict[str, set[str]]:
        """For each model the columns that foreign keys of one column point to."""
        pointed: dict[str, set[str]] = {}
        for table in self.schema.tables:
            for key in table.foreign_keys:
                target = self._target(table, key)
                if target is not None and len(key.ref_columns) == 1:
                    pointed.setdefault(target.name, set()).add(key.ref_columns[0])
        return pointed

    def _place(self, schema: str | None, name: str) -> tuple[str | None, str]:
        return schema or self.schema.default_schema, name.lower()

    def _target(self, table: TableSchema, key: ForeignKey) -> Model | None:
        return self._places.get(self._place(key.ref_schema or table.schema, key.ref_table))

    def _foreign_keys(self, model: Model) -> None:
        seen: set[tuple[tuple[str, ...], str]] = set()
        keys: list[tuple[ForeignKey, Model]] = []
        for key in model.table.foreign_keys:
            target = self._target(model.table, key)
            if target is None or (key.columns, target.name) in seen:
                continue
            seen.add((key.columns, target.name))
            if reason := _unusable(key, target):
                columns = one_line(", ".join(key.columns))
                model.notes.append(f"no join by {columns} to {target.name}: {reason}")
                continue
            keys.append((key, target))
        for key, target in keys:
            alone = sum(other is target for _, other in keys) == 1 and target is not model
            self._entity(model, key, target, alone)

    def _find_kin(self) -> None:
        leader = {model.name: model.name for model in self}

        def lead(name: str) -> str:
            while leader[name] != name:
                name = leader[name]
            return name

        for model in self:
            for entity in model.entities:
                if entity.type == "unique" and entity.target is not None:
                    leader[lead(model.name)] = lead(entity.target.name)
        for model in self:
            model.kin = lead(model.name)

    def _entity(self, model: Model, key: ForeignKey, target: Model, alone: bool) -> None:
        column, ref = key.columns[0], key.ref_columns[0]
        expr = quoted(column, self.schema.dialect)
        if any(each.columns == (column,) and each.type == "primary" for each in model.entities):
            type_ = "unique"  # its own key points on: one row to one row
        else:
            type_ = "foreign"
        primary = next((each for each in target.entities if each.type == "primary"), None)
        plain = primary is not None and primary.columns == (ref,)
        role = _role(column, target)
        taken = any(each.name == target.row for each in model.entities)
        if plain and not taken and (alone or role == target.row):
            model.entities.append(Entity(target.row, type_, (column,), expr, target))
            return
        name = self._role_name(model, role, target, ref)
        if target is model:
            note = "points to its own table: it groups, and cannot join"
            model.entities.append(Entity(name, type_, (column,), expr, None, note))
            return
        model.entities.append(Entity(name, type_, (column,), expr, target))
        if all(each.name != name for each in target.entities):
            note = f"another name of its key, for {model.name}.{one_line(column)}"
            ref_expr = quoted(ref, self.schema.dialect)
            target.entities.append(Entity(name, "unique", (ref,), ref_expr, None, note))

    def _role_name(self, model: Model, role: str, target: Model, ref: str) -> str:
        """A name for a key that says its part: shared by all keys of that part to the same table."""
        wanted = (role, f"{role}_{target.row}", f"{model.row}_{role}")
        taken = {each.name for each in model.entities}
        for name in wanted:
            known = next((each for each in target.entities if each.name == name), None)
            same = known is not None and known.columns == (ref,) and known.type == "unique"
            if same and name not in taken:
                return name
        return self.names.give("entity", model.name, wanted, new=True)

    def _dimensions(self, model: Model) -> None:
        keys = {column for each in model.entities for column in each.columns}
        keys.update(model.table.primary_key)
        keys.update(name for key in model.table.foreign_keys for name in key.columns)
        dialect = self.schema.dialect
        when = time_column(model.table, dialect)
        labels: set[str] = set()
        for number, column in enumerate(model.table.columns, start=1):
            if column.name in keys and not is_time(column, dialect):
                continue
            reading = read_column(column, dialect)
            model.readings[column.name] = reading
            if reading.role not in ("categorical", "time"):
                continue
            dimension = self._dimension(model, column, number, labels, time=reading.role == "time")
            model.dimensions.append(dimension)
            if when is not None and column.name == when.name:
                model.time = dimension.name
                model.time_why = f"time is {one_line(column.name)}"
                if column.kind == "text":
                    model.time_why += ", a text: right only where it begins like 2024-01-31"
                if column.nullable:
                    model.time_why += "; rows where it is empty are in no period"

    def _dimension(
        self, model: Model, column: Column, number: int, labels: set[str], *, time: bool
    ) -> Dimension:
        said = read_comment(column.comment)
        wanted = slug(column.name) or slug("_".join((*said.english, "")[0].split()))
        wanted = wanted or f"column_{number}"
        use: Use = "time" if time else "categorical"
        name = self.names.give(use, model.kin, (wanted, f"{model.thing}_{wanted}"))
        expr = quoted(column.name, self.schema.dialect)
        label = _capital(said.first or " ".join(identifier_words(column.name)) or column.name)
        if label in labels:
            label = f"{label} ({one_line(column.name)})"
        labels.add(label)
        return Dimension(
            name,
            time,
            column.name,
            None if expr == name else expr,
            one_line(label),
            said,
            one_line(column.comment),
        )

    def _borrow_time(self, model: Model) -> None:
        """Take the time of the row that this one is a part of: a line has the day of its order."""
        owners = [
            entity
            for entity in model.entities
            if entity.target is not None and _is_part(model, entity) and _own_time(entity.target)
        ]
        if len(owners) != 1:
            return
        entity, owner = owners[0], owners[0].target
        assert owner is not None
        theirs = _own_time(owner)
        ref = self._referred(model, entity)
        if theirs is None or ref is None:
            return
        dialect = self.schema.dialect
        expr = (
            f"(SELECT o.happened FROM (SELECT {quoted(ref, dialect)} AS own_key, "
            f"{quoted(theirs.column, dialect)} AS happened FROM {self.sql_name(owner)}) AS o "
            f"WHERE o.own_key = {entity.expr})"
        )
        name = self.names.give("time", model.kin, (theirs.name, f"{model.thing}_{theirs.name}"))
        model.dimensions.append(
            Dimension(name, True, "", expr, theirs.label, theirs.said, theirs.description)
        )
        model.time = name
        model.time_why = (
            f"it has no date of its own; time is {one_line(theirs.column)} of the row of "
            f"{owner.name} that it belongs to"
        )

    def _referred(self, model: Model, entity: Entity) -> str | None:
        for key in model.table.foreign_keys:
            if key.columns == entity.columns and self._target(model.table, key) is entity.target:
                return key.ref_columns[0]
        return None

    def sql_name(self, model: Model) -> str:
        """A model's table in SQL, with its schema where that is not the default."""
        return sql_name(self.schema, model.table)


def sql_name(schema: DatabaseSchema, table: TableSchema) -> str:
    """A table in SQL of the schema's dialect."""
    dialect: Dialect = schema.dialect
    if table.schema is None or table.schema == schema.default_schema:
        return quoted(table.name, dialect)
    return f"{quoted(table.schema, dialect)}.{quoted(table.name, dialect)}"


def _unusable(key: ForeignKey, target: Model) -> str:
    """Why a foreign key cannot be a join, or nothing."""
    if len(key.columns) != 1 or len(key.ref_columns) != 1:
        return "a key of several columns"
    primary = target.table.primary_key
    if len(primary) > 1 and key.ref_columns[0] in primary:
        return "it points to a part of a key, which is not one row"
    return ""


def _role(column: str, target: Model) -> str:
    """What a key's name says of its part: ``referring_doctor_id`` -> ``referring_doctor``."""
    parts = (slug(column) or target.row).split("_")
    while len(parts) > 1 and parts[-1] in _KEY_ENDINGS:
        parts = parts[:-1]
    return "_".join(parts)


def _is_part(model: Model, entity: Entity) -> bool:
    """Whether a row is a part of the row it points to: its key holds the other's, or its name does."""
    assert entity.target is not None
    own = model.table.primary_key
    if entity.columns[0] in own and entity.type != "unique" and len(own) > 1:
        others = [each for each in model.entities if each.columns[0] in own]
        if len(others) == 1:
            return True
    words, theirs = identifier_words(model.table.name), identifier_words(entity.target.table.name)
    return len(words) > len(theirs) and words[: len(theirs)] == theirs


def _own_time(model: Model) -> Dimension | None:
    return next(
        (each for each in model.dimensions if each.name == model.time and each.column), None
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
