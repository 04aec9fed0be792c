"""Model types and the generators that serve them; a new type is one line here."""

from collections.abc import Callable, Mapping

from datus.config import NodeValue, Settings
from datus.generation.base import Generator
from datus.generation.fallback import FallbackGenerator
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.prompted.asking import Options
from datus.generation.prompted.generator import PromptedGenerator
from datus.generation.prompted.prompts import load_prompts
from datus.llm.base import Model

OFFLINE = "offline"

ModelOf = Callable[[str], Model]
"""The hosted model of a name in the configuration."""

NodeSettings = Mapping[str, Mapping[str, NodeValue]]
"""Values of settings by node and key."""


def _offline(settings: Settings, nodes: NodeSettings, model_of: ModelOf) -> Generator:
    config = settings.models[_name(nodes)]
    return OfflineGenerator(least_confidence=config.least_confidence)


def _hosted(settings: Settings, nodes: NodeSettings, model_of: ModelOf) -> Generator:
    node, config = nodes["generate_sql"], settings.models[_name(nodes)]
    most = _number(node, "max_tokens")
    options = Options(
        context_tokens=config.context_tokens,
        samples=int(node["samples"]),
        temperature=_number(node, "temperature"),
        max_tokens=None if most is None else int(most),
        timeout_s=_number(node, "timeout_s"),
    )
    stand_ins = [each for each in config.fallback if settings.models[each].type == OFFLINE]
    last = settings.models[stand_ins[0] if stand_ins else OFFLINE]
    prompted = PromptedGenerator(
        model_of(config.name), load_prompts(settings.prompts_path), options
    )
    return FallbackGenerator(
        prompted,
        OfflineGenerator(least_confidence=last.least_confidence),
        on_failure=bool(stand_ins) or node["offline"] != "never",
        over_budget=node["offline"] == "on_budget",
        beside=node["offline"] == "beside",
        version=prompted.version,
    )


def _name(nodes: NodeSettings) -> str:
    return str(nodes["generate_sql"]["model"])


def _number(node: Mapping[str, NodeValue], key: str) -> float | None:
    value = node.get(key)
    return None if value is None else float(value)


MAKERS: Mapping[str, Callable[[Settings, NodeSettings, ModelOf], Generator]] = {
    OFFLINE: _offline,
    "openai": _hosted,
    "claude": _hosted,
    "gemini": _hosted,
}


def make_generator(settings: Settings, nodes: NodeSettings, model_of: ModelOf) -> Generator:
    """The generator for the model that ``generate_sql`` names.

    Args:
        settings: Models and prompts.
        nodes: The nodes' settings that hold; those of a part of a workflow may differ.
        model_of: Gives hosted models; asked for none where the type is ``offline``.

    Raises:
        ConfigError: A prompt file of the settings, or the model itself, cannot be used.
    """
    load_prompts(settings.prompts_path)  # a bad one is refused at the start, whoever would use it
    return MAKERS[settings.models[_name(nodes)].type](settings, nodes, model_of)
