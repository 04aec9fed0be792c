"""Settings of models: what each type needs, what goes together, where keys come from."""

from pathlib import Path
from textwrap import indent

import pytest

from datus.config import ModelConfig, Secret, Settings, load_settings
from datus.errors import ConfigError

KEY = "sk-s3cret"


@pytest.fixture
def load(tmp_path):
    """Settings of models' text, and of more text below ``agent``."""

    def read(models: str, agent: str = "") -> Settings:
        path = tmp_path / "conf" / "agent.yml"
        path.parent.mkdir(exist_ok=True)
        lines = (
            f"namespace: {{s: {{type: sqlite, uri: a}}}}\nmodels:\n{indent(models, '  ')}\n{agent}"
        )
        path.write_text(f"agent:\n{indent(lines, '  ')}\n", encoding="utf-8")
        env = {"HOME": "/home/a", "KEY": KEY, "URL": "http://gpu:8000/v1"}
        return load_settings(path, env=env, home=tmp_path, cwd=tmp_path)

    return read


def test_a_hosted_model_and_its_defaults(load):
    settings = load("gpt: {type: openai, model: gpt-x, api_key: '${KEY}'}", "target: gpt")
    assert settings.models["gpt"] == ModelConfig("gpt", "openai", "gpt-x", api_key=Secret(KEY))
    assert settings.node_settings["generate_sql"]["model"] == "gpt"
    assert KEY not in repr(settings)
    assert settings.models["offline"].type == "offline"


def test_every_setting(load, tmp_path):
    text = """
qwen:
  type: openai
  model: qwen-max
  base_url: ${URL}
  api_key_file: ../key.txt
  temperature: 0.1
  max_tokens: 900
  timeout_s: 12
  retries: 4
  context_tokens: 8000
  output: json
  stream: true
  price_input: 0.5
  price_output: 2
  fallback: [other, offline]
other: {type: claude, model: c}
"""
    assert load(text).models["qwen"] == ModelConfig(
        "qwen",
        "openai",
        "qwen-max",
        base_url="http://gpu:8000/v1",
        api_key_file=tmp_path / "key.txt",
        temperature=0.1,
        max_tokens=900,
        timeout_s=12,
        retries=4,
        context_tokens=8_000,
        output="json",
        stream=True,
        price_input=0.5,
        price_output=2,
        fallback=("other", "offline"),
    )


@pytest.mark.parametrize(
    ("written", "type_"),
    [("claude", "claude"), ("anthropic", "claude"), ("gemini", "gemini"), ("google", "gemini")],
)
def test_types_by_the_names_of_their_makers(load, written, type_):
    assert load(f"m: {{type: {written}, model: x}}").models["m"].type == type_


def test_what_a_node_sets_for_its_requests_is_absent_unless_set(load):
    plain = load("m: {type: openai, model: x}").node_settings["generate_sql"]
    assert not {"temperature", "max_tokens", "timeout_s"} & plain.keys()
    node = "nodes: {generate_sql: {model: m, temperature: 0, max_tokens: 500, timeout_s: 9}}"
    told = load("m: {type: openai, model: x}", node).node_settings["generate_sql"]
    assert (told["model"], told["temperature"], told["max_tokens"]) == ("m", 0, 500)
    assert told["timeout_s"] == 9


@pytest.mark.parametrize(
    ("models", "parts"),
    [
        ("m: {type: openai}", ["agent.models.m.model: is required", "type is openai"]),
        ("m: {type: openai, model: x, apikey: y}", ["m.apikey: unknown key", "'api_key'"]),
        ("m: {type: openai, model: x, api_key: '${NOT_SET}'}", ["m.api_key", "NOT_SET is not set"]),
        (
            "m: {type: gemini, model: x, api_key: y, api_key_file: z}",
            ["m.api_key_file", "keep one"],
        ),
        ("m: {type: claude, model: x, price_input: 1}", ["m.price_input: goes with price_output"]),
        ("m: {type: claude, model: x, temperature: 3}", ["m.temperature: 3", "from 0 to 2"]),
        ("m: {type: claude, model: x, output: xml}", ["'xml'", "one of tool, json, prompted"]),
        ("m: {type: openai, model: x, base_url: localhost:11434}", ["m.base_url: is no address"]),
        ("m: {type: openai, model: x, base_url: 'http://h:x/v1'}", ["m.base_url: is no address"]),
        ("m: {type: openai, model: x, base_url: 'ftp://h'}", ["m.base_url: is no address"]),
        ("m: {type: openai, model: x, fallback: [mm]}", ["there is no model 'mm'", "did you mean"]),
        ("m: {type: openai, model: x, fallback: [m]}", ["names 'm' twice or the model itself"]),
        (
            "m: {type: openai, model: x, fallback: [offline, n]}\nn: {type: openai, model: y}",
            ["m.fallback: 'offline'", "put it last"],
        ),
        ("m: {type: offline, fallback: [offline]}", ["m.fallback: is for hosted models"]),
        ("offline: {type: openai, model: x}", ["agent.models.offline.type", "rename the model"]),
    ],
)
def test_refusals_say_where_what_and_what_is_expected(load, models, parts):
    with pytest.raises(ConfigError) as caught:
        load(models)
    for part in parts:
        assert part in caught.value.message


@pytest.mark.parametrize("url", ["https://u:s3cret@h/v1", "https://h/v1?key=s3cret", "s3cret@h"])
def test_an_address_that_holds_a_key_is_refused_and_not_shown(load, url):
    with pytest.raises(ConfigError) as caught:
        load(f"m: {{type: openai, model: x, base_url: '{url}'}}")
    assert "s3cret" not in caught.value.message
    assert isinstance(caught.value.message, str)


def test_paths_of_keys_start_from_the_file_and_from_home(load, tmp_path):
    models = load(
        "m: {type: claude, model: x, api_key_file: ~/key}\nn: {type: claude, model: x, api_key_file: k}"
    ).models
    assert models["m"].api_key_file == Path("/home/a/key")
    assert models["n"].api_key_file == tmp_path / "conf" / "k"
