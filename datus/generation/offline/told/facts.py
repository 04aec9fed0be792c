"""What a told text amounts to once it is read: facts that stand at words of the question."""

from dataclasses import dataclass
from typing import Literal

from datus.generation.offline.plan import ColumnRef, Condition

How = Literal["part", "regardless", "exact"]
"""How a text is compared with a value: as a part of it, regardless of case, or exactly."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What was told of the words of one mention.

    Attributes:
        said: The telling in its author's words, for people.
        conditions: What holds for the rows that the words mean; all of them hold.
        compared: How columns are compared with the text that the words are.
        time: The column that tells when, for words of time.
        doubts: What speaks against the telling: how much certainty it takes, and why.
    """

    said: str
    conditions: tuple[Condition, ...] = ()
    compared: tuple[tuple[ColumnRef, How], ...] = ()
    time: ColumnRef | None = None
    doubts: tuple[tuple[float, str], ...] = ()
