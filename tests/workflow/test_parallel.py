"""Branches run at once, and the answer is what most of them gave."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from datus.errors import DatusError, FenceError, RefusalError
from datus.generation.scripted import ScriptedGenerator
from datus.types import Candidate, GenerationContext, Question
from datus.workflow.definitions import definitions
from datus.workflow.engine import Outcome, run_workflow
from datus.workflow.generators import by_model, by_settings
from datus.workflow.state import RunState

ROME = "SELECT name FROM customers WHERE city = 'Rome'"
THE_SAME = "SELECT DISTINCT name FROM customers WHERE city IN ('Rome')"
ALL = "SELECT name FROM customers"
NONE = "SELECT name FROM customers WHERE city = 'Rome' AND id > 100"
NULLS = "SELECT note AS name FROM orders WHERE note IS NULL"
BROKEN = "SELECT abs(-9223372036854775807 - id) AS n FROM customers"
SLOW = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n = 1"
UNSAFE = "DELETE FROM customers"
IN_ROME = "Which customers live in Rome?"

MODELS = """
  models: {a: {type: offline}, b: {type: offline}, c: {type: offline}}
"""
BRANCH = "{name: %s, nodes: [generate_sql, execute_sql], settings: {generate_sql: {model: %s}}}"
THREE = (
    MODELS
    + f"""
  workflow:
    many:
      - schema_linking
      - date_parser
      - parallel: [{", ".join(BRANCH % (name, name) for name in "abc")}]
      - selection
      - output
"""
)

Answer = str | Candidate | DatusError | Callable[[GenerationContext], Sequence[str | Candidate]]


def said(answer: Answer) -> Callable[[GenerationContext], Sequence[str | Candidate]]:
    def script(context: GenerationContext) -> Sequence[str | Candidate]:
        if isinstance(answer, DatusError):
            raise answer
        return [answer] if isinstance(answer, str | Candidate) else answer(context)

    return script


def sure(sql: str, confidence: float, score: float = 1.0, model: str = "") -> Candidate:
    return Candidate(sql, score, (), (), confidence=confidence, model=model, generator=model or "x")


class World:
    """A lab whose models answer by scripts of their own."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab

    async def ask(self, workflow: str = "many", text: str = IN_ROME, **answers: Answer) -> Outcome:
        lab = self.lab
        lab.events.clear()
        generators = {name: ScriptedGenerator(said(answer)) for name, answer in answers.items()}
        tools = replace(lab.tools(lambda _: ()), generator_of=by_model(generators))
        question = Question(text, date(2024, 1, 15))
        state = RunState("t1", workflow, "shop", question, ("shop",))

        async def keep(type: Any, data: Mapping[str, Any], step: Any = None) -> None:
            lab.events.append((type, data))
            if type == "sql_generated":
                lab.executing.set()

        flow = definitions(lab.settings)[workflow]
        outcome = await run_workflow(flow, state, tools, keep, stopped=stopped)
        lab.events.extend(outcome.events)
        json.dumps([outcome.answer, lab.events], allow_nan=False)
        return outcome

    def well_told(self) -> None:
        """One beginning, one end, progress that never falls, every node that begins ends."""
        events = self.lab.events
        assert [kind for kind, _ in events].count("done") == 1
        progress = [data["progress"] for _, data in events if "progress" in data]
        assert progress == sorted(progress)
        assert progress[-1] <= 100
        open_nodes: list[tuple[Any, ...]] = []
        for kind, data in events:
            key = (data.get("branch"), data.get("node"))
            if kind == "node_progress" and data["status"] == "processing":
                open_nodes.append(key)
            elif kind == "node_progress" and data["status"] in ("completed", "failed"):
                open_nodes.remove(key)
        assert open_nodes == []


def stopped() -> DatusError:
    return DatusError("A test stopped the run.", code="cancelled")


