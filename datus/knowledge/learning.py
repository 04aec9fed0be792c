"""What clients say of answers, as proposals of reference SQL that a person accepts or rejects.

A proposal is data from a stranger. It changes nothing by itself: ``decisions`` has what a person decided,
and only what was accepted is built into a version.
"""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, TypeVar

from datus.config import NamespaceConfig
from datus.dates import find_time_ranges
from datus.errors import RefusalError
from datus.sql.guard import check as guard
from datus.tasks.store import GivenFeedback, TaskStore
from datus.text import normalise
from datus.types import Area, DatabaseSchema, ReferenceSql, area_of, in_area

Kind = Literal["confirmed", "corrected"]
"""``confirmed``: the client called the answer right. ``corrected``: it gave SQL of its own."""

T = TypeVar("T")

_CONTEXT_SHOWN = 500

# Two days between which every relative expression moves.
_ONE_DAY, _OTHER_DAY = date(2001, 3, 7), date(2012, 10, 20)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question and SQL that a client holds for its answer.

    Attributes:
        id: A hash of question, SQL, database and area: the same pair has the same id for ever.
        sql: As the client or the answer has it; never run, what runs is that of ``reference``.
        database: Database of the namespace that it is about; None when that is not known.
        area: The business area of the request.
        client, task_id: Who said it, of which task; the newest where several said the same.
        recorded_at: When that was said.
        times: How many tasks say the same.
        reference: What would be learned, as the guard wrote it; None before the check, and where it failed.
        problems: Why it cannot be accepted.
        notes: What a person should think of before accepting it.
    """

    id: str
    kind: Kind
    question: str
    sql: str
    database: str | None
    area: Area
    client: str
    task_id: str
    comment: str
    recorded_at: datetime
    times: int = 1
    reference: ReferenceSql | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def find_proposals(
    store: TaskStore,
    space: NamespaceConfig,
    *,
    decided: Collection[str] = (),
    wanted: Collection[str] | None = None,
    client: str | None = None,
    limit: int | None = None,
) -> tuple[Proposal, ...]:
    """What the feedback of a namespace proposes, newest first, not yet checked.

    Args:
        decided: Ids that are left out.
        wanted: Only these ids; None: all.
        client: Only this client's.
        limit: Most proposals; None: all.

    Raises:
        UnavailableError: The store cannot be read.
    """
    found: dict[str, Proposal] = {}
    before: int | None = None
    while page := await store.standing_feedback(space.name, client_id=client, before=before):
        before = page[-1].key
        for proposal, request in _proposed(page, space):
            if proposal.id in decided or (wanted is not None and proposal.id not in wanted):
                continue
            if newer := found.get(proposal.id):
                found[proposal.id] = replace(newer, times=newer.times + 1)
            elif limit is None or len(found) < limit:
                notes = tuple(_notes(request, proposal.question))
                found[proposal.id] = replace(proposal, notes=notes)
        enough = limit if wanted is None else len(wanted)
        if enough is not None and len(found) >= enough:
            break
    return tuple(found.values())


def _proposed(
    page: Iterable[GivenFeedback], space: NamespaceConfig
) -> Iterator[tuple[Proposal, Mapping[str, Any]]]:
    """Each proposal, and the request that it is about."""
    for given in page:
        corrected = (given.feedback.corrected_sql or "").strip()
        confirmed = given.feedback.status == "success" and given.task_status == "completed"
        sql = corrected or (given.sql if confirmed else None)
        # The words of a metric query are datus's own; nobody asks in them.
        if not sql or given.request.get("metric_query"):
            continue
        request = given.request
        question = _encodable(str(request["task"]).strip())
        sql = _encodable(sql)
        database = given.database or _database_asked(request, space)
        area = area_of(request.get("domain"), request.get("layer1"), request.get("layer2"))
        area = tuple(map(_encodable, area)) or space.area
        proposal = Proposal(
            id=_id_of(question, sql, database, area),
            kind="corrected" if corrected else "confirmed",
            question=question,
            sql=sql,
            database=database,
            area=area,
            client=given.client_id,
            task_id=given.feedback.task_id,
            comment=given.feedback.comment or "",
            recorded_at=given.feedback.recorded_at,
        )
        yield proposal, request


def _id_of(question: str, sql: str, database: str | None, area: Area) -> str:
    """24 characters hold 120 bits: nobody finds two pairs of one id, so who accepts one accepts that one."""
    said = json.dumps([question, sql, database, area]).encode()
    return base64.b32encode(hashlib.sha256(said).digest()[:15]).decode().lower()


def _encodable(text: str) -> str:
    """The text without halves of surrogate pairs, which no file and no database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _database_asked(request: Mapping[str, Any], space: NamespaceConfig) -> str | None:
    """The database that a task without an answer was about, where that is certain."""
    names = [each.name for each in space.databases]
    asked = request.get("database_name")
    if asked is not None:
        return asked if asked in names else None
    return names[0] if len(names) == 1 else None


