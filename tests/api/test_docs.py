"""``/docs`` and ``openapi.json`` ask no outside address, and docs/http.md says what is."""

import re
from pathlib import Path

import pytest

from datus.api.middleware import MAX_BODY_BYTES
from datus.api.problems import CODE_OF_STATUS, STATUS_OF
from datus.api.schemas import RunBody
from datus.api.server import make_parser

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    """The first cell of every row of the first table after a heading."""
    part = PAGE.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"\n\|.*\n\|-.*\n((?:\|.*\n)+)", part)
    assert table is not None
    return [row.split("|")[1].strip() for row in table[1].splitlines()]


async def test_every_call_has_its_row_and_its_scope(world):
    document = (await world.http.get("/openapi.json")).json()
    calls = {
        f"`{method.upper()} {path}`"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert set(first_cells("## Calls")) == calls | {"`GET /docs`", "`GET /openapi.json`"}


async def test_scopes_are_as_the_page_says(world):
    rows = re.findall(r"\n\| `(GET|POST) (/\S+)` \| (?:`([a-z:]+)`)? *\|", PAGE)
    assert len(rows) == len(first_cells("## Calls"))
    narrow = {"reader": "workflows:read"}
    for method, path, scope in rows:
        anonymous = await world.http.request(method, path)
        assert (anonymous.status_code == 401) == bool(scope), path
        if scope:
            answer = await world.call(method, path, client="reader", json={})
            assert (answer.status_code == 403) == (scope != narrow["reader"]), path


def test_every_flag_has_its_row():
    flags = {
        f"`{action.option_strings[-1]}`"
        for action in make_parser()._actions
        if action.dest != "help"
    }
    rows = first_cells("## Start")
    assert set(rows) == flags
    assert len(rows) == len(flags)


def test_every_field_of_a_run_has_its_row():
    cells = " ".join(first_cells("### A question"))
    assert set(re.findall(r"`(\w+)`", cells)) == set(RunBody.model_fields)


def test_every_status_has_its_row():
    told = {int(cell) for cell in first_cells("## Errors")}
    assert told == set(STATUS_OF.values()) | set(CODE_OF_STATUS)
    assert f"{MAX_BODY_BYTES // 1024} KiB" in PAGE


async def test_the_pages_of_the_documentation_come_from_here(world):
    page = await world.http.get("/docs")
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        if name != "data:,":
            assert (await world.http.get(f"/{name}")).status_code == 200, name


async def test_swagger_ui_is_told_to_ask_nobody_else(world):
    script = (await world.http.get("/docs/start.js")).text
    assert "validatorUrl: null" in script
    assert 'url: "openapi.json"' in script
    assert "//" not in script


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fsecret", "favicon.png"])
async def test_other_files_are_not_served(world, name):
    answer = await world.http.get(f"/docs/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_openapi_says_how_to_sign_in_and_how_errors_look(world):
    document = (await world.http.get("/openapi.json")).json()
    run = document["paths"]["/workflows/run"]["post"]
    assert "text/event-stream" in run["responses"]["200"]["content"]
    assert "application/problem+json" in run["responses"]["4XX"]["content"]
    assert run["security"] == [{"client_credentials": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "servers" not in document


async def test_openapi_has_the_number_to_go_on_from(world):
    paths = (await world.http.get("/openapi.json")).json()["paths"]
    given = paths["/workflows/{task_id}/events"]["get"]["parameters"]
    assert {(each["in"], each["name"]) for each in given} == {
        ("path", "task_id"),
        ("header", "Last-Event-ID"),
    }


async def test_every_call_is_described(world):
    paths = (await world.http.get("/openapi.json")).json()["paths"]
    calls = [call for methods in paths.values() for call in methods.values()]
    assert len(calls) > 10
    assert all(call["description"] and call["responses"] for call in calls)


async def test_every_call_is_shown_once_and_in_words(world):
    document = (await world.http.get("/openapi.json")).json()
    calls = [call for methods in document["paths"].values() for call in methods.values()]
    assert all(len(call["tags"]) == 1 for call in calls)
    assert len({call["operationId"] for call in calls}) == len(calls)
    assert all(" " in call["summary"] for call in calls)


def test_the_example_of_a_run_works_as_it_is():
    (example,) = RunBody.model_json_schema()["examples"]
    assert RunBody.model_validate(example).task == example["task"]
