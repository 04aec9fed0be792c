"""Errors that models make, made on purpose: how many of them the checks and the judge catch, by kind.

    python bench/mutations.py TRAIN_JSON SQLITE_FOLDER [--per 24] [--databases 30] [--seed 5] [--misses 0]

Reference queries of Spider's ``train.json`` (over ``SQLITE_FOLDER/<db>/<db>.sqlite``) and of the demo shop in
DuckDB are broken by named mutations. Equal arguments give equal figures.

What counts was laid down before anything was measured:

- A mutation changes **validity** when the text is no longer one plain query over this database that can mean
  something: the engine itself, asked without datus, refuses it; it holds a second statement or a comment; it
  compares a column with a constant that this column cannot hold (a word with a column of numbers, a value in a
  spelling that the engine finds nowhere in the column); it takes a column beside an aggregate without a group.
  Markdown around a query changes it too: no engine takes it.
- A mutation changes **meaning** when it is valid and its rows are others than those of the reference.
- A mutation changes **nothing** when the rows are the same: here data cannot tell, and a catch is a false alarm.

Outcomes:

- **before**: refused before it ran, by wrapping, guard, names, types, groups, values or EXPLAIN.
- **unwrapped**: the wrapping came off and the reference ran: nothing is left to catch.
- **after**: it ran, and the rules of ``reflect`` found fault with it.
- **missed**: it ran and was taken for the answer.
- **repaired**, beside these: the whole workflow ``reflection`` with a scripted generator ended in the rows of the
  reference. The script gives the broken SQL first; asked again, it gives the reference only if what it is told
  names the actual fault, else the broken SQL again.
"""

import argparse
import asyncio
import json
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from datus.config import load_settings
from datus.connectors.registry import Connectors
from datus.demo import build
from datus.errors import DatabaseError, DatusError, RefusalError
from datus.generation.scripted import ScriptedGenerator
from datus.knowledge.library import Knowledge
from datus.sql.guard import check
from datus.sql.reading import Reading, inside, read, select_of
from datus.types import Candidate, DatabaseSchema, GenerationContext, Question
from datus.workflow.checking import guarded, held_against
from datus.workflow.definitions import definitions
from datus.workflow.engine import run_workflow
from datus.workflow.evidence import judge
from datus.workflow.linking import link
from datus.workflow.node import Tools
from datus.workflow.state import Executed, RunState

ROOT = Path(__file__).parent.parent
TODAY = date(2024, 1, 15)
MOST_ROWS = 20_000
Effect = Literal["validity", "meaning", "nothing"]
Outcome = Literal["before", "unwrapped", "after", "missed"]


@dataclass(frozen=True)
class Reference:
    """A question and SQL that answers it; ``namespace`` is also its database."""

    question: str
    sql: str
    namespace: str


@dataclass(frozen=True)
class Broken:
    """A reference after a mutation.

    Attributes:
        named: The fault, as texts one of which a message must hold to name it.
        constant: A column and a constant that it is compared with now, where that is what was broken.
        invalid: The mutation makes it no plain query by itself, whatever the engine says.
    """

    mutation: str
    sql: str
    named: tuple[str, ...]
    constant: tuple[str, str, str] | None = None
    invalid: bool = False


@dataclass(frozen=True)
class Case:
    reference: Reference
    broken: Broken
    effect: Effect
    outcome: Outcome
    repaired: bool
    said: str


class Material:
    """A reference query read, to be broken; ``pick`` chooses in it with the seed's randomness."""

    def __init__(self, sql: str, schema: DatabaseSchema, chance: random.Random) -> None:
        reading = read(sql, schema)
        if reading is None or not reading.scopes:
            raise ValueError(sql)
        self.sql = sql
        self.schema = schema
        self.chance = chance
        self.reading: Reading = reading
        self.scope: Scope = reading.scopes[-1]
        self.select = select_of(self.scope)

    def pick(self, found: Iterable[Any]) -> Any:
        """One of these at random; LookupError where there is none."""
        return self.chance.choice(list(found))

    def columns(self) -> Iterator[tuple[exp.Column, Any]]:
        for column in inside(self.scope, self.select, exp.Column):
            origin = self.reading.origin(column, self.scope)
            if origin is not None:
                yield column, origin  # type: ignore[misc]

    def text(self) -> str:
        return self.reading.tree.sql("duckdb" if self.schema.dialect == "duckdb" else "sqlite")

    def constants(self, *, text: bool) -> Iterator[tuple[exp.Literal, Any]]:
        """Constants that a column is compared with by = or IN."""
        for node in inside(self.scope, self.select, exp.EQ, exp.In):
            origin = self.reading.origin(node.this, self.scope)
            others = node.expressions if isinstance(node, exp.In) else [node.args["expression"]]
            for other in others:
                if origin is None or not isinstance(other, exp.Literal):
                    continue
                if other.is_string == text and (origin.column.kind == "text") == text:
                    yield other, origin


