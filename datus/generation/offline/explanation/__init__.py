"""What a plan computes, in one or two sentences of the asker's language, made from the plan alone."""

from datus.generation.offline.explanation.explain import explain
from datus.generation.offline.explanation.figures import explain_metrics

__all__ = ["explain", "explain_metrics"]
