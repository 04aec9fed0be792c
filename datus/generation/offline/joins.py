"""Which tables a plan must read together: the smallest tree of foreign keys over those it names."""

from collections import deque
from dataclasses import dataclass
from functools import cached_property

from datus.types import DatabaseSchema


@dataclass(frozen=True, slots=True)
class Join:
    """``left`` and ``right`` tables, joined where the paired columns are equal.

    ``to_one`` says that a row on the left has at most one partner on the right: the left holds the
    foreign key, or the key that is pointed from identifies its own rows too.
    """

    left: str
    right: str
    pairs: tuple[tuple[str, str], ...]
    to_one: bool

    def turned(self, to_one: bool) -> "Join":
        """The same join seen from the other side."""
        return Join(self.right, self.left, tuple((b, a) for a, b in self.pairs), to_one)


@dataclass(frozen=True)
class JoinGraph:
    """Tables as nodes, foreign keys as edges that can be walked both ways."""

    schema: DatabaseSchema

    @cached_property
    def edges(self) -> dict[str, tuple[Join, ...]]:
        """For each table its joins to others, declared order first."""
        found: dict[str, list[Join]] = {self.schema.name_of(t): [] for t in self.schema.tables}
        by_name = {(t.schema, t.name.lower()): self.schema.name_of(t) for t in self.schema.tables}
        for table in self.schema.tables:
            left = self.schema.name_of(table)
            for key in table.foreign_keys:
                schema = key.ref_schema if key.ref_schema is not None else table.schema
                right = by_name.get((schema, key.ref_table.lower()))
                if right is None or right == left:
                    continue
                pairs = tuple(zip(key.columns, key.ref_columns, strict=True))
                join = Join(left, right, pairs, to_one=True)
                found[left].append(join)
                found[right].append(join.turned(to_one=set(key.columns) == set(table.primary_key)))
        return {table: tuple(joins) for table, joins in found.items()}

    def path(self, sources: set[str], target: str) -> tuple[Join, ...] | None:
        """The fewest joins from any of the sources to the target, or None when none leads there."""
        if target in sources:
            return ()
        seen: dict[str, Join | None] = dict.fromkeys(sorted(sources), None)
        queue = deque(seen)
        while queue:
            table = queue.popleft()
            for join in self.edges.get(table, ()):
                if join.right in seen:
                    continue
                seen[join.right] = join
                if join.right == target:
                    return self._walk_back(seen, target)
                queue.append(join.right)
        return None

    @staticmethod
    def _walk_back(seen: dict[str, Join | None], target: str) -> tuple[Join, ...]:
        steps: list[Join] = []
        step = seen[target]
        while step is not None:
            steps.append(step)
            step = seen[step.left]
        return tuple(reversed(steps))

    def distance(self, one: str, other: str) -> int | None:
        """The number of joins between two tables, or None."""
        path = self.path({one}, other)
        return None if path is None else len(path)

    def tree(
        self, tables: tuple[str, ...], via: tuple[Join, ...] = ()
    ) -> tuple[str, tuple[Join, ...]] | None:
        """A root and joins that reach all the tables, each join from a table already reached.

        Nearest table first (Prim's heuristic for the Steiner tree), by way of one more table where that
        takes fewer joins: an order lies between its customer, its store and its lines, though customer
        and store also share a region. None when the tables do not connect. ``via`` are taken in place of
        other joins between the same two tables.
        """
        if tables not in self._trees:
            self._trees[tables] = self._smallest(tables)
        joins = self._trees[tables]
        if joins is None:
            return None
        wanted = {(join.left, join.right): join for join in via}
        wanted |= {(join.right, join.left): join.turned(join.to_one) for join in via}
        return tables[0], tuple(wanted.get((join.left, join.right), join) for join in joins)

    @cached_property
    def _trees(self) -> dict[tuple[str, ...], tuple[Join, ...] | None]:
        return {}

    def _smallest(self, tables: tuple[str, ...]) -> tuple[Join, ...] | None:
        best = self._grown(tables[0], tables[1:])
        if best is None or len(tables) < 3:
            return best
        beside = (join.right for table in tables for join in self.edges.get(table, ()))
        for way in dict.fromkeys(beside):
            if way not in tables:
                grown = self._grown(tables[0], (way, *tables[1:]))
                if grown is not None and len(grown) < len(best):
                    best = grown
        return best

    def _nearest(
        self, reached: list[str], joins: list[Join], target: str
    ) -> tuple[Join, ...] | None:
        """The fewest joins to a table; of as few, those that do not come down again from a table that was
        reached as another's parent: stores and orders that only share a region do not belong together."""
        parents = {join.right for join in joins if join.to_one}
        paths = [path for each in reached if (path := self.path({each}, target))]
        return min(
            paths,
            key=lambda path: (len(path), path[0].left in parents and not path[0].to_one),
            default=None,
        )

    def _grown(self, root: str, others: tuple[str, ...]) -> tuple[Join, ...] | None:
        waiting = [table for table in others if table != root]
        reached, joins = [root], list[Join]()
        while waiting:
            paths = [(path, t) for t in waiting if (path := self._nearest(reached, joins, t))]
            if len(paths) < len(waiting):
                return None
            path, nearest = min(paths, key=lambda each: len(each[0]))
            joins.extend(path)
            reached.extend(join.right for join in path)
            waiting = [table for table in waiting if table not in reached and table != nearest]
        return tuple(joins)