Mutation = Callable[[Material], Broken]


def invented_column(of: Material) -> Broken:
    column, origin = of.pick(of.columns())
    name = of.pick((f"{column.name}_value", f"{column.name[:-1]}", f"the_{column.name}"))
    if not name or any(one.name.lower() == name.lower() for one in origin.table.columns):
        name = f"{column.name}_value"
    column.set("this", exp.to_identifier(name))
    return Broken("invented column", of.text(), (name,))


def wrong_column(of: Material) -> Broken:
    column, origin = of.pick(of.columns())
    other = of.pick(one for one in origin.table.columns if one.name != origin.column.name)
    column.set("this", exp.to_identifier(other.name, quoted=True))
    return Broken("wrong column", of.text(), (other.name,))


def invented_table(of: Material) -> Broken:
    table = of.pick(inside(of.scope, of.select, exp.Table))
    name = f"{table.name}_data"
    table.set("this", exp.to_identifier(name))
    return Broken("invented table", of.text(), (name,))


def wrong_table(of: Material) -> Broken:
    table = of.pick(inside(of.scope, of.select, exp.Table))
    other = of.pick(one for one in of.schema.tables if one.name.lower() != table.name.lower())
    alias = table.alias_or_name
    named = [c.name for c, o in of.columns() if o.source == alias]
    table.replace(exp.alias_(exp.to_table(f'"{other.name}"'), alias, table=True))
    return Broken("wrong table", of.text(), (other.name, *named))


def missing_join(of: Material) -> Broken:
    joins = of.select.args.get("joins") or []
    join = of.pick(joins)
    alias = join.this.alias_or_name
    named = [
        c.sql()
        for c, o in of.columns()
        if o.source == alias and c.find_ancestor(exp.Join) is not join
    ]
    joins.remove(join)
    return Broken("missing join", of.text(), (alias, join.this.name, *named))


def wrong_join_column(of: Material) -> Broken:
    pairs = [
        (side, of.reading.origin(side, of.scope))
        for join in of.select.args.get("joins") or ()
        for equal in (inside(of.scope, join, exp.EQ))
        for side in (equal.args["this"], equal.args["expression"])
        if of.reading.origin(side, of.scope)
    ]
    side, origin = of.pick(pairs)
    other = of.pick(one for one in origin.table.columns if one.name != origin.column.name)
    side.set("this", exp.to_identifier(other.name, quoted=True))
    return Broken("wrong join column", of.text(), (other.name,))


def wrong_grouping(of: Material) -> Broken:
    group = of.select.args.get("group")
    columns = [c for c, _ in of.columns() if group and c.find_ancestor(exp.Group) is group]
    column = of.pick(columns)
    origin = of.reading.origin(column, of.scope)
    other = of.pick(one for one in origin.table.columns if one.name != origin.column.name)  # type: ignore[union-attr]
    named = column.name
    column.set("this", exp.to_identifier(other.name, quoted=True))
    return Broken("wrong grouping", of.text(), (named, other.name))


def missing_group_by(of: Material) -> Broken:
    group = of.select.args["group"]
    if not group.expressions:
        raise LookupError
    bare = [c for one in of.select.selects for c in inside(of.scope, one, exp.Column)]
    loose = [c for c in bare if c.find_ancestor(exp.AggFunc, exp.Query) is of.select]
    of.select.set("group", None)
    calls = list(inside(of.scope, of.select, exp.AggFunc))
    extreme = len(calls) == 1 and isinstance(calls[0], exp.Min | exp.Max)
    return Broken(
        "missing group by",
        of.text(),
        ("GROUP BY", "groups by nothing"),
        invalid=bool(loose and calls and not extreme),
    )


