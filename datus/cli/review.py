"""What ``datus knowledge review`` does: show proposals, and take decisions about them.

Only who runs the service decides, here. Whatever clients wrote is data: it is shown without what steers a
terminal, and its SQL runs only as the guard wrote it, read-only and within bounds.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from datus.cli.show import plain, pretty
from datus.config import NamespaceConfig, Settings
from datus.connectors.registry import Connectors
from datus.errors import (
    ConflictError,
    DatabaseError,
    InvalidRequestError,
    NotFoundError,
)
from datus.evaluation.datasets import load
from datus.evaluation.gate import Gate, Measured
from datus.evaluation.local import Plan
from datus.knowledge.build import KEPT_VERSIONS, Built, build
from datus.knowledge.content import Component
from datus.knowledge.decisions import Decision, Verdict, accepted, decide, deciding, decisions
from datus.knowledge.embeddings import make_embedder
from datus.knowledge.learning import Proposal, check_proposals, find_proposals
from datus.knowledge.reading import Progress, read_schema, read_told
from datus.knowledge.versions import Versions
from datus.tasks.engines import open_store, prepare
from datus.tasks.store import TaskStore
from datus.types import ReferenceSql

_EMBEDDING_ATTEMPTS = 4
_ROWS = 5
_BYTES = 20_000
_TIMEOUT_S = 10.0
_ROWS_CHARACTERS = 1_000
_COMMENT_CHARACTERS = 500
_INDENT = 3
_LEARNED: tuple[Component, ...] = ("reference_sql",)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for. At most one of ``accept``, ``reject`` and ``revoke`` holds ids."""

    accept: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()
    accepted: bool = False
    client: str | None = None
    limit: int = 20
    run: bool = False
    workflow: str = "nl2sql"
    golden: Path | None = None
    without_golden: bool = False
    force: bool = False


async def review(
    settings: Settings, space: NamespaceConfig, wish: Wish, console: Console, progress: Progress
) -> bool:
    """Do what is asked of a namespace's proposals; False when an acceptance was not kept.

    Raises:
        InvalidRequestError: Two kinds of decisions at once, or nothing to measure with.
        NotFoundError: There is no such proposal.
        ConflictError: Another process decides or builds now.
    """
    if sum(map(bool, (wish.accept, wish.reject, wish.revoke))) > 1:
        raise InvalidRequestError("Accept, reject or revoke: one kind at a time.")
    desk = Review(settings, space, console, progress, lambda: datetime.now(UTC))
    if wish.accept:
        gate = _gate(settings, space, wish, progress)
        return await desk.accept(wish.accept, gate, force=wish.force)
    if wish.reject:
        await desk.reject(wish.reject)
    elif wish.revoke:
        await desk.revoke(wish.revoke)
    elif wish.accepted:
        await desk.show_accepted()
    else:
        await desk.show(client=wish.client, limit=wish.limit, run=wish.run)
    return True


def _gate(
    settings: Settings, space: NamespaceConfig, wish: Wish, progress: Progress
) -> Gate | None:
    golden = wish.golden or space.knowledge.golden
    if wish.without_golden:
        return None
    if golden is None:
        raise InvalidRequestError(
            "There is no golden question set to measure with. Set "
            f"agent.namespace.{space.name}.knowledge.golden to a question file (docs/learning.md), or "
            "accept unmeasured with --without-golden."
        )
    return Gate(
        settings,
        Plan(wish.workflow, space.name),
        load(golden),
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        timer=time.perf_counter,
        progress=progress,
    )


