"""What is kept of requests to hosted models: redacted by rule and bounded in size, before it is stored."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from datus.config import TraceConfig
from datus.tasks.store import TracedCall
from datus.types import Call

MOST_CHARACTERS = 64 * 1024
"""Longest text that is kept of one request: its system prompt, its prompt, its answer."""

MOST_OF_TASK = 1024 * 1024
"""Most characters that are kept of all requests of a task; later ones keep their figures only."""

MOST_CALLS = 200
"""Most requests of a task that are kept at all."""

_MOST_ERROR = 2_000
_SHORTEST_SECRET = 8

# In this order: a key is not to be taken for a number. A quantifier is bounded, or what is before it can
# stand only once in what it runs over, so that no text makes the search slow.
_COMMON = (
    ("[credentials]", r"(?<=://)[^\s/@:]{1,128}:[^\s/@]{1,256}(?=@)"),
    (
        "[key]",
        r"\b(?:sk|pk|rk|ghp|gho|xox[abprs])[-_][\w-]{16,}|\bAKIA[0-9A-Z]{12,}|\bAIza[\w-]{20,}",
    ),
    ("[token]", r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?i:\bbearer)\s+[\w.~+/-]{16,}=*"),
    ("[email]", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("[number]", r"(?<![\d.])\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?!\d)|(?<![\d.])\d{9,}[Xx]?"),
    ("[phone]", r"\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)"),
    ("[phone]", r"(?<!\w)(?:\(\d{2,4}\)|\d{2,4})[ .-]?\d{3,4}[ .-]\d{3,4}(?!\w)"),
)


class Tracer:
    """Makes what a trace keeps out of requests.

    Args:
        settings: What is kept at all.
        secrets: Texts that are never kept: the keys and passwords of the configuration.
        now: The time, aware of its zone.
    """

    def __init__(
        self, settings: TraceConfig, secrets: Iterable[str], now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._now = now
        self._secrets = tuple(
            sorted(
                (each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True
            )
        )
        own = (("[redacted]", each) for each in settings.redact)
        self._rules = tuple((name, re.compile(rule)) for name, rule in (*own, *_COMMON))

    def traced(self, call: Call, kept: int, characters: int) -> TracedCall | None:
        """What is kept of a request; None where nothing is.

        Args:
            kept: How many requests of the task are kept already, and ``characters`` of their texts.
        """
        if not self._settings.enabled or kept >= MOST_CALLS:
            return None
        texts: tuple[str | None, ...] = (None, None, None)
        cut = False
        if self._settings.texts:
            whole = (call.prompt.system, call.prompt.user, call.answer)
            texts, cut = self._within(whole, MOST_OF_TASK - characters)
        system, prompt, answer = texts
        error = call.error and {
            **call.error,
            "message": self.redacted(str(call.error.get("message", "")), _MOST_ERROR),
        }
        return TracedCall(
            at=self._now(),
            purpose=call.purpose,
            model=call.model,
            prompt_version=call.prompt.version,
            system=system,
            prompt=prompt,
            answer=answer,
            cut=cut,
            error=error,
            usage=call.usage,
            seconds=round(call.seconds, 6),
        )

    def redacted(self, text: str, most: int = MOST_CHARACTERS) -> str:
        """A text without what the rules name, cut to ``most`` characters after that."""
        # Longer than what is kept, so that nothing escapes a rule by lying across the cut.
        text = text[: 2 * most].replace("\x00", "\ufffd")
        text = text.encode(
            "utf-8", "replace"
        ).decode()  # half a surrogate pair: no database takes it
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        for name, rule in self._rules:
            text = rule.sub(name, text)
        return text[:most]

    def _within(self, whole: tuple[str, ...], left: int) -> tuple[tuple[str | None, ...], bool]:
        """The texts redacted, each and together within their bounds; and whether anything was left out."""
        if left <= 0:
            return (None,) * len(whole), True
        texts: list[str | None] = []
        cut = False
        for text in whole:
            most = min(MOST_CHARACTERS, left)
            cut = cut or len(text) > most
            kept = self.redacted(text, most)
            texts.append(kept)
            left -= len(kept)
        return tuple(texts), cut


def characters_of(call: TracedCall) -> int:
    """How much text is kept of a request."""
    return sum(len(text) for text in (call.system, call.prompt, call.answer) if text)