_FOREIGN = {
    "sqlite": ("YEAR", "NVL", "LEN", "TO_CHAR", "DATEPART", "ISNULL"),
    "duckdb": ("NVL2", "TO_CHAR", "STR_TO_DATE", "CHARINDEX", "GETDATE", "CONVERT_TZ"),
}


def wrong_dialect_function(of: Material) -> Broken:
    name = of.pick(_FOREIGN[of.schema.dialect])
    return _wrapped(of, "wrong dialect function", name)


def invented_function(of: Material) -> Broken:
    return _wrapped(
        of, "invented function", of.pick(("clean_text", "safe_value", "normalize_name"))
    )


def _wrapped(of: Material, mutation: str, name: str) -> Broken:
    column, _ = of.pick((c, o) for c, o in of.columns() if not c.find_ancestor(exp.Join))
    column.replace(exp.Anonymous(this=name, expressions=[column.copy()]))
    return Broken(mutation, of.text(), (name, name.lower()))


def wrong_literal_case(of: Material) -> Broken:
    literal, origin = of.pick(of.constants(text=True))
    was = literal.name
    now = of.pick(
        one for one in (was.swapcase(), was.upper(), was.lower(), was.title()) if one != was
    )
    return _constant(of, "wrong literal case", literal, origin, now)


def misspelt_literal(of: Material) -> Broken:
    literal, origin = of.pick((one, o) for one, o in of.constants(text=True) if len(one.name) > 3)
    at = of.chance.randrange(1, len(literal.name) - 1)
    swapped = literal.name[:at] + literal.name[at + 1] + literal.name[at] + literal.name[at + 2 :]
    now = swapped if swapped != literal.name else literal.name[:at] + literal.name[at + 1 :]
    return _constant(of, "misspelt literal", literal, origin, now)


def wrong_type(of: Material) -> Broken:
    literal, origin = of.pick(of.constants(text=False))
    return _constant(of, "wrong type", literal, origin, of.pick(("high", "many", "none", "first")))


def _constant(of: Material, mutation: str, literal: exp.Literal, origin: Any, now: str) -> Broken:
    literal.replace(exp.Literal.string(now))
    constant = (origin.table.name, origin.column.name, now)
    return Broken(mutation, of.text(), (now, repr(now)), constant)


def missing_distinct(of: Material) -> Broken:
    found = [n for n in inside(of.scope, of.select, exp.Select, exp.Count) if _is_distinct(n)]
    node = of.pick(found)
    if isinstance(node, exp.Count):
        node.set("this", node.this.expressions[0])
    else:
        node.set("distinct", None)
    return Broken("missing distinct", of.text(), ("DISTINCT", "several times"))


def _is_distinct(node: exp.Expr) -> bool:
    if isinstance(node, exp.Count):
        return isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1
    return node.args.get("distinct") is not None


def dropped_condition(of: Material) -> Broken:
    where = of.select.args["where"]
    condition = where.this
    named = [one.name for one in inside(of.scope, where, exp.Literal)]
    if isinstance(condition, exp.And):
        kept, dropped = of.pick(
            ((condition.left, condition.right), (condition.right, condition.left))
        )
        named = [one.name for one in dropped.find_all(exp.Literal)]
        where.set("this", kept)
    else:
        of.select.set("where", None)
    return Broken("dropped condition", of.text(), tuple(named) or ("condition",))


_OTHER = {
    exp.Count: exp.Sum,
    exp.Sum: exp.Avg,
    exp.Avg: exp.Sum,
    exp.Max: exp.Min,
    exp.Min: exp.Max,
}


def wrong_aggregate(of: Material) -> Broken:
    calls = [c for c in inside(of.scope, of.select, *_OTHER) if isinstance(c.this, exp.Column)]
    call = of.pick(calls)
    other = _OTHER[type(call)]
    call.replace(other(this=call.this.copy()))
    return Broken(
        "wrong aggregate", of.text(), (other.__name__.upper() + "(", other.__name__.lower() + "(")
    )


_NEXT = {exp.GT: exp.GTE, exp.GTE: exp.GT, exp.LT: exp.LTE, exp.LTE: exp.LT}


