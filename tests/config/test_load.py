"""agent.yml to Settings: search order, the environment, types, unknown keys, secrets."""

from dataclasses import asdict
from pathlib import Path
from textwrap import dedent

import pytest

from datus.config import Part, Secret, Settings, datus_home, load_settings
from datus.errors import ConfigError

MINIMAL = """
agent:
  namespace:
    shop: {type: sqlite, uri: shop.sqlite}
"""


@pytest.fixture
def load(tmp_path):
    """Settings of the text of an agent.yml."""

    def read(text: str, **env: str) -> Settings:
        path = tmp_path / "conf" / "agent.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return load_settings(path, env=env, home=tmp_path / "home", cwd=tmp_path)

    return read


@pytest.fixture
def refusal(load):
    """The message with which the text of an agent.yml is refused."""

    def read(text: str, **env: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load(text, **env)
        return caught.value.message

    return read


def in_agent(text: str) -> str:
    return MINIMAL + "\n".join("  " + line for line in dedent(text).strip().splitlines())


# --- where the file is


def test_without_a_file_there_is_the_demo(tmp_path):
    settings = load_settings(env={}, home=tmp_path / "home", cwd=tmp_path)
    assert settings.uses_builtin_demo
    assert list(settings.namespaces) == ["demo"]
    (shop,) = settings.namespaces["demo"].databases
    assert (shop.type, shop.path) == ("duckdb", tmp_path / "home" / "demo" / "shop.duckdb")
    assert shop.path == settings.demo_path
    assert settings.namespaces["demo"].timezone == "UTC"
    assert settings.state_path == tmp_path / "home" / "state.db"


def test_the_search_order(tmp_path):
    home, work = tmp_path / "home", tmp_path / "work"
    places = [tmp_path / "given.yml", work / "conf" / "agent.yml", home / "conf" / "agent.yml"]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(MINIMAL)

    def found(path: Path | None = None) -> Path | None:
        return load_settings(path, env={}, home=home, cwd=work).config_path

    assert found(Path("../given.yml")) == places[0]
    assert found() == places[1]
    places[1].unlink()
    assert found() == places[2]
    places[2].unlink()
    assert found() is None


def test_a_named_file_that_is_absent_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yml: there is no such file"):
        load_settings(Path("nowhere.yml"), env={}, home=tmp_path, cwd=tmp_path)


def test_home_comes_from_the_environment(tmp_path):
    assert datus_home({"HOME": "/home/a"}) == Path("/home/a/.datus")
    assert datus_home({"HOME": "/home/a", "DATUS_HOME": "~/d"}) == Path("/home/a/d")
    assert datus_home({"DATUS_HOME": "/srv/datus"}) == Path("/srv/datus")


def test_relative_paths_start_from_the_file_and_the_tilde_is_home(load, tmp_path):
    settings = load(in_agent("state: {path: ~/tasks.db}"), HOME="/home/a")
    assert settings.state_path == Path("/home/a/tasks.db")
    assert load(in_agent("state: {path: ../s.db}")).state_path == tmp_path / "s.db"


# --- what is read


def test_everything_at_once(load):
    settings = load(
        """
        agent:
          target: mine
          models:
            mine: {type: offline, api_key: hidden}
          namespace:
            shop: {type: sqlite, uri: shop.sqlite, timezone: Asia/Shanghai, description: A shop}
          nodes:
            schema_linking: {rate: slow}
            execute_sql: {max_rows: 5}
          workflow:
            short: [generate_sql, output]
            long:
              description: One line
              nodes: [schema_linking, output]
          server: {statement_timeout_s: 7, max_rows: 9, max_connections: 2}
        """
    )
    assert settings.target == "mine"
    assert sorted(settings.models) == ["mine", "offline"]
    assert settings.models["mine"].api_key == Secret("hidden")
    assert settings.namespaces["shop"].timezone == "Asia/Shanghai"
    assert settings.namespaces["shop"].dialects == ("sqlite",)
    assert settings.node_settings["schema_linking"] == {"rate": "slow"}
    assert settings.workflows["short"].nodes == ("generate_sql", "output")
    assert settings.workflows["long"].description == "One line"
    assert settings.server.max_connections == 2
    # A node's limit is its own, else the service's; the model is the target.
    assert settings.node_settings["execute_sql"] == {
        "timeout_s": 7.0,
        "max_rows": 5,
        "agreement": 3,
    }
    assert settings.node_settings["generate_sql"] == {
        "model": "mine",
        "candidates": 5,
        "samples": 1,
        "offline": "on_failure",
    }


def test_parts_of_workflows_keep_only_what_is_set(load):
    settings = load(
        in_agent(
            """
        workflow:
          a:
            settings: {fix: {max_attempts: 2}}
            nodes:
              - schema_linking
              - parallel:
                  - [generate_sql, execute_sql]
                  - {name: "${WAY}", nodes: [generate_sql], settings: {execute_sql: {max_rows: "3", agreement: }}}
                  - b
                  - b
              - {workflow: b}
        """
        ),
        WAY="second",
    )
    flow = settings.workflows["a"]
    assert flow.settings == {"fix": {"max_attempts": 2}}
    first, parallel, part = flow.nodes
    assert (first, part) == ("schema_linking", Part(workflow="b"))
    assert parallel.branches == (
        Part("1", None, ("generate_sql", "execute_sql")),
        Part("second", None, ("generate_sql",), {"execute_sql": {"max_rows": 3}}),
        Part("b", "b"),
        Part("b 4", "b"),
    )


def test_defaults(load):
    settings = load(MINIMAL)
    assert settings.target == "offline"
    assert {node: dict(values) for node, values in settings.node_settings.items()} == {
        "schema_linking": {"rate": "fast"},
        "date_parser": {
            "week_start": "monday",
            "fiscal_year_start_month": 1,
            "past_n_includes_today": True,
            "past_n_rolling": True,
            "numeric_dates": "certain",
            "holiday_country": "",
        },
        "search_metrics": {"limit": 12, "otherwise": "refuse"},
        "generate_sql": {
            "model": "offline",
            "candidates": 5,
            "samples": 1,
            "offline": "on_failure",
        },
        "execute_sql": {"timeout_s": 30.0, "max_rows": 10_000, "agreement": 3},
        "selection": {"least_confidence": 0.5},
        "fix": {"max_attempts": 1},
        "reflect": {
            "max_rounds": 3,
            "strategies": "simple_regenerate schema_linking column_exploration doc_search reasoning",
            "judge": "rules",
            "model": "offline",
        },
    }
    assert settings.workflows == {}


def test_settings_cannot_be_changed(load):
    settings = load(MINIMAL)
    with pytest.raises(TypeError):
        settings.namespaces["other"] = settings.namespaces["shop"]
    with pytest.raises(TypeError):
        settings.node_settings["reflect"]["max_rounds"] = 9


def test_a_key_without_a_value_counts_as_absent(load):
    assert load(in_agent("server:\n  max_rows:\nstate:")).server.max_rows == 10_000


# --- the environment


@pytest.mark.parametrize(
    ("text", "env", "expected"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("a ${A} b ${B:-c}", {"A": "1"}, "a 1 b c"),
        ("${A:-c}", {"A": ""}, "c"),
        ("${A}", {"A": ""}, ""),
        ("${A:-}", {}, ""),
        ("$${A}", {"A": "x"}, "${A}"),
        ("$A costs $5 or $$", {"A": "x"}, "$A costs $5 or $$"),
        ("${A}", {"A": "${B}", "B": "x"}, "${B}"),
    ],
)
def test_the_environment_is_put_in(load, text, env, expected):
    text = f"agent: {{namespace: {{s: {{type: sqlite, uri: s.db, description: '{text}'}}}}}}"
    assert load(text, **env).namespaces["s"].description == expected


def test_numbers_and_truth_may_come_from_the_environment(load):
    text = in_agent(
        """
        server: {max_rows: "${ROWS}", task_timeout_s: "${TASK:-1.5}"}
        nodes: {date_parser: {past_n_includes_today: "${TODAY}"}}
        """
    )
    settings = load(text, ROWS="12", TODAY="False")
    assert (settings.server.max_rows, settings.server.task_timeout_s) == (12, 1.5)
    assert settings.node_settings["date_parser"]["past_n_includes_today"] is False


def test_an_unset_variable_is_named_with_its_setting(refusal):
    message = refusal(in_agent('server: {max_rows: "${ROWS}"}'))
    assert "agent.server.max_rows" in message
    assert "environment variable ROWS is not set" in message


def test_a_broken_variable_is_refused(refusal):
    assert "begins no variable" in refusal(in_agent('target: "${1A}"'))


def test_a_value_of_the_environment_is_not_shown_in_an_error(refusal):
    message = refusal(in_agent('server: {max_rows: "${ROWS}"}'), ROWS="s3cret")
    assert "'${ROWS}'" in message
    assert "s3cret" not in message


# --- what is refused


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (in_agent("server: {max_row: 5}"), ["agent.server.max_row: unknown key", "did you mean 'max_rows'?"]),
        (in_agent("sever: {}"), ["agent.sever: unknown key", "'server'"]),
        (in_agent("nodes: {schema_link: {}}"), ["agent.nodes.schema_link:", "'schema_linking'"]),
        (in_agent("zzz: 1"), ["agent.zzz: unknown key", "known here: budget, cache, keep, knowledge, models, namespace, nodes,"]),
        ("namespace: {}", ["namespace: unknown key", "agent"]),
        ("", ["agent.namespace", "is required"]),
        ("agent:", ["agent.namespace", "is required"]),
        ("agent: []", ["agent: expected keys with values below it, found an empty list"]),
        ("- a", ["the file: expected keys", "found a list"]),
        (in_agent("server: {max_rows: many}"), ["agent.server.max_rows: 'many' is not usable", "a whole number from 1 to"]),
        (in_agent("server: {max_rows: 1.5}"), ["1.5", "a whole number"]),
        (in_agent("server: {max_rows: true}"), ["True", "a whole number"]),
        (in_agent("server: {max_rows: 0}"), ["0 is not usable", "from 1 to 10000000"]),
        (in_agent("server: {task_timeout_s: .nan}"), ["agent.server.task_timeout_s", "a number"]),
        (in_agent(f"server: {{task_timeout_s: {'9' * 400}}}"), ["agent.server.task_timeout_s"]),
        (in_agent("nodes: {schema_linking: {rate: quick}}"), ["'quick'", "one of fast, medium, slow"]),
        (in_agent("nodes: {date_parser: {past_n_includes_today: 1}}"), ["true or false"]),
        (in_agent("workflow: {a: []}"), ["agent.workflow.a.nodes", "a list of names"]),
        (in_agent("workflow: {a: [1]}"), ["agent.workflow.a.nodes[0]", "1 is not usable", "the name of a node"]),
        (in_agent("workflow: {a: [{paralel: []}]}"), ["agent.workflow.a.nodes[0].paralel: unknown key", "'parallel'"]),
        (in_agent("workflow: {a: [{settings: {}}]}"), ["agent.workflow.a.nodes[0]", "'parallel' and 'workflow'"]),
        (in_agent("workflow: {a: [{parallel: [b, c], settings: {}}]}"), ["agent.workflow.a.nodes[0]", "settings go into a branch"]),
        (in_agent("workflow: {a: [{parallel: [b]}]}"), ["agent.workflow.a.nodes[0].parallel", "at least two branches"]),
        (in_agent("workflow: {a: [{parallel: [b, 1]}]}"), ["agent.workflow.a.nodes[0].parallel[1]", "the name of a workflow"]),
        (in_agent("workflow: {a: [{parallel: [b, {node: [x]}]}]}"), ["parallel[1].node: unknown key", "'nodes'"]),
        (in_agent("workflow: {a: [{parallel: [b, {name: x}]}]}"), ["parallel[1]", "either 'nodes' or 'workflow'"]),
        (in_agent("workflow: {a: [{parallel: [b, {nodes: [x], workflow: b}]}]}"), ["parallel[1]", "either 'nodes' or 'workflow'"]),
        (in_agent("workflow: {a: [{parallel: [b, []]}]}"), ["parallel[1]", "a list of names of nodes"]),
        (in_agent("workflow: {a: [{parallel: [{workflow: b, name: x}, {workflow: c, name: x}]}]}"), ["two branches are named 'x'"]),
        (in_agent("workflow: {a: [{workflow: b, settings: {fixx: {}}}]}"), ["agent.workflow.a.nodes[0].settings.fixx: unknown key", "'fix'"]),
        (in_agent("workflow: {a: [{workflow: b, settings: {fix: {max_attempts: x}}}]}"), ["settings.fix.max_attempts", "a whole number"]),
        (in_agent("workflow: {a: [{workflow: b, settings: {generate_sql: {model: offlin}}}]}"), ["settings.generate_sql.model", "did you mean 'offline'?"]),
        (in_agent("workflow: {a: {nodes: [x], settings: {generate_sql: {model: m}}}}"), ["agent.workflow.a.settings.generate_sql.model", "no model 'm'"]),
        (in_agent("workflow: {a: {nodes: [x], settings: [y]}}"), ["agent.workflow.a.settings", "keys as those of agent.nodes"]),
        (in_agent("workflow: {'a/b': [output]}"), ["agent.workflow.a/b", "a name begins with"]),
        (in_agent("workflow: {a: {description: x}}"), ["agent.workflow.a.nodes: is required"]),
        (in_agent("workflow: {1: [output]}"), ["agent.workflow.1", "put it in quotes"]),
        (in_agent("target: gpt"), ["agent.target: there is no model 'gpt'"]),
        (in_agent("models: {m: {type: deepseek}}"), ["'deepseek'", "one of offline, openai", "of type openai, with their base_url"]),
        (in_agent("models: {m: {}}"), ["agent.models.m.type: is required"]),
        (in_agent("nodes: {generate_sql: {model: x}}"), ["agent.nodes.generate_sql.model", "no model 'x'"]),
        (in_agent("state: {path: 'postgresql://h/d'}"), ["agent.state.path", "expected a path"]),
        (in_agent("budget: {day_usd: -1}"), ["agent.budget.day_usd: -1 is not usable", "a number from 0"]),
        (in_agent("trace: {redact: ['(']}"), ["agent.trace.redact: '(' is no regular expression"]),
        (in_agent("trace: {redact: ['a*']}"), ["agent.trace.redact", "match no empty text"]),
        (in_agent("trace: {redact: a}"), ["agent.trace.redact", "a list of regular expressions"]),
        ("agent: {namespace: {s: {type: sqlite, uri: a, timezone: Mars/Base}}}", ["'Mars/Base'", "IANA time zone"]),
        ("agent: {namespace: {s: {type: sqlite, uri: a, timezone: ../../etc/passwd}}}", ["IANA time zone"]),
    ],
)  # fmt: skip
def test_refusals_say_where_what_and_what_is_expected(refusal, text, parts):
    message = refusal(text)
    assert "agent.yml" in message
    for part in parts:
        assert part in message


