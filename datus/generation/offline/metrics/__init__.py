"""Questions over metrics: read what is asked and choose a typed metric query from what was found."""

from datus.generation.offline.metrics.chooser import choose

__all__ = ["choose"]
