"""reflect makes answers better and never worse, and counts its rounds."""

from datus.errors import RefusalError
from datus.types import Candidate, GenerationContext

ROME = "SELECT name FROM customers WHERE city = 'Rome' ORDER BY name"
EMPTY = "SELECT name FROM customers WHERE city = 'Rome' AND id > 100"
NULLS = "SELECT note FROM orders"
ALL = "SELECT name FROM customers"
BROKEN = "SELECT abs(-9223372036854775807 - id) AS n FROM customers"
IN_ROME = "Which customers live in Rome?"
RESULT = [{"name": "Bo"}, {"name": "Cy"}]


async def test_a_good_answer_stands_at_once(lab) -> None:
    outcome = await lab.ask("reflection", lambda context: [ROME, ALL], IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert outcome.answer["metadata"]["reflection_rounds"] == 0
    assert len(lab.asked) == 1


async def test_an_empty_result_leads_to_the_next_candidate(lab) -> None:
    outcome = await lab.ask("reflection", lambda context: [EMPTY, ROME], IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert outcome.answer["metadata"]["reflection_rounds"] == 1
    assert len(lab.asked) == 1
    assert any("empty" in data["details"].get("reason", "") for data in lab.of("node_detail"))
    progress = [data["progress"] for _, data in lab.events if "progress" in data]
    assert progress == sorted(progress)


async def test_nothing_but_nulls_is_asked_again_with_the_reason(lab) -> None:
    outcome = await lab.ask(
        "reflection", lambda context: [ROME] if context.attempts else [NULLS], IN_ROME
    )
    assert outcome.answer["result"] == RESULT
    assert [(each.sql, "null" in each.error) for each in lab.asked[1].attempts] == [(NULLS, True)]


async def test_dropping_a_condition_is_no_improvement(lab) -> None:
    outcome = await lab.ask("reflection", lambda context: [EMPTY, ALL], IN_ROME)
    assert outcome.status == "completed"
    assert outcome.answer["result"] == []
    assert "100" in outcome.answer["sql"]


async def test_later_failures_leave_the_first_answer(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        if context.attempts:
            raise RefusalError("I know no other.", code="unanswerable")
        return [EMPTY, BROKEN, "DROP TABLE customers"]

    outcome = await lab.ask("reflection", script, IN_ROME)
    assert outcome.status == "completed"
    assert outcome.answer["result"] == []
    assert outcome.answer["error"] is None


async def test_the_rounds_are_bounded(make_lab) -> None:
    lab = make_lab("  nodes: {reflect: {max_rounds: 2}}\n")
    empties = [f"{EMPTY} AND id <> {n}" for n in range(9)]
    outcome = await lab.ask("reflection", lambda context: empties, IN_ROME)
    assert outcome.answer["metadata"]["reflection_rounds"] == 2
    assert len(lab.of("sql_generated")) == 3
    assert outcome.answer["sql"] == lab.of("sql_generated")[0]["sql"]
    await lab.connectors.close()


async def test_a_failure_after_the_fix_is_mended_by_reflection(lab) -> None:
    broken = [BROKEN, BROKEN.replace("abs", "2 + abs"), BROKEN.replace("abs", "3 + abs"), ROME]
    outcome = await lab.ask("reflection", lambda context: broken, IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert outcome.answer["metadata"]["reflection_rounds"] == 2


async def test_an_unanswerable_question_is_asked_with_wider_linking(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        if len(context.schema.tables) <= 30:
            raise RefusalError("No table fits.", code="unanswerable")
        return ["SELECT count(*) AS n FROM part_44"]

    text = "how many part " + " ".join(f"{n:02}" for n in range(45))
    outcome = await lab.ask("reflection", script, text, namespace="wide")
    assert outcome.answer["result"] == [{"n": 0}]
    assert outcome.answer["metadata"]["reflection_rounds"] == 1


async def test_an_unanswerable_question_is_not_asked_again_of_the_same_tables(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        raise RefusalError("No table fits.", code="unanswerable")

    outcome = await lab.ask("reflection", script, IN_ROME)
    assert (outcome.status, outcome.error["code"]) == ("refused", "unanswerable")
    assert outcome.answer["metadata"]["reflection_rounds"] == 1
    assert len(lab.asked) == 1


async def test_an_ambiguous_question_is_refused_at_once(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        raise RefusalError("Two readings.", code="ambiguous", details={"readings": ["a", "b"]})

    outcome = await lab.ask("reflection", script, IN_ROME)
    assert (outcome.status, outcome.error["details"]) == ("refused", {"readings": ["a", "b"]})
    assert len(lab.asked) == 1


async def test_sql_that_leaves_out_the_time_is_doubted(lab) -> None:
    timed = "SELECT count(*) AS n FROM orders WHERE ordered_on >= '2024-01-08'"

    def script(context: GenerationContext) -> list[Candidate]:
        assert context.times
        return [
            Candidate("SELECT count(*) AS n FROM orders", 1.0, ("orders",), ()),
            Candidate(timed, 0.5, ("orders",), (), times=context.times),
        ]

    outcome = await lab.ask("reflection", script, "How many orders since January 8 2024?")
    assert outcome.answer["result"] == [{"n": 1}]
    assert outcome.answer["metadata"]["reflection_rounds"] == 1


async def test_an_empty_result_alone_is_no_flaw(lab) -> None:
    nobody = "SELECT name FROM customers WHERE id > 100"
    outcome = await lab.ask("reflection", lambda context: [nobody, ALL], "Who has never ordered?")
    assert outcome.answer["result"] == []
    assert outcome.answer["metadata"]["reflection_rounds"] == 0


async def test_dropping_the_time_is_no_improvement(lab) -> None:
    timed = "SELECT note FROM orders WHERE ordered_on >= '2024-01-08'"
    outcome = await lab.ask(
        "reflection",
        lambda context: [timed, "SELECT amount FROM orders"],
        "Which notes have orders since January 8 2024?",
    )
    assert outcome.answer["result"] == [{"note": None}]


async def test_a_fault_in_a_later_round_leaves_the_first_answer(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        return [EMPTY] if not context.attempts else [EMPTY][1]

    outcome = await lab.ask("reflection", script, IN_ROME)
    assert (outcome.status, outcome.answer["result"]) == ("completed", [])


async def test_running_out_of_time_in_a_later_round_leaves_the_first_answer(make_lab) -> None:
    lab = make_lab("  server: {task_timeout_s: 0.7}\n")
    slow = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n = 1"
    outcome = await lab.ask("reflection", lambda context: [EMPTY, slow], IN_ROME)
    assert (outcome.status, outcome.answer["result"]) == ("completed", [])
    assert [kind for kind, _ in lab.events][-2:] == ["output_ready", "done"]
    assert lab.steps("failed") == ["execute_sql"]
    await lab.connectors.close()
