"""A small randomised run in each engine; ``python -m tests.faults.scenario`` is the large one."""

import secrets
from collections.abc import Callable

from tests.faults.scenario import SETTINGS, Scenario
from tests.faults.servers import Nursery, Place, say

TASKS = 120


async def test_whatever_happens_no_task_is_lost(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    seed = secrets.randbelow(10**6)
    say(f"seed {seed}")  # shown with a failure
    scenario = Scenario(make_place(SETTINGS), processes, seed, TASKS)
    verdict = await scenario.run(90)
    say(scenario.summary(verdict))
    assert scenario.counts.problems == [], f"seed {seed}"
    assert len(verdict.tasks) == TASKS
    assert scenario.counts.faults.total() >= 2
