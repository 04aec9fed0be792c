"""One setting: its name in the files, what its value may be, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from datus.config.values import RateLimit

SettingType = Literal[
    "text",
    "secret",
    "secrets",
    "uri",
    "integer",
    "number",
    "boolean",
    "choice",
    "path",
    "timezone",
    "names",
    "order",
    "patterns",
    "entries",
    "node settings",
    "regexes",
    "rate",
]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: Dotted path in the file; ``<name>`` stands for a name of the user's choice, ``[]`` for
            each entry of a list.
        type: What its value is.
        meaning: One line for people.
        default: Value when absent.
        same_as: Setting whose value is the default, in place of ``default``.
        required: Whether the enclosing section cannot do without it.
        choices: Values of a ``choice``; ``aliases`` are other spellings of some of them. Of an ``order``
            those that the list may name; its value is their names with blanks between.
        minimum, maximum: Bounds of a number, both included.
        hint: What to say besides when the value is refused.
    """

    name: str
    type: SettingType
    meaning: str
    default: str | int | float | bool | RateLimit | None = None
    same_as: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    hint: str = ""


DAY_S = 86_400
"""Seconds of a day: the longest that a setting of seconds may be."""
