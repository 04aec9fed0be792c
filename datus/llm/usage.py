"""Tokens and money: what a request took, as the provider counts it and as it is priced."""

from dataclasses import replace

from pydantic_ai.messages import ModelResponse

from datus.config import ModelConfig
from datus.types import Prompt, Usage

_MILLION = 1_000_000


def measure(response: ModelResponse, config: ModelConfig, *, listed: bool) -> Usage:
    """What an answered request took; its cost is None where no price is known.

    Args:
        listed: Whether the list of known prices holds for it.
    """
    used = response.usage
    return Usage(
        requests=1,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=used.cache_read_tokens,
        cost=_cost(response, config, listed),
    )


def measure_unanswered(prompt: Prompt, config: ModelConfig) -> Usage:
    """What a request took that was cut off: its prompt by estimate, for providers charge for it."""
    tokens = estimate_tokens(prompt.system) + estimate_tokens(prompt.user)
    priced = config.price_input is not None and config.price_output is not None
    cost = tokens * (config.price_input or 0.0) / _MILLION if priced else None
    return Usage(requests=1, input_tokens=tokens, cost=cost)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text is: four characters of a Latin script each, one of any other."""
    wide = sum(1 for letter in text if letter > "\u024f")
    return wide + (len(text) - wide + 3) // 4


def _cost(response: ModelResponse, config: ModelConfig, listed: bool) -> float | None:
    if config.price_input is not None and config.price_output is not None:
        used = response.usage
        spent = used.input_tokens * config.price_input + used.output_tokens * config.price_output
        return spent / _MILLION
    if not listed or response.usage.unmeasured_requests:
        return None
    for name in (response.model_name, config.model):
        try:
            return float(replace(response, model_name=name).cost().total_price)
        except (LookupError, ValueError):  # a model without a known price
            continue
    return None
