"""How the guard says no."""

from datus.errors import RefusalError


def refuse(reason: str, message: str, **details: object) -> RefusalError:
    """Make the error of a refused statement; ``raise refuse(...)``.

    ``details["reason"]`` is one of ``too_long``, ``too_complex``, ``character``, ``comment``,
    ``statements``, ``statement``, ``syntax``, ``construct``, ``function``, ``argument``, ``type``,
    ``unknown_table``, ``unknown_column``, ``recursion``, ``rendering``; ``details["name"]`` is the
    name in question, where there is one.
    """
    return RefusalError(message, code="unsafe_sql", details={"reason": reason, **details})
