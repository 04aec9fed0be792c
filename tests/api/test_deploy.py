"""What is in ``deploy/`` and docs/operations.md fits the server as it is."""

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import yaml

from datus.api.middleware import MAX_BODY_BYTES
from datus.api.process import LAST_RESORT_S
from datus.api.server import make_parser
from datus.api.sse import HEARTBEAT_S
from datus.config import ServerConfig
from datus.service.health import Reason

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
METRICS = set(re.findall(r"\n\| `(datus_\w+)` \|", (ROOT / "docs" / "http.md").read_text("utf-8")))
UNIT = (ROOT / "deploy" / "datus.service").read_text("utf-8")
NGINX = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
CONTAINER = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
ALERTS = (ROOT / "deploy" / "alerts.yml").read_text("utf-8")
GRACE_S = ServerConfig().shutdown_grace_s + LAST_RESORT_S


def value(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, pattern
    return found[1]


@pytest.mark.parametrize("text", [OPERATIONS, ALERTS], ids=["page", "alerts"])
def test_every_metric_that_is_watched_exists(text):
    named = set(re.findall(r"\bdatus_[a-z_]+\b", text))
    assert named
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= METRICS


def test_every_alert_has_its_row():
    (group,) = yaml.safe_load(ALERTS)["groups"]
    assert [rule["alert"] for rule in group["rules"]] == re.findall(
        r"\n\| `(Datus\w+)`", OPERATIONS
    )


def test_every_reason_has_its_row():
    table = OPERATIONS.split("\n| reason |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"\n\| `(\w+)` \|", table)) == set(get_args(Reason))


def test_the_unit_starts_a_server_and_gives_it_time_to_end():
    command = shlex.split(value(UNIT, r"^ExecStart=(.*)$"))
    assert command[1:3] == ["-m", "datus.api.server"]
    assert make_parser().parse_args(command[3:]).workers == 2
    assert float(value(UNIT, r"^TimeoutStopSec=(\d+)$")) > GRACE_S


def test_the_container_starts_a_server_from_files_that_are_there():
    command = yaml.safe_load(value(CONTAINER, r"^ENTRYPOINT (.*)$"))
    assert command[1:3] == ["-m", "datus.api.server"]
    assert make_parser().parse_args(command[3:]).host == "0.0.0.0"
    assert float(value(CONTAINER, r"--stop-timeout (\d+)")) > GRACE_S
    let_in = (ROOT / ".dockerignore").read_text("utf-8")
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \./?\w*$", CONTAINER, re.MULTILINE)).split()
    assert {"requirements.lock", "pyproject.toml", "datus"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists()
        assert f"\n!{name}\n" in let_in


def test_nginx_lets_through_what_datus_takes():
    assert int(value(NGINX, r"client_max_body_size (\d+)k;")) * 1024 == MAX_BODY_BYTES
    assert int(value(NGINX, r"proxy_read_timeout +(\d+)s;")) > ServerConfig().task_timeout_s
    assert int(value(NGINX, r"proxy_read_timeout +(\d+)s;")) > HEARTBEAT_S
    assert "proxy_buffering off;" in NGINX