@pytest.fixture
async def make_world(make_lab: Callable[..., Any]) -> AsyncIterator[Callable[..., World]]:
    made = []

    def make(config: str = THREE) -> World:
        made.append(make_lab(config))
        return World(made[-1])

    yield make
    for lab in made:
        lab.knowledge.close()
        await lab.connectors.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def selection(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.answer["metadata"]["selection"]
    return found


def names(outcome: Outcome) -> list[str]:
    assert outcome.status == "completed", outcome.error
    return sorted(row["name"] for row in outcome.answer["result"])


async def test_agreement_wins_over_a_lone_higher_score(world: World) -> None:
    outcome = await world.ask(a=sure(ALL, 0.9, 50), b=sure(ROME, 0.6), c=sure(THE_SAME, 0.5))
    assert names(outcome) == ["Bo", "Cy"]
    found = selection(outcome)
    assert (found["branch"], found["agreeing"]) == ("b", 2)
    assert [each["agrees"] for each in found["branches"]] == [False, True, True]
    assert [each["row_count"] for each in found["branches"]] == [3, 2, 2]
    assert "FROM customers" in found["branches"][0]["sql"]
    assert not {"rows", "result"} & found["branches"][0].keys()
    detail = next(each for each in world.lab.of("node_detail") if each["node"] == "selection")
    assert detail["details"] == found
    assert "branch b: 2 of 3" in detail["description"]


async def test_the_same_generator_twice_is_not_surer_than_once(world: World) -> None:
    twice = await world.ask(a=sure(ROME, 0.6), b=sure(THE_SAME, 0.5), c=sure(ALL, 0.1))
    assert twice.answer["metadata"]["confidence"] == 0.6
    others = await world.ask(
        a=sure(ROME, 0.6, model="m"), b=sure(THE_SAME, 0.5, model="n"), c=sure(ALL, 0.1)
    )
    assert others.answer["metadata"]["confidence"] == 0.8


async def test_without_agreement_the_surest_wins_and_then_the_first(world: World) -> None:
    lone = await world.ask(a=sure(ALL, 0.4), b=sure(ROME, 0.7), c=sure(BROKEN, 0.99))
    assert selection(lone)["branch"] == "b"
    tied = await world.ask(
        a="SELECT id FROM customers WHERE city = 'Rome'", b=ROME, c=RefusalError("no", code="unanswerable")
    )  # fmt: skip
    assert selection(tied)["branch"] == "a"


@pytest.mark.parametrize("useless", [NONE, NULLS])
async def test_an_answer_of_no_use_loses(world: World, useless: str) -> None:
    outcome = await world.ask(a=sure(useless, 0.99), b=sure(useless, 0.99), c=sure(ROME, 0.1))
    assert names(outcome) == ["Bo", "Cy"]
    found = selection(outcome)
    assert found["branch"] == "c"
    assert found["branches"][0]["flaw"] is not None
    assert found["branches"][2]["flaw"] is None


async def test_a_branch_that_fails_is_a_finding(world: World) -> None:
    outcome = await world.ask(a=BROKEN, b=UNSAFE, c=ROME)
    assert names(outcome) == ["Bo", "Cy"]
    world.well_told()
    a, b, c = selection(outcome)["branches"]
    assert (a["error"]["code"], b["error"]["code"], c["error"]) == (
        "database_error",
        "unsafe_sql",
        None,
    )
    assert (a["sql"], b["sql"]) == (None, None)
    told = {
        each["branch"]: each["details"]["error"]["code"]
        for each in world.lab.of("node_detail")
        if each["node"] == "parallel"
    }
    assert told == {"a": "database_error", "b": "unsafe_sql"}


async def test_a_fault_in_a_branch_is_not_shown_and_not_the_end(world: World) -> None:
    def crash(context: GenerationContext) -> Sequence[str]:
        raise ZeroDivisionError("hunter2")

    outcome = await world.ask(a=crash, b=ROME, c=crash)
    assert names(outcome) == ["Bo", "Cy"]
    assert selection(outcome)["branches"][0]["error"]["code"] == "internal"
    assert "hunter2" not in json.dumps([outcome.answer, world.lab.events])


async def test_what_the_guard_refused_is_never_chosen(world: World) -> None:
    outcome = await world.ask(a=sure(UNSAFE, 1.0), b=sure(UNSAFE, 1.0), c=sure(ROME, 0.01))
    assert selection(outcome)["branch"] == "c"
    assert {data.get("branch") for data in world.lab.of("sql_generated")} == {"c", None}
    assert {data.get("branch") for data in world.lab.of("execution_complete")} == {"c", None}


REFUSAL = RefusalError("Nothing is about whales.", code="unanswerable", details={"words": ["w"]})
TIE = RefusalError("Two readings.", code="ambiguous")


@pytest.mark.parametrize(
    ("a", "b", "c", "code"),
    [
        (BROKEN, REFUSAL, BROKEN, "unanswerable"),
        (UNSAFE, REFUSAL, TIE, "ambiguous"),
        (DatusError("The model is busy.", code="model_busy"), BROKEN, BROKEN, "database_error"),
        (UNSAFE, BROKEN, BROKEN, "unsafe_sql"),
    ],
)
async def test_when_all_fail_the_most_telling_error_ends_the_run(
    world: World, a: Answer, b: Answer, c: Answer, code: str
) -> None:
    outcome = await world.ask(a=a, b=b, c=c)
    world.well_told()
    assert outcome.error is not None
    assert outcome.error["code"] == code
    assert outcome.status == ("failed" if code == "database_error" else "refused")
    found = selection(outcome)
    assert (found["branch"], found["agreeing"]) == (None, 0)
    assert all(each["error"] for each in found["branches"])
    assert (outcome.answer["sql"] is not None) == (code == "database_error")


async def test_a_guess_does_not_overrule_a_refusal(make_world: Callable[..., World]) -> None:
    world = make_world()
    outcome = await world.ask(a=REFUSAL, b=sure(ALL, 0.2), c=sure(ROME, 0.3))
    world.well_told()
    assert (outcome.status, outcome.error) == (
        "refused",
        {"code": "unanswerable", "message": REFUSAL.message, "details": REFUSAL.details},
    )
    assert selection(outcome)["branch"] is None
    assert [each["row_count"] for each in selection(outcome)["branches"]] == [None, 3, 2]
    assert names(await world.ask(a=REFUSAL, b=sure(ALL, 0.2), c=sure(ROME, 0.6))) == ["Bo", "Cy"]
    assert names(await world.ask(a=UNSAFE, b=sure(ALL, 0.2), c=sure(ROME, 0.3))) == ["Bo", "Cy"]
    assert names(await world.ask(a=REFUSAL, b=BROKEN, c=ROME)) == ["Bo", "Cy"]
    any_answer = make_world(THREE + "  nodes: {selection: {least_confidence: 0}}\n")
    outcome = await any_answer.ask(a=REFUSAL, b=sure(ROME, 0.1), c=BROKEN)
    assert selection(outcome)["branch"] == "b"


async def test_events_carry_their_branch(world: World) -> None:
    outcome = await world.ask(a=ROME, b=THE_SAME, c=ALL)
    world.well_told()
    lab = world.lab
    for name in "abc":
        own = [(kind, data) for kind, data in lab.events if data.get("branch") == name]
        steps = [d["node"] for k, d in own if k == "node_progress" and d["status"] == "completed"]
        assert steps == ["generate_sql", "execute_sql"]
        assert [k for k, _ in own].count("sql_generated") == 1
        assert [k for k, _ in own].count("execution_complete") == 1
    of_the_run = [data["node"] for data in lab.of("node_progress") if "branch" not in data]
    assert [*dict.fromkeys(of_the_run)] == [
        "schema_linking", "date_parser", "parallel", "selection", "output",
    ]  # fmt: skip
    (final,) = [data["sql"] for data in lab.of("sql_generated") if "branch" not in data]
    assert final == outcome.answer["sql"]
    timings = outcome.answer["metadata"]["nodes"]
    assert {each.get("branch") for each in timings} == {None, "a", "b", "c"}
    assert outcome.answer["metadata"]["nodes_executed"] == len(timings) == 5 + 6


async def test_branches_run_at_once(world: World) -> None:
    waiting = asyncio.Barrier(3)

    class Meets(ScriptedGenerator):
        async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
            await asyncio.wait_for(waiting.wait(), 5)  # nobody passes before all are here
            return await super().generate(context)

    made = {name: Meets(lambda _: [ROME]) for name in "abc"}
    tools = replace(world.lab.tools(lambda _: ()), generator_of=by_model(made))
    state = RunState("t1", "many", "shop", Question(IN_ROME, date(2024, 1, 15)), ("shop",))

    async def silent(type: Any, data: Mapping[str, Any], step: Any = None) -> None: ...

    flow = definitions(world.lab.settings)["many"]
    outcome = await run_workflow(flow, state, tools, silent, stopped=stopped)
    assert selection(outcome)["agreeing"] == 3


async def test_cancelling_stops_every_branch_and_its_statement(world: World) -> None:
    run = asyncio.create_task(world.ask(a=SLOW, b=SLOW, c=SLOW))
    await world.lab.executing.wait()
    began = time.monotonic()
    run.cancel()
    outcome = await run
    assert time.monotonic() - began < 5
    world.well_told()
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("cancelled", "cancelled")
    assert names(await world.ask(a=ROME, b=ROME, c=ROME)) == ["Bo", "Cy"]


async def test_the_deadline_stops_every_branch(make_world: Callable[..., World]) -> None:
    world = make_world(THREE + "  server: {task_timeout_s: 0.5}\n")
    began = time.monotonic()
    outcome = await world.ask(a=SLOW, b=SLOW, c=SLOW)
    assert time.monotonic() - began < 5
    world.well_told()
    assert (outcome.status, outcome.error and outcome.error["code"]) == ("failed", "timeout")
    assert names(await world.ask(a=ROME, b=ROME, c=ROME)) == ["Bo", "Cy"]


async def test_at_the_deadline_the_branches_that_answered_are_chosen_from(
    make_world: Callable[..., World],
) -> None:
    world = make_world(THREE + "  server: {task_timeout_s: 0.7}\n")
    outcome = await world.ask(a=SLOW, b=ROME, c=SLOW)
    world.well_told()
    assert names(outcome) == ["Bo", "Cy"]
    a, b, _ = selection(outcome)["branches"]
    assert (a["error"]["code"], b["error"]) == ("timeout", None)


async def test_a_lost_fence_stops_all_branches(world: World) -> None:
    async def emit(type: Any, data: Mapping[str, Any], step: Any = None) -> None:
        if type == "sql_generated":
            raise FenceError("not yours")

    made = {name: ScriptedGenerator(lambda _: [ROME]) for name in "abc"}
    tools = replace(world.lab.tools(lambda _: ()), generator_of=by_model(made))
    state = RunState("t1", "many", "shop", Question(IN_ROME, date(2024, 1, 15)), ("shop",))
    flow = definitions(world.lab.settings)["many"]
    with pytest.raises(FenceError):
        await run_workflow(flow, state, tools, emit, stopped=stopped)


# --- settings of branches, parts and workflows


async def test_each_branch_has_its_settings(make_world: Callable[..., World]) -> None:
    world = make_world(
        MODELS
        + """
  workflow:
    mine:
      settings: {execute_sql: {max_rows: 2}}
      nodes:
        - parallel:
            - [schema_linking, generate_sql, execute_sql]
            - name: wide
              nodes: [schema_linking, generate_sql, execute_sql]
              settings: {schema_linking: {rate: slow}, execute_sql: {max_rows: 1}, generate_sql: {model: a}}
        - selection
        - output
  nodes: {generate_sql: {model: b}}
"""
    )
    outcome = await world.ask("mine", a="SELECT id FROM customers", b=ALL)
    assert [each["row_count"] for each in selection(outcome)["branches"]] == [2, 1]
    rates = {
        each["branch"]: each["details"]["rate"]
        for each in world.lab.of("node_detail")
        if each["node"] == "schema_linking"
    }
    assert rates == {"1": "fast", "wide": "slow"}
    assert outcome.answer["metadata"]["truncated"] is True
    assert world.lab.settings.node_settings["execute_sql"]["max_rows"] == 10_000


async def test_a_workflow_is_a_part_of_another(make_world: Callable[..., World]) -> None:
    world = make_world(
        MODELS
        + """
  workflow:
    inner:
      settings: {execute_sql: {max_rows: 2}, generate_sql: {model: a}}
      nodes: [schema_linking, generate_sql, execute_sql, fix, output]
    outer: [{workflow: inner}, output]
    tight: [{workflow: inner, settings: {execute_sql: {max_rows: 1}}}, output]
    both: [{parallel: [inner, {workflow: tight, name: narrow}]}, selection, output]
"""
    )
    for workflow, rows in (("inner", 2), ("outer", 2), ("tight", 1)):
        outcome = await world.ask(workflow, a=lambda c: [ALL] if c.attempts else [BROKEN])
        assert outcome.answer["metadata"]["row_count"] == rows
        assert outcome.answer["workflow"] == workflow
        assert world.lab.steps()[-4:] == ["fix", "generate_sql", "execute_sql", "output"]
    outcome = await world.ask("both", a=ALL)
    assert {each["branch"]: each["row_count"] for each in selection(outcome)["branches"]} == {
        "inner": 2,
        "narrow": 1,
    }


async def test_branches_of_a_branch(make_world: Callable[..., World]) -> None:
    world = make_world(
        THREE
        + f"""
    deep:
      - schema_linking
      - parallel:
          - {{name: out, nodes: [{{parallel: [{BRANCH % ("x", "a")}, {BRANCH % ("y", "b")}]}}, selection]}}
          - {BRANCH % ("z", "c")}
      - selection
      - output
"""
    )
    outcome = await world.ask("deep", a=sure(ROME, 0.4), b=sure(THE_SAME, 0.4), c=sure(ALL, 0.3))
    world.well_told()
    assert names(outcome) == ["Bo", "Cy"]
    branches = {data.get("branch") for _, data in world.lab.events}
    assert branches == {None, "out", "out/x", "out/y", "z"}


async def test_reflection_after_the_choice_asks_all_branches_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(THREE.replace("      - output", "      - reflect\n      - output"))

    def better(context: GenerationContext) -> Sequence[str]:
        return [ROME] if context.attempts else [NONE]

    outcome = await world.ask(a=better, b=better, c=REFUSAL)
    world.well_told()
    assert names(outcome) == ["Bo", "Cy"]
    assert outcome.answer["metadata"]["reflection_rounds"] == 1
    assert selection(outcome)["agreeing"] == 2


async def test_a_stopped_branch_gives_the_best_that_it_had(
    make_world: Callable[..., World],
) -> None:
    world = make_world(
        MODELS
        + """
  server: {task_timeout_s: 0.7}
  workflow:
    late:
      - parallel:
          - [schema_linking, generate_sql, execute_sql, reflect]
          - {workflow: fixed, name: slow, settings: {generate_sql: {model: a}}}
      - selection
      - output
"""
    )
    slow = SLOW.replace("SELECT", "SELECT 'Rome' AS city,")
    outcome = await world.ask("late", offline=lambda c: [slow] if c.attempts else [NONE], a=SLOW)
    world.well_told()
    assert outcome.status == "completed", outcome.error
    assert outcome.answer["result"] == []
    assert selection(outcome)["branch"] == "1"


def test_each_way_of_setting_generate_sql_has_one_generator() -> None:
    made: list[Mapping[str, Any]] = []

    def make(settings: Mapping[str, Mapping[str, Any]]) -> ScriptedGenerator:
        made.append(settings["generate_sql"])
        return ScriptedGenerator(lambda _: ())

    def of(**values: Any) -> dict[str, dict[str, Any]]:
        return {"generate_sql": {"model": "a", "candidates": 5, "temperature": 0.2, **values}}

    generator_of = by_settings([of(), of(candidates=2), of(temperature=0.9), of(model="b")], make)
    assert len(made) == 3
    assert generator_of(of(candidates=2)) is generator_of(of())
    assert generator_of(of(temperature=0.9)) is not generator_of(of())
