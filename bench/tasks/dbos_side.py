"""DBOS's side: a workflow of six steps that do nothing but write one event; each task's stream is read to its end.

It runs in an environment that has DBOS and not datus. What is set here was the fastest of what its documentation
offers, tried on two cores. On SQLite: the file in write-ahead mode with ``synchronous=NORMAL`` (so a loss of power may
take any write, which datus does not allow for a task's begin and end), one connection, streams looked at every 10 ms
in place of every second. On PostgreSQL: streams by LISTEN/NOTIFY, 20 connections. On both no test of a connection
before each use. Events are written by the steps and the stream is closed by the last one, which spares a transaction
each. ``--style`` says whether workflows are plain functions on threads or coroutines.
"""

import asyncio
import sqlite3
import time
from typing import Any

from dbos import DBOS, DBOSConfig
from load import NODES, WARM_UP, Load, drive, drive_threads, side_parser, tell

STREAM = "events"
NODE_MS = 0.0


class Relaxed(sqlite3.Connection):
    """A connection that leaves the syncing of commits to checkpoints."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA synchronous=NORMAL")


def config_for(url: str) -> DBOSConfig:
    config: DBOSConfig = {"name": "bench", "log_level": "ERROR", "system_database_url": url}
    path = url.removeprefix("sqlite:///")
    if path == url:
        return config | {"sys_db_pool_size": 20, "db_engine_kwargs": {"pool_pre_ping": False}}
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return config | {
        "sys_db_pool_size": 1,
        "notification_listener_polling_interval_sec": 0.01,
        "db_engine_kwargs": {"pool_pre_ping": False, "connect_args": {"factory": Relaxed}},
    }


@DBOS.step()
def step(number: int) -> None:
    if NODE_MS:
        time.sleep(NODE_MS / 1e3)
    DBOS.write_stream(STREAM, {"node": f"step{number}", "status": "completed"})
    if number == NODES - 1:
        DBOS.close_stream(STREAM)


@DBOS.workflow()
def workflow() -> str:
    for number in range(NODES):
        step(number)
    return "completed"


@DBOS.step()
async def async_step(number: int) -> None:
    if NODE_MS:
        await asyncio.sleep(NODE_MS / 1e3)
    await DBOS.write_stream_async(STREAM, {"node": f"step{number}", "status": "completed"})
    if number == NODES - 1:
        await DBOS.close_stream_async(STREAM)


@DBOS.workflow()
async def async_workflow() -> str:
    for number in range(NODES):
        await async_step(number)
    return "completed"


def one() -> None:
    handle = DBOS.start_workflow(workflow)
    events = list(DBOS.read_stream(handle.workflow_id, STREAM))
    status = handle.get_result()
    assert (status, len(events)) == ("completed", NODES), (status, events)


async def async_one() -> None:
    handle = await DBOS.start_workflow_async(async_workflow)
    events = [event async for event in DBOS.read_stream_async(handle.workflow_id, STREAM)]
    status = await handle.get_result()
    assert (status, len(events)) == ("completed", NODES), (status, events)


async def measure(loads: list[Load]) -> None:
    DBOS.launch()
    await drive(async_one, Load(WARM_UP, 2 * WARM_UP, 10))
    for load in loads:
        tell(await drive(async_one, load))


def main() -> None:
    global NODE_MS
    parser = side_parser(__doc__)
    parser.add_argument("--style", choices=("threads", "async"), required=True)
    flags = parser.parse_args()
    NODE_MS = flags.node_ms
    loads = [Load(width, flags.tasks, flags.seconds) for width in flags.widths]
    config = config_for(flags.url)
    if NODE_MS:  # else the default, a few threads, gets as many tasks done or more
        config["max_executor_threads"] = 2 * max(flags.widths)
    DBOS(config=config)
    if flags.style == "async":
        asyncio.run(measure(loads))
    else:
        DBOS.launch()
        drive_threads(one, Load(WARM_UP, 2 * WARM_UP, 10))
        for load in loads:
            tell(drive_threads(one, load))
    DBOS.destroy()


if __name__ == "__main__":
    main()