def test_a_key_that_stands_twice_is_refused(refusal):
    assert "the key 'target' stands twice (line 3)" in refusal("agent:\n  target: a\n  target: b\n")


def test_what_is_no_yaml_is_refused_without_showing_it(refusal):
    message = refusal("agent:\n  models: {m: {api_key: *s3cret}}\n")
    assert "is not YAML at line 2" in message
    assert "s3cret" not in message


def test_yaml_cannot_make_objects(refusal):
    assert "is not YAML" in refusal("agent: !!python/object/apply:os.getcwd []")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "agent.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_settings(path, env={}, home=tmp_path, cwd=tmp_path)


# --- secrets


def test_secrets_are_never_shown(load):
    settings = load(
        """
        agent:
          models: {m: {type: offline, api_key: "${KEY}"}}
          namespace:
            a: {type: postgresql, host: h, database: d, username: u, password: s3cret}
            b: {type: postgresql, uri: "postgresql://u:s3cret@h/d?sslkey=s3cret"}
        """,
        KEY="s3cret",
    )
    password = settings.namespaces["a"].databases[0].password
    assert password.reveal() == "s3cret"
    for text in (
        repr(settings),
        str(settings),
        f"{password} {password!r}",
        repr(asdict(password_holder(settings))),
    ):
        assert "s3cret" not in text


