"""Finding ``agent.yml`` and making `Settings` of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from datus.config.databases import make_namespace
from datus.config.models import make_models
from datus.config.rate_limits import make_rate_limits
from datus.config.reader import (
    Source,
    check,
    expand_user,
    make_tree,
    parse_yaml,
    unknown,
)
from datus.config.table import SETTINGS
from datus.config.values import (
    BudgetConfig,
    CacheConfig,
    DatabaseConfig,
    EmbeddingsConfig,
    KeepConfig,
    KnowledgeSources,
    ModelConfig,
    NamespaceConfig,
    NodeValue,
    ServerConfig,
    Settings,
    TelemetryConfig,
    TraceConfig,
)
from datus.config.workflows import make_workflow
from datus.errors import ConfigError
from datus.files import read_text

DEMO = "demo"


def datus_home(env: Mapping[str, str]) -> Path:
    """Directory of datus's own files: ``DATUS_HOME``, else ``.datus`` in the user's home directory."""
    if env.get("DATUS_HOME"):
        return Path(expand_user(env["DATUS_HOME"], env)).absolute()
    return Path(env.get("HOME") or Path.home(), ".datus")


def find_config(path: Path | None, *, home: Path, cwd: Path) -> Path | None:
    """The ``agent.yml`` to use: ``path``, else ``cwd/conf``, else ``home/conf``; None when there is none.

    Raises:
        ConfigError: ``path`` is given and no file is there.
    """
    if path is not None:
        given = Path(os.path.abspath(Path(cwd, path)))
        if not given.is_file():
            raise ConfigError(
                f"{given}: there is no such file; --config takes the path of an agent.yml."
            )
        return given
    for folder in (cwd, home):
        candidate = folder / "conf" / "agent.yml"
        if candidate.is_file():
            return candidate.absolute()
    return None


def load_settings(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
    cwd: Path | None = None,
) -> Settings:
    """The settings of ``agent.yml``, or of the built-in demo when there is no file.

    Args:
        path: The file, when named by the user; otherwise it is looked for (`find_config`).
        env: Environment that ``${NAME}`` reads; the process's when absent.
        home: Directory of datus's own files; `datus_home` when absent.
        cwd: Directory the search starts from; the process's when absent.

    Raises:
        ConfigError: The file cannot be used; the message names file, setting, value and what is expected.
    """
    env = os.environ if env is None else env
    home = datus_home(env) if home is None else home
    found = find_config(path, home=home, cwd=Path.cwd() if cwd is None else cwd)
    if found is None:
        source = Source(home / "conf" / "agent.yml", env)
        return _settings({}, None, source, home)
    source = Source(found, env)
    return _settings(_long_forms(parse_yaml(read_text(found), found)), found, source, home)


def _long_forms(raw: Any) -> Any:
    """Workflows written as ``<name>: [node, ...]`` in their long form."""
    agent = raw.get("agent") if isinstance(raw, dict) else None
    flows = agent.get("workflow") if isinstance(agent, dict) else None
    if not isinstance(agent, dict) or not isinstance(flows, dict):
        return raw
    long = {key: {"nodes": flow} if isinstance(flow, list) else flow for key, flow in flows.items()}
    return {**raw, "agent": {**agent, "workflow": long}}


def _settings(raw: Any, found: Path | None, source: Source, home: Path) -> Settings:
    agent = check(raw, make_tree(SETTINGS), source)["agent"]
    server = ServerConfig(**agent["server"])
    models = make_models(agent["models"], source)
    _require_model(agent["target"], "agent.target", models, source)
    nodes = _nodes(agent, source)
    _require_model(
        str(nodes["generate_sql"]["model"]), "agent.nodes.generate_sql.model", models, source
    )
    _require_model(str(nodes["reflect"]["model"]), "agent.nodes.reflect.model", models, source)
    if found is None:
        namespaces = {DEMO: _demo(home)}
    elif agent["namespace"]:
        namespaces = {
            name: make_namespace(name, section, source)
            for name, section in agent["namespace"].items()
        }
    else:
        raise source.error(
            "agent.namespace", "is required: name at least one database to put questions to."
        )
    return Settings(
        config_path=found,
        home=home,
        target=agent["target"],
        models=MappingProxyType(models),
        namespaces=MappingProxyType(namespaces),
        node_settings=nodes,
        workflows=MappingProxyType(
            {
                name: make_workflow(name, flow, models, source)
                for name, flow in agent["workflow"].items()
            }
        ),
        server=server,
        state_path=agent["state"]["path"] or home / "state.db",
        state_url=agent["state"]["url"],
        knowledge_path=agent["knowledge"]["path"] or home / "knowledge",
        embeddings=EmbeddingsConfig(**agent["knowledge"]["embeddings"]),
        prompts_path=agent["prompts"]["path"],
        budget=BudgetConfig(**agent["budget"]),
        cache=CacheConfig(**agent["cache"]),
        trace=TraceConfig(**{**agent["trace"], "redact": agent["trace"]["redact"] or ()}),
        rate_limits=make_rate_limits(agent["rate_limits"], source),
        keep=KeepConfig(**agent["keep"]),
        telemetry=TelemetryConfig(**agent["telemetry"]),
    )


def _require_model(name: str, at: str, models: Mapping[str, ModelConfig], source: Source) -> None:
    if name not in models:
        raise source.error(
            at, f"there is no model {name!r} in agent.models; {unknown(name, models)}"
        )


def _nodes(agent: Mapping[str, Any], source: Source) -> Mapping[str, Mapping[str, NodeValue]]:
    """Every node's settings; a default that is another setting's value is looked up here.

    What is absent and has no default is left out.
    """
    filled = {node: dict(values) for node, values in agent["nodes"].items()}
    for setting in SETTINGS:
        if setting.same_as is None:
            continue
        _, _, node, key = setting.name.split(".")
        if filled[node][key] is None:
            value: Any = {"agent": agent}
            for part in setting.same_as.split("."):
                value = value[part]
            filled[node][key] = value
    return MappingProxyType(
        {
            node: MappingProxyType(
                {key: value for key, value in values.items() if value is not None}
            )
            for node, values in filled.items()
        }
    )


def _demo(home: Path) -> NamespaceConfig:
    shop = DatabaseConfig("shop", "duckdb", home / "demo" / "shop.duckdb")
    told = Path(__file__).parent.parent / "demo" / "knowledge"
    return NamespaceConfig(
        DEMO,
        (shop,),
        description="A shop, made by datus itself.",
        knowledge=KnowledgeSources(
            metrics=told / "metrics",
            terms=told / "terms.yml",
            reference_sql=told / "reference.csv",
            documents=told / "documents",
        ),
    )
