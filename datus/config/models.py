"""Models of ``agent.models``: what must go together, beyond the type of each value."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from datus.config.reader import Source, unknown
from datus.config.values import ModelConfig

OFFLINE = "offline"
_HOSTED_ONLY = ("fallback", "api_key_file")


def make_models(section: Mapping[str, Mapping[str, Any]], source: Source) -> dict[str, ModelConfig]:
    """Every configured model by name, and ``offline``, which is always there.

    Raises:
        ConfigError: Settings of a model that do not go together, or a fallback that is no model.
    """
    made = {OFFLINE: ModelConfig(OFFLINE)}
    for name, model in section.items():
        at = f"agent.models.{name}"
        made[name] = ModelConfig(name, **{**model, "fallback": model["fallback"] or ()})
        _check(made[name], at, source)
    for model_name in section:
        _check_fallback(made[model_name], made, source)
    return made


def _check(config: ModelConfig, at: str, source: Source) -> None:
    if config.type == OFFLINE:
        for key in _HOSTED_ONLY:
            if getattr(config, key):
                raise source.error(
                    f"{at}.{key}", "is for hosted models; type offline has no use for it."
                )
        return
    if config.name == OFFLINE:
        raise source.error(
            f"{at}.type", "the name offline is kept for the type offline; rename the model."
        )
    if not config.model:
        raise source.error(
            f"{at}.model",
            f"is required where type is {config.type}: the provider's name of the model.",
        )
    if config.api_key is not None and config.api_key_file is not None:
        raise source.error(f"{at}.api_key_file", "stands beside api_key; keep one of the two.")
    if (config.price_input is None) != (config.price_output is None):
        raise source.error(f"{at}.price_input", "goes with price_output; set both or none.")
    if config.base_url is not None:
        _check_address(config.base_url, f"{at}.base_url", source)


def _check_address(text: str, at: str, source: Source) -> None:
    """An address is never shown: it may hold what it should not."""
    try:
        address = urlsplit(text)
        usable = address.scheme in ("http", "https") and bool(address.hostname)
        address.port  # noqa: B018  (raises where it is no number)
    except ValueError:
        usable = False
    if not usable:
        raise source.error(at, "is no address; write https://host/v1.")
    if address.username or address.password or address.query:
        raise source.error(at, "holds more than an address; a key belongs into api_key.")


def _check_fallback(config: ModelConfig, models: Mapping[str, ModelConfig], source: Source) -> None:
    at = f"agent.models.{config.name}.fallback"
    for place, name in enumerate(config.fallback):
        if name not in models:
            raise source.error(
                at, f"there is no model {name!r} in agent.models; {unknown(name, models)}"
            )
        if name == config.name or name in config.fallback[:place]:
            raise source.error(at, f"names {name!r} twice or the model itself.")
        if models[name].type == OFFLINE and place + 1 < len(config.fallback):
            raise source.error(at, f"{name!r} always answers or refuses for good; put it last.")
