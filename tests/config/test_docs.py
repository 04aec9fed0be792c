"""docs/settings.md and the example files stay true."""

import re
from pathlib import Path

import pytest

from datus.auth.file import AUTH_SETTINGS, load_auth_file
from datus.config import SETTINGS, Setting, load_settings

ROOT = Path(__file__).parents[2]


def default_of(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.same_as:
        return f"as `{setting.same_as}`"
    match setting.default:
        case None | "":
            return "-"
        case bool() as truth:
            return f"`{str(truth).lower()}`"
        case float() as number:
            return f"`{number:g}`"
        case other:
            return f"`{other}`"


def value_of(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    if setting.minimum is None or setting.maximum is None:
        return setting.type
    return f"{setting.type}, {setting.minimum:g} to {int(setting.maximum)}"


def row_of(setting: Setting) -> str:
    return f"| `{setting.name}` | {value_of(setting)} | {default_of(setting)} | {setting.meaning} |"


def rows_of(heading: str) -> list[str]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `.*$", section, re.MULTILINE)


def test_every_setting_has_its_row():
    assert rows_of("`agent.yml`") == [row_of(setting) for setting in SETTINGS]


def test_every_setting_of_clients_has_its_row():
    assert rows_of("`auth_clients.yml`") == [row_of(setting) for setting in AUTH_SETTINGS]


def test_names_are_unique_and_defaults_are_values_of_their_type():
    names = [setting.name for setting in (*SETTINGS, *AUTH_SETTINGS)]
    assert len(names) == len(set(names))
    for setting in SETTINGS:
        assert setting.same_as is None or setting.same_as in names
        if setting.choices and setting.default is not None:
            named = setting.default.split() if setting.type == "order" else [setting.default]
            assert set(named) <= set(setting.choices)


def test_the_example_agent_yml_loads(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "data" / "archive").mkdir(parents=True)
    (tmp_path / "data" / "archive" / "2023.duckdb").touch()
    path = tmp_path / "conf" / "agent.yml"
    path.write_text((ROOT / "conf" / "agent.yml.example").read_text(encoding="utf-8"))
    settings = load_settings(path, env={}, home=tmp_path, cwd=tmp_path)
    assert sorted(settings.namespaces) == ["archive", "chinook", "sales", "web"]


def test_the_example_auth_clients_yml_loads_with_its_environment():
    env = {
        "DASHBOARD_SECRET": "a" * 20,
        "FINANCE_APP_SECRET": "b" * 20,
        "JWT_SECRET_KEY": "k" * 40,
    }
    accounts = load_auth_file(ROOT / "conf" / "auth_clients.yml.example", env).accounts
    assert sorted(accounts) == ["dashboard", "finance_app"]


@pytest.mark.parametrize("name", ["settings.md", "auth.md"])
def test_links_between_pages_lead_somewhere(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([\w.]+\.md)\)", text):
        assert (ROOT / "docs" / target).is_file()
