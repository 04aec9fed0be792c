"""Prompt files: one a prompt, language and version; an operator's own go before those that come with datus."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from datus.config.reader import unknown
from datus.errors import ConfigError
from datus.files import files_of, read_text, shown_name
from datus.generation.prompted.template import Template
from datus.types import Dialect, Prompt

Language = Literal["en", "zh"]
PromptName = Literal["generate_sql", "choose_metrics", "reflect"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
OURS = Path(__file__).parent / "prompts"

USER_LINE = "=== user ==="
"""Parts the instructions, which are the same for every question, from the part of the question."""

_DIALECTS: tuple[Dialect, ...] = ("sqlite", "duckdb", "postgresql", "mysql")
_FIXED = frozenset({"dialect", "dialect_rules"})
_GATHERED = frozenset(
    {"today", "times", "comparisons", "terms", "knowledge", "question", "attempts", "left_out"}
)
_FIELDS: Mapping[PromptName, frozenset[str]] = {
    "generate_sql": _GATHERED | {"schema", "metrics", "references", "passages"},
    "choose_metrics": _GATHERED | {"metrics", "dimensions"},
    "reflect": frozenset({"question", "knowledge", "times", "sql", "rows"}),
}
_REQUIRED: Mapping[PromptName, frozenset[str]] = {
    "generate_sql": frozenset({"question", "schema", "times", "attempts"}),
    "choose_metrics": frozenset({"question", "metrics", "dimensions", "times"}),
    "reflect": frozenset({"question", "sql", "rows"}),
}
_VERSION = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class _File:
    """One prompt as it is used; ``mark`` tells an operator's text from ours of the same number."""

    system: Template
    user: Template
    version: str
    mark: str


class Prompts:
    """All prompts, read and checked; ``version`` changes with any of them. Make it with ``load_prompts``."""

    def __init__(
        self,
        files: Mapping[tuple[str, str], _File],
        rules: Mapping[tuple[str, str], str],
        mark: str,
        version: str,
    ) -> None:
        self.version = version
        self._files = files
        self._rules = rules
        self._mark = mark

    def render(
        self, name: PromptName, language: Language, dialect: Dialect, values: Mapping[str, str]
    ) -> Prompt:
        """A prompt with these values; whatever stands in them stays data.

        Args:
            values: Text of each section by the name of its placeholder; absent ones are empty.
        """
        file = self._files[name, language]
        rules = {"dialect": dialect, "dialect_rules": self._rules[dialect, language]}
        whole = dict.fromkeys(_FIELDS[name], "") | dict(values) | rules
        mark = file.mark or self._mark
        version = f"{name}/{language}/{file.version}" + (f"+{mark}" if mark else "")
        return Prompt(file.system.fill(whole), file.user.fill(whole), version)


def load_prompts(folder: Path | None = None) -> Prompts:
    """The prompts that come with datus, in whose place stand those of a folder of the same layout.

    Of each prompt and language the highest version is used.

    Args:
        folder: The operator's own, as ``<name>/<language>/<version>.md``; None: there are none.

    Raises:
        ConfigError: A file of the folder cannot be used; the message names it and says why.
    """
    own = _newest(folder) if folder is not None else {}
    files: dict[tuple[str, str], _File] = {}
    rules: dict[tuple[str, str], str] = {}
    used = _newest(OURS) | own
    for at, path in used.items():
        if at[0] in _FIELDS:
            files[at] = _prompt(cast(PromptName, at[0]), path, own=at in own)
        else:
            rules[at[0].removeprefix("dialect_"), at[1]] = read_text(path).strip()
    changed = [read_text(path) for at, path in own.items() if at[0] not in _FIELDS]
    whole = _digest("\0".join(f"{at}\0{read_text(used[at])}" for at in sorted(used)))
    return Prompts(files, rules, _digest("\0".join(changed)) if changed else "", whole)


def _newest(folder: Path) -> dict[tuple[str, str], Path]:
    """By prompt and language, the file of the highest version."""
    found: dict[tuple[str, str], Path] = {}
    names = (*_FIELDS, *(f"dialect_{dialect}" for dialect in _DIALECTS))
    for path in files_of(folder, ".md", ".txt"):
        parts = path.relative_to(folder).parts
        shown = shown_name(path)
        if len(parts) != 3 or path.suffix != ".md" or not _VERSION.fullmatch(path.stem):
            raise ConfigError(
                f"{shown}: is no prompt; its place is <name>/<language>/<version>.md, "
                "as in generate_sql/en/1.md."
            )
        name, language = parts[0], parts[1]
        if name not in names:
            raise ConfigError(f"{shown}: there is no prompt {name!r}; {unknown(name, names)}")
        if language not in LANGUAGES:
            raise ConfigError(f"{shown}: {language!r} is no language of prompts; use en or zh.")
        before = found.get((name, language))
        if before is None or int(before.stem) < int(path.stem):
            found[name, language] = path
    return found


def _prompt(name: PromptName, path: Path, *, own: bool) -> _File:
    text = read_text(path)
    parts = re.split(rf"^{re.escape(USER_LINE)}[ \t]*$", text, flags=re.MULTILINE)
    if len(parts) != 2:
        raise ConfigError(
            f"{shown_name(path)}: needs one line {USER_LINE!r} between the instructions and the "
            f"part of the question; it has {len(parts) - 1}."
        )
    try:
        system, user = Template(parts[0], _FIXED), Template(parts[1], _FIELDS[name])
    except ConfigError as error:
        raise ConfigError(f"{shown_name(path)}: {error.message}") from error
    for missing in sorted(_REQUIRED[name] - user.names):
        raise ConfigError(
            f"{shown_name(path)}: lacks {{{{{missing}}}}} below {USER_LINE!r}; "
            "without it the model does not see what is asked."
        )
    return _File(system, user, path.stem, _digest(text) if own else "")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