def _notes(request: Mapping[str, Any], question: str) -> Iterator[str]:
    if _is_relative(question):
        day = request.get("current_date") or "the day it was asked"
        yield (
            f"The question names a time that depends on the day it is asked; the SQL may hold the "
            f"dates of {day}."
        )
    if context := request.get("ext_knowledge"):
        yield f"It was asked with business context that the reference does not have: {context[:_CONTEXT_SHOWN]}"
    if schema := request.get("schema_name"):
        yield f"It was asked of the schema {schema} alone."


def _is_relative(question: str) -> bool:
    days = (_ONE_DAY, _OTHER_DAY)
    first, second = (
        [(each.start, each.end) for each in find_time_ranges(question, today=day)] for day in days
    )
    return first != second


def check_proposals(
    proposals: Iterable[Proposal],
    schemas: Mapping[str, DatabaseSchema],
    *,
    references: Sequence[ReferenceSql] = (),
    accepted: Sequence[ReferenceSql] = (),
) -> tuple[Proposal, ...]:
    """Each proposal with what would be learned, what stands against it, and what to think of.

    Nothing is run: whether the SQL runs is for the caller to try, read-only.

    Args:
        schemas: The databases that the guard checks the SQL against, by name.
        references: Reference SQL out of files.
        accepted: Reference SQL that was accepted before.
    """
    checked = [_guarded(proposal, schemas) for proposal in proposals]
    known = _by_question((each, each) for each in references)
    learned = _by_question((each, each) for each in accepted)
    others = _by_question((each.reference, each) for each in checked if each.reference)
    return tuple(_compared(each, known, learned, others) for each in checked)


def _guarded(proposal: Proposal, schemas: Mapping[str, DatabaseSchema]) -> Proposal:
    problems = []
    if not proposal.question:
        problems.append("There is no question.")
    for what, text in (("question", proposal.question), ("area", "/".join(proposal.area))):
        if not all(map(_is_text, text)):
            problems.append(f"The {what} holds control characters or others that nobody sees.")
    name = proposal.database
    if name is None or name not in schemas:
        said = (
            f"There is no database {name!r}" if name else "It is not known which database is meant"
        )
        problems.append(f"{said}; there are: {', '.join(schemas) or 'none'}.")
        return replace(proposal, problems=tuple(problems))
    try:
        safe = guard(proposal.sql, schemas[name])
    except RefusalError as refusal:
        return replace(proposal, problems=(*problems, f"The guard refuses: {refusal.message}"))
    found = ReferenceSql(
        proposal.question, safe.sql, safe.tables, safe.columns, name, proposal.area
    )
    return replace(proposal, reference=found, problems=tuple(problems))


def _is_text(character: str) -> bool:
    if character.isprintable() or character in "\n\r\t":
        return True
    return unicodedata.category(character) == "Zs"


def _compared(
    proposal: Proposal,
    references: Mapping[str, Sequence[tuple[ReferenceSql, ReferenceSql]]],
    accepted: Mapping[str, Sequence[tuple[ReferenceSql, ReferenceSql]]],
    others: Mapping[str, Sequence[tuple[ReferenceSql, Proposal]]],
) -> Proposal:
    """The proposal with who else answers its question; the mappings are by what is asked."""
    found = proposal.reference
    if found is None:
        return proposal
    asked = _spoken(found.question)
    problems, notes = list(proposal.problems), list(proposal.notes)
    for known in _beside(found, references.get(asked, ())):
        said = "the same" if found.sql == known.sql else f"otherwise: {known.sql}"
        notes.append(f"A reference of the files answers it, {said}")
    for known in _beside(found, accepted.get(asked, ())):
        if found.sql == known.sql:
            notes.append("An accepted pair says the same.")
        else:
            problems.append(
                f"An accepted pair answers it otherwise; revoke that first: {known.sql}"
            )
    for other in _beside(found, others.get(asked, ())):
        if other.reference and other.reference.sql != found.sql:
            notes.append(f"Proposal {other.id} answers it otherwise.")
    return replace(proposal, problems=tuple(problems), notes=tuple(notes))


def _by_question(
    known: Iterable[tuple[ReferenceSql, T]],
) -> dict[str, list[tuple[ReferenceSql, T]]]:
    found: dict[str, list[tuple[ReferenceSql, T]]] = {}
    for reference, about in known:
        found.setdefault(_spoken(reference.question), []).append((reference, about))
    return found


def _beside(one: ReferenceSql, known: Iterable[tuple[ReferenceSql, T]]) -> Iterator[T]:
    """Those of the same database and business area, as far as either says it."""
    for other, about in known:
        databases = {one.database, other.database} - {None}
        if len(databases) < 2 and in_area(one.area, other.area):
            yield about


def _spoken(question: str) -> str:
    """A question without what does not change its meaning: case, width, white space, closing marks."""
    return " ".join(normalise(question).text.split()).rstrip(" ?!.。")
