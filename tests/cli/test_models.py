"""``datus models``: what is configured, and whether each model answers."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from datus.cli.main import main
from tests.llm import wire as wires
from tests.llm.wire import Answer, Status, Wire

KEY = "sk-cli-5up3rs3cr3t"


@pytest.fixture
def wire() -> Iterator[Wire]:
    """The wire server on a thread of its own, for the command has its own loop."""
    loop = asyncio.new_event_loop()
    up, down = threading.Event(), asyncio.Event()
    found: list[Wire] = []

    async def serve() -> None:
        async with wires.serve() as server:
            found.append(server)
            up.set()
            await down.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert up.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(down.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def datus(capsys, tmp_path, monkeypatch):
    """Runs the program on models' text; gives its exit code and all it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODEL_KEY", KEY)

    def run(models: str, *arguments: str) -> tuple[int, str]:
        path = tmp_path / "agent.yml"
        path.write_text(f"agent:\n  namespace: {{s: {{type: sqlite, uri: a}}}}\n{models}")
        with pytest.raises(SystemExit) as ended:
            main(["models", *arguments, "--config", str(path)])
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return int(ended.value.code or 0), out + err

    return run


def configured(wire: Wire) -> str:
    key = "api_key: '${MODEL_KEY}'"
    return f"""
  target: gpt
  models:
    gpt: {{type: openai, model: gpt-4o, base_url: '{wire.url("openai")}', {key}, fallback: [claude, offline], price_input: 1, price_output: 2}}
    claude: {{type: claude, model: claude-wire, base_url: '{wire.url("claude")}', {key}, max_tokens: 1000}}
    gemini: {{type: gemini, model: gemini-wire}}
"""


def test_list(datus, wire):
    code, said = datus(configured(wire), "list")
    assert code == 0
    rows = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "set" in rows["gpt"]
    assert "claude, offline" in rows["gpt"]
    assert "agent.target, generate_sql" in rows["gpt"]
    assert "missing" in rows["gemini"]
    assert "offline" in rows


def test_check_says_what_each_took(datus, wire):
    wire.script = [Answer({"total": 42})]
    code, said = datus(configured(wire), "check", "gpt", "claude")
    assert code == 0
    rows = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "1000 + 50" in rows["gpt"]
    assert "$0.001100" in rows["gpt"]
    assert rows["gpt"].rstrip().endswith("answers")
    assert rows["claude"].rstrip().endswith("answers")
    assert {seen.provider for seen in wire.seen} == {"openai", "claude"}


def test_check_says_what_is_wrong_and_what_to_do_and_ends_with_1(datus, wire):
    wire.script = [Status(401, "Incorrect key", echo_key=True)]
    code, said = datus(configured(wire), "check")
    assert code == 1
    assert said.count("failed") == 3
    assert "check agent.models.gpt.api_key" in said
    assert "Model 'gemini' has no key; set agent.models.gemini.api_key" in said
    assert len(wire.seen) == 2, "no stand-in and no second try: each model is checked by itself"


def test_check_does_not_hide_a_wrong_answer(datus, wire):
    wire.script = [Answer({"total": 43})]
    code, said = datus(configured(wire), "check", "gpt")
    assert code == 0
    assert "says that 17 + 25 is 43" in said


def test_check_gives_up_in_time(datus, wire):
    wire.script = ["hang"]
    code, said = datus(configured(wire), "check", "gpt", "--timeout", "2")
    assert code == 1
    assert "did not answer completely" in said or "no time left" in said


def test_what_cannot_be_checked(datus, wire):
    assert "did you mean 'gpt'" in datus(configured(wire), "check", "gtp")[1]
    assert "of type offline" in datus(configured(wire), "check", "offline")[1]
    code, said = datus("", "check")
    assert (code, "nothing to check" in said) == (0, True)
