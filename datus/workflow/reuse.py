"""Asking the generator, or taking what it wrote for an equal asking."""

import hashlib

from datus.types import GenerationContext
from datus.workflow.cache import Candidates
from datus.workflow.node import Tools, known
from datus.workflow.state import RunState


def key_of(context: GenerationContext, state: RunState, tools: Tools, client_id: str) -> str:
    """The same for two askings that must get the same SQL.

    That is: one client, so that nothing passes between clients of different rights; one namespace, database
    and version of its knowledge; one generator with its model and prompts; and all that the generator sees
    of the question, today and ``ext_knowledge`` among it. ``repr`` of a context leaves out its meter.
    """
    linking = known(state.linking, "schema")
    parts = (
        client_id,
        state.namespace,
        linking.database,
        state.schema_name,
        linking.snapshot.version,
        tools.generator.name,
        sorted(tools.settings.node_settings["generate_sql"].items()),
        tools.generator.version,
        context,
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


async def generated(context: GenerationContext, state: RunState, tools: Tools) -> Candidates:
    """What the generator writes, or what it wrote for an equal asking. Raises as ``Generator.generate``."""
    cache, meter = tools.cache, state.meter
    if cache is None or meter is None:
        return await tools.generator.generate(context)
    key = key_of(context, state, tools, meter.client_id)
    found = cache.get(key)
    meter.cached = found is not None
    if found is not None:
        return found
    candidates = await tools.generator.generate(context)
    # What stood in for a model that failed is not kept: the model may answer the next time.
    if all(each.model and not each.degraded for each in candidates):
        meter.written[key] = candidates
    return candidates
