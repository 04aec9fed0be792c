"""The sliding window of failures."""

from datus.auth.limits import FailureLimit, network


def test_the_window_slides(clock):
    limit = FailureLimit(3, 10.0, clock)
    for _ in range(3):
        assert limit.wait_s("a") == 0
        limit.add("a")
        clock.go(2)
    assert limit.wait_s("a") == 4
    assert limit.wait_s("b") == 0
    clock.go(4)
    assert limit.wait_s("a") == 0
    limit.add("a")
    assert limit.wait_s("a") == 2


def test_no_more_keys_are_kept_than_said(clock):
    limit = FailureLimit(1, 10.0, clock, size=2)
    for key in ("a", "b", "a", "c"):
        limit.add(key)
    assert [limit.wait_s(key) > 0 for key in "abc"] == [True, False, True]


def test_networks():
    assert network("192.0.2.1") == network("::ffff:192.0.2.1") == "192.0.2.1"
    assert network("2001:db8::1") == network("2001:db8::2") != network("2001:db8:0:1::1")
    assert network(None) == network("") == "unknown"
    assert network("testclient") == "testclient"
