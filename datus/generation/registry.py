"""Model types and the generators that serve them; a new type is one line here."""

from collections.abc import Callable, Mapping

from datus.config import ModelConfig
from datus.generation.base import Generator
from datus.generation.offline.generator import OfflineGenerator

MAKERS: Mapping[str, Callable[[ModelConfig], Generator]] = {
    "offline": lambda model: OfflineGenerator(least_confidence=model.least_confidence),
}


def make_generator(model: ModelConfig) -> Generator:
    """The generator for a configured model, whose type the configuration has already checked."""
    return MAKERS[model.type](model)
