"""Which database and schema a run reads."""

from datus.types import GenerationContext


async def test_the_database_that_explains_the_question_is_chosen(lab) -> None:
    outcome = await lab.ask(
        "fixed",
        lambda context: ["SELECT count(*) AS n FROM patients"],
        "How many patients are there?",
        namespace="both",
    )
    assert outcome.answer["metadata"]["database"] == "clinic"
    assert outcome.answer["result"] == [{"n": 2}]


async def test_two_databases_that_tie_are_refused_by_name(lab) -> None:
    outcome = await lab.ask(
        "nl2sql", lambda context: [], "How many patients are there?", namespace="twins"
    )
    assert (outcome.status, outcome.error["code"]) == ("refused", "ambiguous")
    assert outcome.error["details"] == {"databases": ["clinic", "clinic_old"]}
    assert lab.asked == []


async def test_no_fitting_database_is_refused(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda context: [], "zyx wvu", namespace="both")
    assert (outcome.status, outcome.error["code"]) == ("refused", "unanswerable")


async def test_an_unknown_schema_is_refused_naming_those_that_exist(lab) -> None:
    outcome = await lab.ask("fixed", lambda context: [], schema_name="nowhere")
    assert (outcome.status, outcome.error["code"]) == ("refused", "unanswerable")
    assert outcome.error["details"]["schemas"] == ["main"]
    assert "'nowhere'" in outcome.error["message"]


async def test_the_named_schema_is_found_in_any_case(lab) -> None:
    outcome = await lab.ask(
        "fixed", lambda context: ["SELECT count(*) AS n FROM customers"], schema_name="MAIN"
    )
    assert outcome.answer["result"] == [{"n": 3}]


async def test_the_generator_gets_tables_and_values(lab) -> None:
    await lab.ask("fixed", lambda context: ["SELECT count(*) AS n FROM customers"])
    context = lab.asked[0]
    assert {table.name for table in context.schema.tables} == {"customers", "orders", "numbers"}
    assert {(hit.table, hit.column, hit.value) for hit in context.values} == {
        ("customers", "city", "Rome")
    }


async def test_linking_is_bounded_in_a_wide_database(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        return ["SELECT count(*) AS n FROM part_07"]

    await lab.ask("fixed", script, "how many part 07", namespace="wide")
    assert len(lab.asked[0].schema.tables) <= 30
