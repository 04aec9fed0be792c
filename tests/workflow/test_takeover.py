"""A run that is broken off at any event is gone on with as if it had not been."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from datus.errors import FenceError
from datus.tasks.store import Left, Run
from datus.types import Event, EventType, GenerationContext
from datus.workflow.definitions import definitions
from datus.workflow.engine import Tell, run_workflow
from datus.workflow.record import _PLAIN, ASKED, SPECIAL
from datus.workflow.runner import _Log
from datus.workflow.state import RunState

NOW = datetime(2024, 1, 15, tzinfo=UTC)
Told = list[tuple[EventType, Mapping[str, Any], Mapping[str, Any] | None]]

GOOD = "SELECT count(*) AS n FROM customers WHERE city = 'Rome'"
BROKEN = "SELECT count(*) AS n FROM customers WHERE town = 'Rome'"
EMPTY = "SELECT name FROM customers WHERE city = 'Oslo'"

PARALLEL = """
  workflow:
    split:
      nodes:
        - schema_linking
        - parallel:
            - {name: one, nodes: [generate_sql, execute_sql]}
            - {name: two, nodes: [date_parser, generate_sql, execute_sql]}
        - selection
        - output
"""

LINKING_INSIDE = """
    apart:
      nodes:
        - parallel:
            - {name: one, nodes: [schema_linking, generate_sql, execute_sql]}
            - {name: two, nodes: [schema_linking, generate_sql, execute_sql]}
        - selection
        - output
