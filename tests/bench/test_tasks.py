"""The measure of tasks in small: datus's side runs six idle nodes a task and says how long each took."""

import json
import subprocess
import sys
from pathlib import Path

TASKS = Path(__file__).parents[2] / "bench" / "tasks"


def test_datus_side_ends_every_task_it_began(tmp_path: Path) -> None:
    command = [sys.executable, str(TASKS / "served.py"), "--url", f"sqlite:///{tmp_path}/state.db"]
    load = ["--widths", "1,3", "--tasks", "4", "--seconds", "30"]
    done = subprocess.run(
        [*command, *load], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["width"], len(each["times_ms"])) for each in rounds] == [(1, 4), (3, 4)]
    assert all(0 < time <= each["span_s"] * 1e3 for each in rounds for time in each["times_ms"])
