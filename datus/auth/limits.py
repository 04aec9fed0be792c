"""How many failed sign-ins are borne before the next must wait. Counts are this process's own."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable


class FailureLimit:
    """A sliding window of failures per key. The least recently failed keys are forgotten beyond ``size``.

    Args:
        limit: Failures within the window that make a key wait.
        window_s: Length of the window in seconds.
        monotonic: Seconds that never go back.
        size: Most keys that are kept.
    """

    def __init__(
        self, limit: int, window_s: float, monotonic: Callable[[], float], size: int = 10_000
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._monotonic = monotonic
        self._size = size
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the key may try again; 0 when it may now."""
        times = self._failures.get(key)
        if times is None or len(times) < self._limit:
            return 0.0
        return max(0.0, times[0] + self._window_s - self._monotonic())

    def add(self, key: str) -> None:
        """Count a failure."""
        # The oldest of the last `limit` failures alone decides, so no more are kept.
        times = self._failures.setdefault(key, deque(maxlen=self._limit))
        times.append(self._monotonic())
        self._failures.move_to_end(key)
        if len(self._failures) > self._size:
            self._failures.popitem(last=False)


def network(address: str | None) -> str:
    """The part of an address that one owner holds: an IPv6 /64, an IPv4 address, any other text as it is."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)
