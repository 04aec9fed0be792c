"""What must hold after any fault, read from the state by plain SQL and from the diary, not through datus."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

from tests.faults.servers import Place

FINAL = ("completed", "failed", "refused", "cancelled")


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        tasks: Every task by its ``task_id``, as it is in the state.
        events: Their events as (seq, type, data, time).
        problems: What must not be, in words.
    """

    tasks: dict[str, Any]
    events: dict[str, list[tuple[int, str, dict[str, Any], str]]]
    problems: list[str]

    @property
    def lost(self) -> list[str]:
        """Tasks that were given up, as three processes died with them."""
        return [
            name
            for name, task in self.tasks.items()
            if task.error and json.loads(task.error)["code"] == "worker_lost"
        ]


def rows(state: Path | str, statement: str) -> list[Any]:
    """Rows of the state, read behind datus's back."""
    url = f"sqlite:///{state}" if isinstance(state, Path) else state.replace("://", "+psycopg://")
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(statement))


def diary(place: Place, what: str = "", task: str = "") -> list[dict[str, Any]]:
    """The lines of the diary, in order; those of a kind and of a task where these are given."""
    lines = [json.loads(line) for line in place.diary.read_text().splitlines()]
    return [line for line in lines if what in ("", line["what"]) and task in ("", line["task"])]


def judge(place: Place, expected: set[str], *, clocks_agree: bool = True) -> Verdict:
    """Judge the state once nothing is open any more.

    Args:
        expected: Names of the tasks that were accepted, and so must be there.
        clocks_agree: Whether times of events can be compared with the diary's.
    """
    tasks = {task.task_id: task for task in rows(place.state, "SELECT * FROM task")}
    events: dict[int, list[Any]] = defaultdict(list)
    for task, seq, kind, data, time in rows(
        place.state, "SELECT task, seq, type, data, time FROM event ORDER BY task, seq"
    ):
        events[task].append((seq, kind, json.loads(data), time))
    steps = rows(place.state, "SELECT DISTINCT task FROM step")
    by_name = {name: events[task.id] for name, task in tasks.items()}
    problems = [f"{name}: was lost" for name in expected - set(tasks)]
    problems += [f"steps of task {task} were left" for (task,) in steps]
    for name, task in tasks.items():
        problems += [f"{name}: {problem}" for problem in _of_task(task, by_name[name])]
    problems += _of_diary(place, by_name, clocks_agree=clocks_agree)
    return Verdict(tasks, by_name, problems)


def _of_task(task: Any, events: list[Any]) -> list[str]:
    found = []
    if task.status not in FINAL:
        return [f"is {task.status}, of owner {task.owner!r}, attempt {task.attempt}"]
    seqs = [seq for seq, *_ in events]
    if seqs != list(range(1, task.last_seq + 1)):
        found.append(f"its events are {seqs}, its last one is {task.last_seq}")
    done = [data["status"] for _, kind, data, _ in events if kind == "done"]
    if done != [task.status] or events[-1][1] != "done":
        found.append(f"is {task.status}; done says {done}, the last event is {events[-1][1]}")
    if task.answer is not None and json.loads(task.answer)["status"] != task.status:
        found.append("its answer has another status")
    has = (task.answer is not None, task.error is not None)
    if has != (True, False) if task.status == "completed" else not has[1]:
        found.append(f"is {task.status}, answer {task.answer}, error {task.error}")
    finished = Counter(
        (data.get("branch"), data["node"])
        for _, kind, data, _ in events
        if kind == "node_progress" and data["status"] == "completed"
    )
    found += [f"node {node} ended {n} times" for (_, node), n in finished.items() if n > 1]
    return found


def _of_diary(place: Place, events: dict[str, list[Any]], *, clocks_agree: bool) -> list[str]:
    """Ends are stored once, and a node whose end is stored is not begun again; by who did it, not by who says so."""
    ended: Counter[str] = Counter()
    begun: dict[tuple[str, str], float] = {}
    for line in diary(place):
        if line["what"] == "ended":
            ended[line["task"]] += 1
        elif line["what"] == "begin":
            begun[line["task"], line["node"]] = line["at"]
    found = [f"{name}: {n} runs stored its end" for name, n in ended.items() if n > 1]
    for name, told in events.items() if clocks_agree else ():
        for _, kind, data, at in told:
            if kind == "node_progress" and data["status"] == "completed":
                last = begun.get((name, data["node"]))
                if last is None or last > datetime.fromisoformat(at).timestamp():
                    found.append(f"{name}: node {data['node']} was begun after its end was stored")
    return found
