"""The memory of SQL: how long it lasts and how much it holds."""

from datus.types import Candidate
from datus.workflow.cache import AnswerCache

SQL = (Candidate("SELECT 1", 1.0, (), ()),)


def test_an_entry_lasts_its_time() -> None:
    now = [0.0]
    cache = AnswerCache(ttl_s=60, entries=5, clock=lambda: now[0])
    cache.keep("a", SQL)
    now[0] = 60
    assert cache.get("a") == SQL
    now[0] = 60.1
    assert cache.get("a") is None
    assert len(cache) == 0
    cache.keep("a", SQL)
    assert cache.get("a") == SQL


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache = AnswerCache(ttl_s=60, entries=2, clock=lambda: 0.0)
    cache.keep("a", SQL)
    cache.keep("b", SQL)
    assert cache.get("a") == SQL
    cache.keep("c", SQL)
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]