@dataclass(frozen=True)
class Review:
    """One namespace's proposals, and what is needed to decide about them.

    Attributes:
        console: Where everything is told.
        progress: Told how far long work is.
        clock: The time of a decision, aware of its zone.
    """

    settings: Settings
    space: NamespaceConfig
    console: Console
    progress: Progress
    clock: Callable[[], datetime]

    @property
    def versions(self) -> Versions:
        """The namespace's built versions; decisions stand beside them."""
        return Versions(self.settings.knowledge_path, self.space.name)

    async def show(self, *, client: str | None, limit: int, run: bool) -> None:
        """Show the proposals that nobody has decided about, the newest first.

        Args:
            client: Only this client's.
            limit: Most proposals.
            run: Whether their SQL is run too.
        """
        known = decisions(self.versions.folder)
        async with self._store() as store:
            found = await find_proposals(
                store, self.space, decided=known, client=client, limit=limit
            )
        if not found:
            self._say(f"No feedback of {self.space.name} waits for a decision.")
            return
        async with self._connectors() as connectors:
            checked = await self._checked(connectors, found, accepted(self.versions.folder))
            for number, proposal in enumerate(checked, 1):
                if run:
                    proposal = await self._tried(connectors, proposal)
                self._show(number, proposal)
        if len(found) == limit:
            self._say("There may be more; raise --limit, or name a client with --client.")
        self._say(
            f"Decide with: datus knowledge review --namespace {self.space.name} --accept ID (or --reject ID)"
        )

    async def show_accepted(self) -> None:
        """Show what is accepted now, and what stands against it as the databases are today."""
        found = {
            id: each
            for id, each in decisions(self.versions.folder).items()
            if each.verdict == "accepted"
        }
        async with self._connectors() as connectors:
            checked = await self._checked(
                connectors, [each.proposal for each in found.values()], ()
            )
        for number, proposal in enumerate(checked, 1):
            since = f"accepted {_minute(found[proposal.id].decided_at)}"
            self._show(number, replace(proposal, notes=(*proposal.notes, since)))
        if not found:
            self._say(f"Nothing is accepted in {self.space.name}.")

    async def reject(self, ids: Sequence[str]) -> None:
        """Never show these proposals again.

        Raises:
            NotFoundError: There is no such proposal.
            InvalidRequestError: One is accepted.
        """
        with deciding(self.versions.folder):
            known = decisions(self.versions.folder)
            for id in ids:
                if id in known and known[id].verdict == "accepted":
                    raise InvalidRequestError(
                        f"{id} is accepted; take that back with --revoke {id}."
                    )
            self._decide("rejected", await self._find(ids, known))
        self._say(f"Rejected: {', '.join(ids)}.")

    async def revoke(self, ids: Sequence[str]) -> None:
        """Take acceptances back, and answer from a version without them.

        Raises:
            NotFoundError: One is not accepted.
            ConflictError: Another process decides or builds now.
        """
        with deciding(self.versions.folder):
            known = decisions(self.versions.folder)
            for id in ids:
                if id not in known or known[id].verdict != "accepted":
                    raise NotFoundError(
                        f"{id} is not accepted; see what is: datus knowledge review "
                        f"--namespace {self.space.name} --accepted."
                    )
            self._decide("revoked", [known[id].proposal for id in ids])
            self._say(f"Revoked: {', '.join(ids)}. No later build has it.")
            if self.versions.current() is None:
                return
            built = await self._build(accepted(self.versions.folder), use=True)
        self._say(f"Questions are answered from version {built.version} now.")

    async def accept(self, ids: Sequence[str], gate: Gate | None, *, force: bool) -> bool:
        """Build the next version with these pairs, and answer from it if the golden set is no worse.

        Args:
            gate: Measures the version in use and the next one; None: nothing is measured.
            force: Keep the decision though questions that were right are not any more.

        Returns:
            Whether they are accepted. If not, all is as it was.

        Raises:
            NotFoundError: There is no such proposal.
            ConflictError: Another process decides or builds now.
        """
        folder = self.versions.folder
        with deciding(folder):
            known = decisions(folder)
            new = [id for id in ids if id not in known or known[id].verdict != "accepted"]
            for id in ids:
                if id not in new:
                    self._say(f"{id} is accepted already; every build takes it in.")
            if not new:
                return True
            chosen = await self._acceptable(await self._find(new, known))
            if chosen is None:
                return False
            learned = [each.reference for each in chosen if each.reference is not None]
            base = self.versions.current()
            built = await self._build((*accepted(folder), *learned), use=False)
            version = built.version
            assert version is not None  # a build that is no check has one
            kept = False
            try:
                if gate is None or await self._passes(gate, base, version, force=force):
                    self._take(base, version, chosen)
                    kept = True
            finally:
                if not kept and version != base:
                    self.versions.path(version).unlink(missing_ok=True)
        if not kept:
            self._say("Nothing was accepted; questions are answered as before.")
            return False
        self._say(f"Accepted: {', '.join(each.id for each in chosen)}.")
        if base is None:
            self._say(
                "Nothing was built before, and the live databases were read. From now on a change of "
                f"theirs is seen after: datus knowledge build --namespace {self.space.name}."
            )
        self._say(f"Questions are answered from version {version} now.")
        return True

    async def _acceptable(self, found: Sequence[Proposal]) -> tuple[Proposal, ...] | None:
        """The proposals with what is learned from them; None, and told why, where one cannot be accepted."""
        async with self._connectors() as connectors:
            checked: list[Proposal] = []
            for proposal in found:
                before = [each.reference for each in checked if each.reference is not None]
                learned = (*accepted(self.versions.folder), *before)
                (one,) = await self._checked(connectors, [proposal], learned)
                checked.append(await self._tried(connectors, one))
        for number, proposal in enumerate(checked, 1):
            self._show(number, proposal)
        if any(proposal.problems for proposal in checked):
            self._say("Nothing was accepted: what has a problem cannot be.")
            return None
        return tuple(checked)

    async def _passes(self, gate: Gate, base: str | None, version: str, *, force: bool) -> bool:
        measured = await gate.measure(base, version)
        self._show_measured(measured, base, version)
        if measured.passed:
            return True
        if force:
            self._say("FORCED: the new version is used though it answers worse.", style="bold red")
        return force

    def _take(self, base: str | None, version: str, chosen: Sequence[Proposal]) -> None:
        """Use the version, unless another build came between: it was measured against ``base``."""
        with self.versions.building():
            if self.versions.current() != base:
                raise ConflictError(
                    f"The version in use changed from {base or 'none'} to {self.versions.current()} "
                    "while this one was made. Nothing was accepted; accept again."
                )
            self._decide("accepted", chosen)
            self.versions.use(version)
            self.versions.prune(KEPT_VERSIONS)

    def _decide(self, verdict: Verdict, about: Sequence[Proposal]) -> None:
        now = self.clock()
        # Notes may show rows of the database, which have no place in the file.
        bare = (replace(each, notes=(), problems=()) for each in about)
        decide(self.versions.folder, [Decision(verdict, now, each) for each in bare])

    async def _find(self, ids: Sequence[str], known: Mapping[str, Decision]) -> list[Proposal]:
        """The proposals of these ids, out of the feedback or of earlier decisions."""
        async with self._store() as store:
            found = await find_proposals(store, self.space, wanted=frozenset(ids))
        by_id = {id: each.proposal for id, each in known.items()}
        by_id |= {each.id: each for each in found}
        for id in ids:
            if id not in by_id:
                raise NotFoundError(
                    f"There is no proposal {id!r}; list them: datus knowledge review "
                    f"--namespace {self.space.name}."
                )
        return [by_id[id] for id in dict.fromkeys(ids)]

    async def _checked(
        self,
        connectors: Connectors,
        found: Sequence[Proposal],
        learned: Sequence[ReferenceSql],
    ) -> tuple[Proposal, ...]:
        names = {each.name for each in self.space.databases}
        wanted = sorted({each.database for each in found if each.database} & names)
        schemas = {
            name: await read_schema(connectors.get(self.space.name, name)) for name in wanted
        }
        told = await asyncio.to_thread(
            read_told,
            self.space.knowledge,
            schemas,
            others=names - set(wanted),
            components=_LEARNED,
        )
        return await asyncio.to_thread(
            check_proposals,
            found,
            schemas,
            references=told.references,
            accepted=learned,
        )

    async def _tried(self, connectors: Connectors, proposal: Proposal) -> Proposal:
        """The proposal with what its SQL returns, or why it does not run."""
        if proposal.reference is None or proposal.reference.database is None:
            return proposal
        connector = connectors.get(self.space.name, proposal.reference.database)
        try:
            result = await connector.execute(
                proposal.reference.sql, max_rows=_ROWS, timeout_s=_TIMEOUT_S, max_bytes=_BYTES
            )
        except DatabaseError as error:
            problem = f"The SQL does not run: {error.message}"
            return replace(proposal, problems=(*proposal.problems, problem))
        names = ", ".join(column.name for column in result.columns)
        more = " and more" if result.truncated else ""
        rows = "; ".join(", ".join(map(str, row)) for row in result.rows)
        note = f"It returns {len(result.rows)} rows{more} of ({names}): {rows[:_ROWS_CHARACTERS]}"
        return replace(proposal, notes=(*proposal.notes, note))

    async def _build(self, learned: tuple[ReferenceSql, ...], *, use: bool) -> Built:
        """The next version, which differs from the one in use by its reference SQL alone."""
        async with self._connectors() as connectors:
            return await build(
                connectors,
                self.settings,
                self.space,
                embedder=make_embedder(self.settings.embeddings, attempts=_EMBEDDING_ATTEMPTS),
                components=_LEARNED,
                learned=lambda: learned,
                use=use,
                progress=self.progress,
            )

    @asynccontextmanager
    async def _store(self) -> AsyncIterator[TaskStore]:
        await asyncio.to_thread(prepare, self.settings.state)
        store = await open_store(self.settings.state)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def _connectors(self) -> AsyncIterator[Connectors]:
        connectors = Connectors(self.settings)
        try:
            yield connectors
        finally:
            await connectors.close()

    def _say(self, text: str, style: str | None = None, *, indent: int = 0) -> None:
        """Print a text; whatever it holds, none of its lines begins further left than ``indent``."""
        shown = Padding(plain(text), (0, 0, 0, indent), style=style or "none", expand=False)
        self.console.print(shown, highlight=False)

    def _show(self, number: int, proposal: Proposal) -> None:
        """All of a proposal: what is not seen must not be accepted."""
        self._say(f"{number}. {proposal.id}  {proposal.kind}", style="bold")
        many = f", said of {proposal.times} tasks" if proposal.times > 1 else ""
        area = f", area {'/'.join(proposal.area)}" if proposal.area else ""
        lines = [
            (
                f"by {proposal.client}, task {proposal.task_id}, {_minute(proposal.recorded_at)}{many}",
                None,
            ),
            (f"database {proposal.database or 'unknown'}{area}", None),
            (f"question: {proposal.question}", None),
            (self._sql_of(proposal), "cyan"),
        ]
        if proposal.comment:
            cut = "..." if len(proposal.comment) > _COMMENT_CHARACTERS else ""
            lines.append((f"comment: {proposal.comment[:_COMMENT_CHARACTERS]}{cut}", None))
        lines += ((f"PROBLEM: {problem}", "red") for problem in proposal.problems)
        lines += ((f"note: {note}", "yellow") for note in proposal.notes)
        for text, style in lines:
            self._say(text, style, indent=_INDENT)
        self.console.print()

    def _show_measured(self, measured: Measured, base: str | None, version: str) -> None:
        for name, outcomes in (
            (base or "the live databases", measured.before),
            (version, measured.after),
        ):
            counts = measured.counts(outcomes)
            said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
            self._say(f"Golden set with {name}: {said}")
        for was, now in measured.changed:
            lost = was.verdict == "right"
            self._say(
                f"question {now.item.number}: {was.verdict} -> {now.verdict}: {now.item.question}",
                "red" if lost else None,
                indent=_INDENT,
            )
            if lost:
                self._say(now.reason, indent=2 * _INDENT)

    def _sql_of(self, proposal: Proposal) -> str:
        """Laid out where the guard wrote it; what it refuses is not given to a parser again."""
        types = {each.name: each.type for each in self.space.databases}
        if proposal.reference is None:
            return proposal.sql
        return pretty(proposal.reference.sql, types.get(proposal.database or ""))


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
