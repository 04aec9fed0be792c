"""Model types and the generators that serve them; a new type is one line here."""

from collections.abc import Callable, Mapping

from datus.config import ModelConfig, NodeValue, Settings
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


def _offline(settings: Settings, config: ModelConfig, model_of: ModelOf) -> Generator:
    return OfflineGenerator(least_confidence=config.least_confidence)


def _hosted(settings: Settings, config: ModelConfig, model_of: ModelOf) -> Generator:
    node = settings.node_settings["generate_sql"]
    most = _number(node, "max_tokens")
    options = Options(
        context_tokens=config.context_tokens,
        samples=int(node["samples"]),
        temperature=_number(node, "temperature"),
        max_tokens=None if most is None else int(most),
        timeout_s=_number(node, "timeout_s"),
    )
    prompts = load_prompts(settings.prompts_path)
    return FallbackGenerator(
        PromptedGenerator(model_of(config.name), prompts, options),
        _offline(settings, settings.models[OFFLINE], model_of),
        on_failure=node["fallback"] != "none",
        over_budget=node["fallback"] == "always",
        beside=node["beside"] == OFFLINE,
    )


def _number(node: Mapping[str, NodeValue], key: str) -> float | None:
    value = node.get(key)
    return None if value is None else float(value)


MAKERS: Mapping[str, Callable[[Settings, ModelConfig, ModelOf], Generator]] = {
    OFFLINE: _offline,
    "openai": _hosted,
    "claude": _hosted,
    "gemini": _hosted,
}


def make_generator(settings: Settings, name: str, model_of: ModelOf) -> Generator:
    """The generator for a configured model, whose type the configuration has already checked.

    Args:
        name: Name of the model in the settings.
        model_of: Gives hosted models; asked for none where the type is ``offline``.

    Raises:
        ConfigError: A prompt file of the settings, or the model itself, cannot be used.
    """
    load_prompts(settings.prompts_path)  # a bad one is refused at the start, whoever would use it
    config = settings.models[name]
    return MAKERS[config.type](settings, config, model_of)
