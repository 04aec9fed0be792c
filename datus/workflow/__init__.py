"""Workflows are data: tuples of node names (``definitions``), run by one engine (``engine``)."""
