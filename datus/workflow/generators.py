"""The generators of a process: one for each way in which its configuration sets ``generate_sql``."""

from collections.abc import Callable, Hashable, Iterable, Mapping

from datus.config import NodeSettings
from datus.generation.base import Generator

GeneratorOf = Callable[[NodeSettings], Generator]
"""Which generator answers where the nodes are set like this."""

# The node itself cuts the list of candidates; no generator is another one for it.
_NODES_OWN = frozenset({"candidates"})


def by_settings(each: Iterable[NodeSettings], make: GeneratorOf) -> GeneratorOf:
    """Make the generators for all settings that there are, once; equal settings share one."""
    made: dict[Hashable, Generator] = {}
    for settings in each:
        key = _key(settings)
        if key not in made:
            made[key] = make(settings)
    return lambda settings: made[_key(settings)]


def by_model(generators: Mapping[str, Generator]) -> GeneratorOf:
    """Look generators up by the name of the model alone."""
    return lambda settings: generators[str(settings["generate_sql"]["model"])]


def _key(settings: NodeSettings) -> Hashable:
    node = settings["generate_sql"].items()
    return frozenset(item for item in node if item[0] not in _NODES_OWN)
