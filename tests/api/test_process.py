"""What a server process sets for itself, in a process of its own, for it holds for all that runs there."""

import subprocess
import sys

LOOK = """
import gc
from datus.api.process import spare_collector

before, frozen = gc.get_threshold()[0], gc.get_freeze_count()
spare_collector()
assert gc.get_threshold()[0] >= 10 * before
assert gc.get_freeze_count() > frozen + 10_000


class Held: ...


ended = []
for _ in range(100_000):
    each = Held()
    each.itself = each
    each.__class__.__del__ = lambda self: ended.append(1)
assert ended, "cycles are collected all the same"
"""


def test_the_collector_is_spared_and_still_collects() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", LOOK], check=True, timeout=60)
