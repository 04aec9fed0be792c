"""Whether a new version of a namespace's knowledge answers a golden question set no worse."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import get_args

from datus.config import Settings
from datus.errors import InvalidRequestError
from datus.evaluation.datasets import Item
from datus.evaluation.local import Plan, open_local, references_dialect
from datus.evaluation.runner import Outcome, Verdict, evaluate
from datus.generation.base import Generator
from datus.knowledge.versions import Versions


@dataclass(frozen=True, slots=True)
class Measured:
    """Outcomes of the same questions with the version before and the one after."""

    before: tuple[Outcome, ...]
    after: tuple[Outcome, ...]

    @property
    def changed(self) -> tuple[tuple[Outcome, Outcome], ...]:
        """The questions whose verdict is another, as it was and as it is."""
        pairs = zip(self.before, self.after, strict=True)
        return tuple((was, now) for was, now in pairs if was.verdict != now.verdict)

    @property
    def passed(self) -> bool:
        """Whether every question that was right still is."""
        return not any(was.verdict == "right" for was, _ in self.changed)

    @staticmethod
    def counts(outcomes: Sequence[Outcome]) -> Mapping[Verdict, int]:
        """How many questions have each verdict; right, wrong and refused are always named."""
        found = Counter(outcome.verdict for outcome in outcomes)
        verdicts: tuple[Verdict, ...] = get_args(Verdict)
        always = ("right", "wrong", "refused")
        return {name: found[name] for name in verdicts if name in always or found[name]}


class Gate:
    """Asks a golden set with the real workflow, before a version is used.

    Args:
        items: The golden set.
        plan: The workflow and the namespace.
        clock, random, timer: As ``local.open_local`` takes them.
        progress: Told what is measured, how many questions are asked, and how many there are.
        generator: Writes the SQL in place of the model that the settings name.

    Raises:
        NotFoundError, InvalidRequestError: A question names no database of the namespace.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        items: Sequence[Item],
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        timer: Callable[[], float],
        progress: Callable[[str, int, int], None],
        generator: Generator | None = None,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._items = tuple(items)
        self._clock = clock
        self._random = random
        self._timer = timer
        self._progress = progress
        self._generator = generator
        self._dialect = references_dialect(settings, plan, self._items)

    async def measure(self, before: str | None, after: str) -> Measured:
        """Ask every question with both versions; None is the live databases.

        Raises:
            InvalidRequestError: Not one question could be judged, so nothing was measured.
        """
        measured = Measured(await self._ask(before), await self._ask(after))
        if all(each.verdict == "reference_failed" for each in measured.before):
            raise InvalidRequestError(
                "No question of the golden set could be judged: every reference query fails. "
                f"The first one: {measured.before[0].reason}"
            )
        return measured

    async def _ask(self, version: str | None) -> tuple[Outcome, ...]:
        what = f"golden set with {version or 'the live databases'}"
        done = 0

        def tell(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            self._progress(what, done, len(self._items))

        self._progress(what, 0, len(self._items))
        with _pointed_to(self._settings, self._plan.namespace, version) as settings:
            async with open_local(
                settings,
                self._plan,
                clock=self._clock,
                random=self._random,
                timer=self._timer,
                generator=self._generator,
            ) as local:
                return await evaluate(
                    self._items,
                    local.answer,
                    local.reference,
                    dialect=self._dialect,
                    on_outcome=tell,
                )


@contextmanager
def _pointed_to(settings: Settings, namespace: str, version: str | None) -> Iterator[Settings]:
    """Settings under which a namespace is answered from this version, whichever is in use."""
    real = Versions(settings.knowledge_path, namespace)
    with tempfile.TemporaryDirectory(prefix="datus-gate-") as folder:
        if version is not None:
            only = Versions(Path(folder), namespace)
            only.folder.mkdir(mode=0o700)
            only.path(version).symlink_to(real.path(version).absolute())
            only.use(version)
        yield replace(settings, knowledge_path=Path(folder))