"""


@pytest.fixture
async def lab(make_lab: Callable[..., Any]) -> AsyncIterator[Any]:
    made = make_lab(PARALLEL + LINKING_INSIDE.removeprefix("\n"))
    yield made
    made.knowledge.close()
    await made.connectors.close()


def test_every_field_of_a_run_is_asked_or_recorded() -> None:
    assert {each.name for each in fields(RunState)} == {*ASKED, *SPECIAL, *_PLAIN}


def mended(context: GenerationContext) -> list[str]:
    return [GOOD] if context.attempts else [BROKEN]


def unlucky(context: GenerationContext) -> list[str]:
    return [GOOD] if context.attempts else [EMPTY]


@pytest.mark.parametrize(
    ("workflow", "script"),
    [
        ("fixed", lambda context: [GOOD]),
        ("nl2sql", mended),
        ("reflection", unlucky),
        ("reflection", mended),
        ("split", mended),
        ("split", lambda context: [GOOD]),
    ],
)
async def test_a_run_goes_on_from_wherever_it_was_broken_off(
    lab: Any, workflow: str, script: Callable[..., Any]
) -> None:
    whole: Told = []
    outcome = await attempt(lab, workflow, script, whole, ())
    assert outcome is not None
    recorded = sum(1 for _, _, step in whole if step)
    assert recorded >= len({data["node"] for type, data, _ in whole if type == "node_progress"}) - 1

    for cut in range(len(whole)):
        told: Told = []
        assert await attempt(lab, workflow, script, told, (), cut) is None
        if is_within_a_failure(told):
            continue
        # What a store keeps is text.
        steps = [json.loads(json.dumps(step)) for _, _, step in told if step]
        asked = len(lab.asked)
        again: Told = []
        second = await attempt(lab, workflow, script, again, steps)
        assert second is not None
        assert essence(second.answer) == essence(outcome.answer), cut
        finished = [key(data) for type, data, _ in told if is_end(type, data)]
        begun = [key(data) for type, data, _ in again if is_end(type, data)]
        assert sorted(finished + begun) == sorted(
            key(data) for type, data, _ in whole if is_end(type, data)
        ), cut
        assert len(lab.asked) - asked <= 2 * 2


@pytest.mark.parametrize("flow", ["split", "apart"])
async def test_nothing_is_told_twice_of_branches_that_are_gone_on_with(lab: Any, flow: str) -> None:
    whole: Told = []
    assert await attempt(lab, flow, lambda context: [GOOD], whole, ())
    for cut in range(1, len(whole)):
        told: Told = []
        assert await attempt(lab, flow, lambda context: [GOOD], told, (), cut) is None
        events = [Event(seq, type, data, NOW) for seq, (type, data, _) in enumerate(told, start=1)]
        steps = {seq: step for seq, (_, _, step) in enumerate(told, start=1) if step}
        root = max((seq for seq, step in steps.items() if not step["path"]), default=0)
        left = Left(tuple(steps.values()), tuple(events[root:]), tuple(steps))
        again: Told = []
        log = _Log(cast(Run, Emitting(left, again)))
        assert await attempt(lab, flow, lambda context: [GOOD], log.tell, left.steps)
        assert counted(told + again) == counted(whole), cut


class Emitting:
    """Only what a log uses of a run."""

    def __init__(self, left: Left, told: Told) -> None:
        self.left, self._told = left, told

    def emit(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> None:
        self._told.append((type, data, step))


def counted(told: Told) -> Counter[tuple[Any, ...]]:
    """Events, but for those of a statement: one that runs again has another time to tell."""
    names = ("node", "status", "branch", "message")
    return Counter(
        (type, *(data.get(name) for name in names))
        for type, data, _ in told
        if type != "execution_complete"
    )


async def test_an_answer_that_is_there_is_handed_out_though_the_time_is_over(
    lab: Any,
) -> None:
    """As where a task waited for its turn in the process that took it over."""
    whole: Told = []
    outcome = await attempt(lab, "reflection", unlucky, whole, ())
    steps = json.loads(json.dumps([step for _, _, step in whole if step]))[:-1]
    steps[-1]["elapsed"] = 1_000
    again: Told = []
    second = await attempt(lab, "reflection", unlucky, again, steps)
    assert outcome is not None
    assert second is not None
    assert essence(second.answer) == essence(outcome.answer)


async def test_branches_whose_knowledge_changed_begin_anew(lab: Any) -> None:
    told: Told = []
    assert await attempt(lab, "apart", lambda context: [GOOD], told, (), 20) is None
    steps = json.loads(json.dumps([step for _, _, step in told if step]))
    changed = [each for each in steps if each["state"].get("linking")]
    assert changed
    for each in changed:
        each["state"]["linking"]["version"] = "of yesterday"
    again: Told = []
    outcome = await attempt(lab, "apart", lambda context: [GOOD], again, steps)
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("completed", None)
    assert len(outcome.answer["metadata"]["nodes"]) == 9


async def test_a_run_begins_anew_where_the_knowledge_is_another(lab: Any) -> None:
    told: Told = []
    assert await attempt(lab, "nl2sql", lambda context: [GOOD], told, (), 20) is None
    steps = [json.loads(json.dumps(step)) for _, _, step in told if step]
    assert steps[0]["state"]["linking"]["version"]
    steps[0]["state"]["linking"]["version"] = "another"
    again: Told = []
    outcome = await attempt(lab, "nl2sql", lambda context: [GOOD], again, steps)
    assert (outcome.status, outcome.answer["result"]) == ("completed", [{"n": 2}])
    ended = [data["node"] for type, data, _ in again if is_end(type, data)]
    assert ended[0] == "schema_linking"
    assert "started" not in [type for type, _, _ in again]  # it is in the log already
    # Who takes it over again must not read these after those that were of no use.
    assert not any(step for _, _, step in again)


async def attempt(
    lab: Any,
    workflow: str,
    script: Callable[..., Any],
    told: Told | Tell,
    steps: Any,
    cut: int | None = None,
) -> Any:
    """Run until the end, or until event number ``cut`` is to be told: None then."""

    async def keep(
        type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> None:
        assert isinstance(told, list)
        if len(told) == cut:
            raise FenceError("the process died here")
        told.append((type, data, step))

    tell = keep if isinstance(told, list) else told
    tools = lab.tools(script)
    state = lab.state(workflow)
    flow = definitions(lab.settings)[workflow]
    try:
        return await run_workflow(flow, state, tools, tell, stopped=FenceError, recorded=steps)
    except FenceError:
        return None


def is_within_a_failure(told: Told) -> bool:
    """The failure of a node and what is told because of it are handed over at once, and so stored at once."""
    failed = [n for n, (type, data, step) in enumerate(told) if data.get("status") == "failed"]
    return bool(failed) and not any(step for _, _, step in told[failed[-1] :])


def is_end(type: EventType, data: Mapping[str, Any]) -> bool:
    return type == "node_progress" and data["status"] in ("completed", "failed")


def key(data: Mapping[str, Any]) -> str:
    return f"{data.get('branch')} {data['node']} {data['status']}"


def essence(answer: Mapping[str, Any]) -> Any:
    """An answer without what takes time, and in an order that does not depend on it."""
    metadata = dict(answer["metadata"])
    nodes = sorted(key(each) for each in metadata.pop("nodes"))
    for timed in ("execution_time", "statement_time"):
        metadata.pop(timed, None)
    return {**answer, "metadata": metadata, "execution_time": None}, nodes