def off_by_one(of: Material) -> Broken:
    found = list(inside(of.scope, of.select, *_NEXT))
    limit = of.reading.tree.args.get("limit")
    if limit is not None and (not found or of.chance.random() < 0.5):
        number = int(limit.expression.name) + 1
        limit.set("expression", exp.Literal.number(number))
        return Broken("off by one", of.text(), (f"LIMIT {number}", f"has {number}"))
    node = of.pick(found)
    sign = {exp.GT: ">=", exp.GTE: ">", exp.LT: "<=", exp.LTE: "<"}[type(node)]
    node.replace(_NEXT[type(node)](this=node.this.copy(), expression=node.expression.copy()))
    return Broken("off by one", of.text(), (f"SQL {sign} {node.expression.name}",))


def cut_off(of: Material) -> Broken:
    words = of.sql.split(" ")
    if len(words) < 6:
        raise LookupError
    keep = of.chance.randrange(len(words) // 2, len(words))
    return Broken(
        "cut off", " ".join(words[:keep]), ("no end", "cannot be read", "syntax error", "has no")
    )


def markdown(of: Material) -> Broken:
    opened = of.pick(("```sql\n", "```\n", "```SQL\n", "```sqlite\n"))
    return Broken("markdown around it", f"{opened}{of.sql};\n```", (), invalid=True)


def prose_around(of: Material) -> Broken:
    text = f"Here is the query:\n```sql\n{of.sql}\n```\nIt answers the question."
    return Broken("prose around it", text, ("alone", "begins no query"), invalid=True)


def two_statements(of: Material) -> Broken:
    more = of.pick(("SELECT 1", "DROP TABLE x", of.sql))
    return Broken(
        "two statements", f"{of.sql}; {more}", ("one statement", "one query"), invalid=True
    )


def comment_appended(of: Material) -> Broken:
    more = of.pick((" -- as asked", "\n-- counts all of them", " /* final answer */"))
    return Broken("comment appended", of.sql + more, ("omment",), invalid=True)


def unbroken(of: Material) -> Broken:
    """The reference itself, written with blanks of its own: to see how often what is right is doubted."""
    return Broken("none: the reference", of.sql + " ", ())


MUTATIONS: tuple[Mutation, ...] = (
    invented_column, wrong_column, invented_table, wrong_table, missing_join, wrong_join_column, wrong_grouping,
    missing_group_by, wrong_dialect_function, invented_function, wrong_literal_case, misspelt_literal, wrong_type,
    missing_distinct, dropped_condition, wrong_aggregate, off_by_one, cut_off, markdown, prose_around,
    two_statements, comment_appended, unbroken,
)  # fmt: skip


# databases


class Ground:
    """The databases with all that datus has around them, and each once more without datus."""

    def __init__(self, folder: Path, files: dict[str, Path]) -> None:
        spaces = [
            f"    {name}: {{type: {_dialect(path)}, uri: '{path}', name: {name}}}"
            for name, path in files.items()
        ]
        config = folder / "agent.yml"
        config.write_text("agent:\n  namespace:\n" + "\n".join(spaces) + "\n", "utf-8")
        self.files = files
        self.settings = load_settings(config, env={}, home=folder / "home", cwd=folder)
        self.connectors = Connectors(self.settings)
        self.knowledge = Knowledge(
            self.connectors, self.settings, embedder=None, clock=time.monotonic
        )

    async def close(self) -> None:
        self.knowledge.close()
        await self.connectors.close()

    def tools(self, script: Callable[[GenerationContext], Sequence[str | Candidate]]) -> Tools:
        scripted = ScriptedGenerator(script)
        return Tools(
            settings=self.settings,
            connectors=self.connectors,
            knowledge=self.knowledge,
            generator_of=lambda _: scripted,
            guard=check,
            clock=time.monotonic,
        )

    def state(self, reference: Reference) -> RunState:
        return RunState(
            task_id="bench",
            workflow="reflection",
            namespace=reference.namespace,
            question=Question(text=reference.question, today=TODAY),
            databases=(reference.namespace,),
        )

    async def linked(self, reference: Reference) -> RunState:
        state = self.state(reference)
        snapshot = await self.knowledge.snapshot(reference.namespace, state.databases)
        return replace(state, linking=link(state, reference.namespace, snapshot))

    def rows(self, namespace: str, sql: str) -> Counter[Any] | None:
        """What the bare engine answers; None where it refuses."""
        path = self.files[namespace]
        try:
            if _dialect(path) == "sqlite":
                with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
                    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
                    _limited(connection)
                    return _counted(connection.execute(sql).fetchmany(MOST_ROWS))
            with duckdb.connect(str(path), read_only=True) as shop:
                return _counted(shop.execute(sql).fetchmany(MOST_ROWS))
        except (sqlite3.Error, sqlite3.Warning, duckdb.Error):
            return None

    def holds(self, namespace: str, constant: tuple[str, str, str]) -> bool:
        table, column, value = constant
        text = value.replace("'", "''")
        found = self.rows(
            namespace, f'SELECT 1 FROM "{table}" WHERE "{column}" = \'{text}\' LIMIT 1'
        )
        return bool(found)


def _dialect(path: Path) -> str:
    return "duckdb" if path.suffix == ".duckdb" else "sqlite"


def _limited(connection: sqlite3.Connection) -> None:
    steps = iter(range(2_000))
    connection.set_progress_handler(lambda: next(steps, None) is None, 100_000)


def _counted(rows: Iterable[Sequence[Any]]) -> Counter[Any]:
    return Counter(tuple(map(repr, row)) for row in rows)


# measuring


def effect_of(ground: Ground, reference: Reference, broken: Broken, right: Counter[Any]) -> Effect:
    """By the bare engine and by how it was made; see the module's words."""
    if broken.invalid:
        return "validity"
    rows = ground.rows(reference.namespace, broken.sql)
    if rows is None:
        return "validity"
    if broken.constant is not None and not ground.holds(reference.namespace, broken.constant):
        return "validity"
    return "meaning" if rows != right else "nothing"


async def outcome_of(
    ground: Ground, reference: Reference, broken: Broken, state: RunState, right: Counter[Any]
) -> tuple[Outcome, str]:
    """What becomes of a broken query without anybody who mends it."""
    candidate = Candidate(broken.sql, 1.0, (), ())
    tools = ground.tools(lambda _: [])
    state = replace(state, nodes=definitions(ground.settings)["reflection"].nodes)
    try:
        checked = await guarded(candidate, state, tools)
        examined = await held_against(checked, state, tools)
        connector = ground.connectors.get(reference.namespace, reference.namespace)
        result = await connector.execute(checked.sql, max_rows=MOST_ROWS, timeout_s=20)
    except (RefusalError, DatabaseError) as error:
        return "before", error.message
    if broken.invalid and ground.rows(reference.namespace, checked.sql) == right:
        return "unwrapped", ""
    executed = Executed(candidate, checked, result, examined.doubts, examined.shape)
    finding = judge(executed, state)
    return ("after", finding.text) if finding is not None else ("missed", "")


async def repaired(
    ground: Ground, reference: Reference, broken: Broken, right: Counter[Any]
) -> bool:
    """Whether the whole workflow ends in the reference's rows with a generator that mends what it is told."""

    def script(context: GenerationContext) -> list[str]:
        told = any(
            name in attempt.error for attempt in context.attempts for name in broken.named if name
        )
        return [reference.sql] if told else [broken.sql]

    async def silent(type: str, data: Any, step: Any = None) -> None: ...

    outcome = await run_workflow(
        definitions(ground.settings)["reflection"],
        ground.state(reference),
        ground.tools(script),
        silent,
        stopped=lambda: DatusError("stopped"),
    )
    sql = outcome.answer["sql"]
    return outcome.status == "completed" and ground.rows(reference.namespace, sql) == right


async def measure(
    ground: Ground, references: Sequence[Reference], per: int, seed: int
) -> list[Case]:
    """Break references until each mutation has ``per`` cases or they run out."""
    cases: list[Case] = []
    for mutation in MUTATIONS:
        chance = random.Random(f"{seed}/{mutation.__name__}")
        made = 0
        for reference in chance.sample(references, len(references)):
            if made == per:
                break
            case = await _case(ground, reference, mutation, chance)
            if case is not None:
                made += 1
                cases.append(case)
    return cases


async def _case(
    ground: Ground, reference: Reference, mutation: Mutation, chance: random.Random
) -> Case | None:
    state = await ground.linked(reference)
    schema = state.linking.schema if state.linking is not None else None
    right = ground.rows(reference.namespace, reference.sql)
    if schema is None or right is None or not any(right):
        return None  # where the reference itself finds nothing, nothing can be told
    try:
        plain = check(reference.sql, schema).sql
        broken = mutation(Material(plain, schema, chance))
    except (RefusalError, LookupError, ValueError, KeyError):
        return None
    if broken.sql == plain:
        return None
    effect = effect_of(ground, reference, broken, right)
    outcome, said = await outcome_of(ground, reference, broken, state, right)
    mended = outcome == "unwrapped" or (
        outcome != "missed" and await repaired(ground, reference, broken, right)
    )
    return Case(reference, broken, effect, outcome, mended, said)


def table(cases: Sequence[Case]) -> str:
    """The figures by effect and mutation, with the share that was caught."""
    lines = []
    for effect in ("validity", "meaning", "nothing"):
        of = [case for case in cases if case.effect == effect]
        lines += [f"\n{_TITLES[effect]}", _row("mutation", *_HEADS)]
        by_name: dict[str, list[Case]] = defaultdict(list)
        for case in of:
            by_name[case.broken.mutation].append(case)
        lines += [_figures(name, by_name[name]) for name in sorted(by_name)]
        lines.append(_figures("all", of))
    return "\n".join(lines)


_TITLES = {
    "validity": "Changes validity",
    "meaning": "Changes meaning only",
    "nothing": "Changes nothing that the data shows (a catch is a false alarm)",
}
_HEADS = ("cases", "before", "unwrapped", "after", "missed", "caught", "repaired")


def _row(name: str, *cells: object) -> str:
    return f"{name:24}" + "".join(f"{cell!s:>11}" for cell in cells)


def _figures(name: str, cases: Sequence[Case]) -> str:
    count = Counter(case.outcome for case in cases)
    caught = share(cases)
    mended = sum(case.repaired for case in cases)
    outcomes = (count[each] for each in ("before", "unwrapped", "after", "missed"))
    return _row(name, len(cases), *outcomes, f"{caught:.1%}", mended)


def share(cases: Sequence[Case]) -> float:
    """The part that was caught, or needed no catching any more."""
    return sum(case.outcome != "missed" for case in cases) / len(cases) if cases else 0.0


def spider_references(train: Path, folder: Path, databases: int, seed: int) -> list[Reference]:
    """References over a sample of the databases that are there."""
    read = json.loads(train.read_text("utf-8"))
    there = sorted({one["db_id"] for one in read if (folder / one["db_id"]).is_dir()})
    chosen = set(random.Random(seed).sample(there, min(databases, len(there))))
    return [
        Reference(one["question"], one["query"], one["db_id"])
        for one in read
        if one["db_id"] in chosen
    ]


def demo_references() -> list[Reference]:
    """The demo's questions in both languages, with their first reference."""
    found = []
    for path in sorted((ROOT / "tests" / "evaluation").glob("demo_questions*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            item = json.loads(line)
            sql = item.get("sql")
            first = sql[0] if isinstance(sql, list) else sql
            if first and re.match(r"(?i)\s*(select|with)\b", first):
                found.append(Reference(item["question"], first, "demo"))
    return found


async def run(arguments: argparse.Namespace) -> list[Case]:
    """Measure over the databases that the arguments name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shop = folder / "shop.duckdb"
        build(shop, lambda *_: None)
        spider = spider_references(
            arguments.train, arguments.folder, arguments.databases, arguments.seed
        )
        files = {
            name: arguments.folder.resolve() / name / f"{name}.sqlite"
            for name in sorted({each.namespace for each in spider})
        }
        ground = Ground(folder, {**files, "demo": shop})
        try:
            part = max(arguments.per // 3, 1)
            cases = await measure(ground, spider, arguments.per - part, arguments.seed)
            return cases + await measure(ground, demo_references(), part, arguments.seed)
        finally:
            await ground.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per", type=int, default=24, help="cases of each mutation")
    parser.add_argument("--databases", type=int, default=30, help="databases of Spider")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--misses", type=int, default=0, help="show so many that were missed")
    arguments = parser.parse_args()
    cases = asyncio.run(run(arguments))
    print(f"{len(cases)} broken queries, seed {arguments.seed}")
    print(table(cases))
    shown = [case for case in cases if case.outcome == "missed" and case.effect == "validity"]
    for case in shown[: arguments.misses]:
        print(
            f"\nmissed: {case.broken.mutation}\n  {case.reference.question}\n  {case.broken.sql}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
