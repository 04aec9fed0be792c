"""How often something was done of which only so much is allowed: statements on ``rate``.

Two ways of counting share the table. A fixed window is one row, begun by the first count in it and begun
again by the first one after its end. A sliding window is two rows, one a window of the clock: of the
window before, that share counts which the last ``window_s`` seconds still cover.

Each count is one upsert, which is right however many processes count at once: the engine locks the row
and looks at its newest version. All times are seconds of Unix time.
"""

from math import floor

from sqlalchemy import Connection, delete, select, text

from datus.tasks.tables import RATE

PURGED_AT_ONCE = 20
"""Most rows that are deleted beside a count that began a window: more than such a count ever adds."""

_ADD = text(
    "INSERT INTO rate (key, count, expires_at) VALUES (:key, :amount, :expires_at) "
    "ON CONFLICT (key) DO UPDATE SET "
    "count = CASE WHEN rate.expires_at <= :now THEN excluded.count "
    "ELSE rate.count + excluded.count END, "
    "expires_at = CASE WHEN rate.expires_at <= :now THEN excluded.expires_at "
    "ELSE rate.expires_at END "
    "RETURNING count"
)
# No row comes back, and nothing is written, where the count would pass what is allowed.
_TAKE = text(
    "INSERT INTO rate (key, count, expires_at) VALUES (:key, :amount, :expires_at) "
    "ON CONFLICT (key) DO UPDATE SET count = rate.count + excluded.count "
    "WHERE rate.count + excluded.count <= :allowed "
    "RETURNING count"
)


def add(connection: Connection, key: str, lasts_s: float, amount: int, now: float) -> int:
    """Count ``amount`` in a fixed window of ``lasts_s`` seconds; returns the window's count."""
    values = {"key": key, "amount": amount, "expires_at": now + lasts_s, "now": now}
    count = int(connection.execute(_ADD, values).scalar_one())
    if count == amount:
        _purge(connection, now)
    return count


def read(connection: Connection, key: str, now: float) -> tuple[int, float]:
    """The count of a fixed window and when the window is over; 0 and ``now`` where none runs."""
    query = select(RATE.c.count, RATE.c.expires_at).where(RATE.c.key == key)
    count, expires_at = connection.execute(query).one_or_none() or (0, now)
    return (count, expires_at) if expires_at > now else (0, now)


def take(
    connection: Connection, key: str, limit: int, window_s: float, amount: int, now: float
) -> bool:
    """Count ``amount`` in a sliding window unless that would be more than ``limit``; whether it was counted."""
    index, left_s = _window(window_s, now)
    before = _counts(connection, key, index).get(index - 1, 0)
    allowed = limit - floor(before * left_s / window_s)
    if amount > allowed:
        return False
    values = {
        "key": f"{key}/{index}",
        "amount": amount,
        "allowed": allowed,
        "expires_at": (index + 2) * window_s,
    }
    count = connection.execute(_TAKE, values).scalar_one_or_none()
    if count == amount:
        _purge(connection, now)
    return count is not None


def read_sliding(
    connection: Connection, key: str, window_s: float, now: float
) -> tuple[int, int, float]:
    """Counts of the window before and of the present one, and the seconds that the present one lasts."""
    index, left_s = _window(window_s, now)
    counts = _counts(connection, key, index)
    return counts.get(index - 1, 0), counts.get(index, 0), left_s


def forget(connection: Connection, key: str) -> None:
    """Delete the count of a fixed window."""
    connection.execute(delete(RATE).where(RATE.c.key == key))


def forget_sliding(connection: Connection, key: str, window_s: float, now: float) -> None:
    """Delete the counts of a sliding window."""
    index, _ = _window(window_s, now)
    keys = [f"{key}/{index - 1}", f"{key}/{index}"]
    connection.execute(delete(RATE).where(RATE.c.key.in_(keys)))


def forget_all(connection: Connection) -> int:
    """Delete every count; returns how many rows there were."""
    return connection.execute(delete(RATE)).rowcount


def _window(window_s: float, now: float) -> tuple[int, float]:
    """Number of the clock's present window, and the seconds that it still lasts."""
    index = int(now // window_s)
    return index, (index + 1) * window_s - now


def _counts(connection: Connection, key: str, index: int) -> dict[int, int]:
    keys = {f"{key}/{number}": number for number in (index - 1, index)}
    rows = connection.execute(select(RATE.c.key, RATE.c.count).where(RATE.c.key.in_(keys)))
    return {keys[found]: count for found, count in rows}


def _purge(connection: Connection, now: float) -> None:
    """Delete some rows that are over; those that another process holds are left to it."""
    over = RATE.c.expires_at <= now
    some = (
        select(RATE.c.key)
        .where(over)
        .order_by(RATE.c.expires_at)
        .limit(PURGED_AT_ONCE)
        .with_for_update(skip_locked=True)  # SQLite has one writer, and leaves this out
    )
    connection.execute(delete(RATE).where(RATE.c.key.in_(some), over))
