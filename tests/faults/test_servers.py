"""Several servers on two homes with one state: requests that come again, deaths, lost locks."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.judge import diary, judge, rows
from tests.faults.servers import Event, Nursery, Place, Server, say, until


async def test_fifty_equal_requests_at_once_are_one_execution(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    place = make_place()
    servers = await processes.servers(place, 4)
    requests = [servers[n % 4].run("same", "Wait 0.5") for n in range(50)]
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["result"] == [{"orders": 2}]
    begun = [line["node"] for line in diary(place, "begin")]
    assert begun == ["schema_linking", "generate_sql", "execute_sql", "output"]
    others = await asyncio.gather(*(server.run("same", "Wait 0.4") for server in servers))
    assert {(each.status_code, each.json()["code"]) for each in others} == {(409, "task_id_reused")}

    for server in servers:
        server.signal(signal.SIGTERM)
    await asyncio.gather(*(server.ended() for server in servers))
    (later,) = await processes.servers(place, 1)
    assert (await later.run("same", "Wait 0.5")).text == answers[0].text
    assert (await later.run("same", "Wait 0.4")).status_code == 409
    assert len(diary(place, "begin")) == 4
    assert judge(place, {"same"}).problems == []


async def test_two_processes_share_what_a_dead_one_leaves(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    """Thirty tasks, each with a reader that goes on with another process where its stream broke."""
    place = make_place()
    doomed, *living = await processes.servers(place, 3)
    names = [f"t{n}" for n in range(30)]
    await asyncio.gather(*(doomed.submit(name, "Hold it") for name in names))
    readers = [
        asyncio.create_task(follow(name, [doomed, living[n % 2]])) for n, name in enumerate(names)
    ]
    await until(lambda: len(at_the_gate(place)) == 30)
    await asyncio.sleep(0.3)  # so that the readers have what there is
    died = await doomed.kill()
    await until(lambda: len(diary(place, "taken")) == 30)
    taken = diary(place, "taken")
    assert {line["task"] for line in taken} == set(names)
    assert {line["pid"] for line in taken} <= {server.pid for server in living}
    longest = max(line["at"] for line in taken) - died
    assert longest < 4, longest
    say(f"30 tasks are taken over {longest:.2f} s after the kill")

    place.gate.touch()
    read = await asyncio.gather(*readers)
    verdict = judge(place, set(names))
    assert verdict.problems == []
    for name, events in zip(names, read, strict=True):
        assert verdict.tasks[name].status == "completed"
        assert events == [told[:3] for told in verdict.events[name]], name
    # What they had finished was not done again: only the node that was interrupted.
    begun = [line["node"] for line in diary(place, "begin")]
    assert (begun.count("schema_linking"), begun.count("generate_sql")) == (30, 60)


async def test_a_process_that_lost_its_lock_stops_what_it_runs(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    place = make_place()
    robbed, other = await processes.servers(place, 2)
    await robbed.submit("t", "Hold it")
    await until(lambda: at_the_gate(place))
    take_lock_away(place, robbed)
    await until(lambda: diary(place, "taken", "t"))
    robbed.signal(signal.SIGCONT)
    assert diary(place, "taken", "t")[0]["pid"] == other.pid

    await until(lambda: diary(place, "cancelled", "t"))
    assert diary(place, "cancelled", "t")[0]["pid"] == robbed.pid
    place.gate.touch()
    assert (await other.over("t"))["status"] == "completed"
    # It is still a server, for what comes now.
    assert (await robbed.run("next")).json()["status"] == "completed"
    assert {line["pid"] for line in diary(place, "ended", "t")} == {other.pid}
    assert judge(place, {"t", "next"}).problems == []


def take_lock_away(place: Place, server: Server) -> None:
    """What says that the server lives is gone, and it does not notice at once."""
    ((owner,),) = rows(place.state, "SELECT owner FROM task WHERE status = 'running'")
    if isinstance(place.state, Path):
        (place.state.parent / "owners" / f"{owner}.lock").unlink()
        return
    server.signal(signal.SIGSTOP)  # else it takes its lock again, and has lost nothing
    with psycopg.connect(place.state, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND ((classid::bigint << 32) | objid::bigint) = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (int(owner[:15], 16),),
        ).fetchall()
        assert ended == [(True,)]


async def follow(name: str, servers: list[Server]) -> list[Event]:
    """A client's reading of a stream: where it breaks off, it goes on with the next server."""
    found: list[Event] = []
    for server in servers:
        after = found[-1][0] if found else 0
        found += [event async for event in server.events(name, after)]
        if found and found[-1][1] == "done":
            return found
    raise AssertionError(f"{name}: the last stream ended after {found[-1:]}")


def at_the_gate(place: Place) -> list[Any]:
    """Tasks whose SQL is being written."""
    begun = diary(place, "begin")
    return [line for line in begun if line["node"] == "generate_sql"]
