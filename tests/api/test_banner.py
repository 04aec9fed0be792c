"""Where the server says that it is, and the one command that it prints."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from datus.api.banner import base_url, is_up, text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_an_address_to_type(host, url):
    assert base_url(host, 8000) == url


def test_the_demo_comes_with_a_command_to_paste(settings, monkeypatch):
    monkeypatch.chdir(Path(sys.executable).parents[2])
    demo = replace(settings, config_path=None)
    question = "Show me monthly revenue by product category"
    program = str(Path(sys.executable).with_name("datus").relative_to(Path.cwd()))
    assert f'  {program} ask "{question}"\n' in text("127.0.0.1", 8000, demo)
    told = text("127.0.0.1", 8123, demo)
    assert f'  {program} ask "{question}" --url http://127.0.0.1:8123\n' in told


def test_other_databases_get_no_question_about_the_demo(settings):
    assert text("127.0.0.1", 8000, settings) == (
        "datus answers on http://127.0.0.1:8000 (documentation: http://127.0.0.1:8000/docs)"
    )


def test_nothing_is_up():
    assert not is_up("127.0.0.1", 1)
