"""Log lines as JSON and as text: whose request and task each belongs to, and nothing that is nobody's business."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from datus.api.logs import IdsFilter, JsonLines, LogFormat, log_config


@pytest.fixture
def logged() -> Iterator[Callable[[LogFormat], io.StringIO]]:
    """Has the loggers of datus write as a server's do, to a text that is returned."""
    logger, handler = logging.getLogger("datus"), logging.StreamHandler()
    level = logger.level

    def log(form: LogFormat) -> io.StringIO:
        made = log_config(debug=False, form=form)["formatters"][form]
        handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(made["format"]))
        handler.addFilter(IdsFilter())
        handler.stream = io.StringIO()
        logger.addHandler(handler)
        logger.setLevel("INFO")
        return handler.stream

    yield log
    logger.removeHandler(handler)
    logger.setLevel(level)


async def test_every_line_of_a_run_has_its_task_and_its_request(world, logged):
    written = logged("json")
    await world.run("How many orders?", task_id="t-1", headers={"X-Request-ID": "req-1"})
    await world.run("Crash", task_id="t-2", headers={"X-Request-ID": "req-2"})
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert all(
        datetime.fromisoformat(line["time"]).utcoffset() == UTC.utcoffset(None) for line in lines
    )
    by_task = {task: [each for each in lines if each["task_id"] == task] for task in ("t-1", "t-2")}
    assert {line["request_id"] for line in by_task["t-1"]} == {"req-1"}
    assert any("completed" in line["message"] for line in by_task["t-1"])
    (crash,) = [line for line in by_task["t-2"] if "exception" in line]
    assert (crash["level"], crash["logger"]) == ("ERROR", "datus.workflow.engine")
    assert "RuntimeError" in crash["exception"]
    (access,) = [
        line for line in lines if line["logger"] == "datus.access" and line["request_id"] == "req-1"
    ]
    assert access["task_id"] is None
    assert isinstance(access["pid"], int)
    assert set(access) == {"time", "level", "logger", "message", "request_id", "task_id", "pid"}
    assert "How many orders" not in written.getvalue()
    assert "secret-of-the-tests" not in written.getvalue()


async def test_text_has_both_ids_too(world, logged):
    written = logged("text")
    await world.run("How many orders?", task_id="t-1", headers={"X-Request-ID": "req-1"})
    assert " req-1 t-1 datus.workflow.engine: " in written.getvalue()
    assert " req-1 datus.access: POST /workflows/run 200 " in written.getvalue()


def test_a_line_stays_one_line_whatever_is_logged() -> None:
    # Past the loggers: what they take is shown by pytest, which cannot pass half a character on.
    record = logging.makeLogRecord({"msg": "two\nlines %s", "args": ("\ud800\u2028",)})
    assert IdsFilter().filter(record)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert line.encode()
    assert json.loads(line)["message"].startswith("two\nlines ")
    assert (json.loads(line)["request_id"], json.loads(line)["task_id"]) == (None, None)