def password_holder(settings: Settings):
    return settings.models["m"]


@pytest.mark.parametrize("line", ["password: [s3cret]", "password: {s3cret: 1}", "pasword: s3cret"])
def test_errors_about_secrets_do_not_show_them(refusal, line):
    message = refusal(f"agent: {{namespace: {{a: {{type: mysql, host: h, database: d, {line}}}}}}}")
    assert "agent.namespace.a.pas" in message
    assert "s3cret" not in message


def test_a_password_that_yaml_reads_as_a_number_is_refused(refusal):
    message = refusal(
        "agent: {namespace: {a: {type: mysql, host: h, database: d, password: 01234567}}}"
    )
    assert "agent.namespace.a.password" in message
    assert "put it in quotes" in message
    assert "342391" not in message
    assert "1234567" not in message


def test_costs_are_not_limited_and_texts_not_kept_unless_told(load):
    settings = load(MINIMAL)
    assert set(asdict(settings.budget).values()) == {None}
    assert (settings.cache.answers, settings.trace.enabled, settings.trace.texts) == (
        False,
        True,
        False,
    )
    told = load(
        MINIMAL
        + "  budget: {request_tokens: 9, day_usd: '${LIMIT}'}\n  trace: {redact: ['a\\d{2}']}",
        LIMIT="2.5",
    )
    assert (told.budget.request_tokens, told.budget.day_usd) == (9, 2.5)
    assert told.trace.redact == ("a\\d{2}",)
