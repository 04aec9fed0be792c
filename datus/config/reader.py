"""YAML and environment to checked values, by a table of settings. Knows no particular setting."""

import difflib
import math
import os
import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datus.config.setting import Setting
from datus.config.values import RateLimit, Secret
from datus.errors import ConfigError

Tree = dict[str, "Tree | Setting"]

# `$${` is the escape for a literal `${`; every other `$` stands for itself.
_VARIABLE = re.compile(r"\$(\$\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_NAME = re.compile(r"\w[\w.-]{0,63}")
_ENTRY = re.compile(r"\w[\w.:-]{0,127}")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Source:
    """Where settings come from: the file they are read from and the environment they may name."""

    path: Path
    env: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Directory that relative paths start from."""
        return self.path.parent

    def error(self, setting: str, problem: str) -> ConfigError:
        """An error that names the file and the setting."""
        return ConfigError(f"{self.path}: {setting}: {problem}", details={"setting": setting})

    def expand(self, text: str, setting: str) -> str:
        """Put values of the environment in place of ``${NAME}`` and ``${NAME:-default}``.

        As in a shell, the default also stands in for an empty value. What is put in is not expanded again.

        Raises:
            ConfigError: The variable is not set and has no default, or ``${`` begins nothing known.
        """

        def put(match: re.Match[str]) -> str:
            escaped, name, default = match.groups()
            if escaped:
                return "${"
            if name is None:
                raise self.error(
                    setting,
                    "'${' begins no variable; write ${NAME}, ${NAME:-default} or, for the text itself, $${.",
                )
            value = self.env.get(name)
            if default is not None:
                return value or default
            if value is None:
                raise self.error(
                    setting,
                    f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}.",
                )
            return value

        return _VARIABLE.sub(put, text)

    def resolve(self, text: str) -> Path:
        """An absolute path: ``~`` is the user's home, a relative path starts from the file's directory."""
        return Path(os.path.abspath(Path(self.folder, expand_user(text, self.env))))


def expand_user(text: str, env: Mapping[str, str]) -> str:
    """A leading ``~`` as the home directory that ``env`` names."""
    home = env.get("HOME")
    return home + text[1:] if home and (text == "~" or text.startswith("~/")) else text


class _Loader(yaml.SafeLoader):
    """YAML without surprises: a key that stands twice is an error, not the last one's victory."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise ConfigError(
                        f"the key {key.value!r} stands twice (line {line}); keep one."
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, path: Path) -> Any:
    """The data of YAML text. Errors say where, never what: the text may hold a secret.

    Raises:
        ConfigError: It is not YAML, or has a key twice.
    """
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(
            f"{path}: is not YAML{place}. Indent with spaces, and quote text that holds ': ' or ' #' "
            "or begins with one of * & ! % @ ` { [."
        ) from None
    except (yaml.YAMLError, ValueError):  # ValueError: an impossible date such as 2024-99-99
        raise ConfigError(
            f"{path}: is not YAML: it holds a character or value that YAML refuses."
        ) from None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or None when none is."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(word: str, known: Iterable[str]) -> str:
    """What to say of a word that is none of ``known``: the nearest, else all of them."""
    names = sorted(known)
    close = nearest(word, names)
    return f"did you mean {close!r}?" if close else f"known here: {', '.join(names)}."


def make_tree(settings: Iterable[Setting]) -> Tree:
    """Settings by the parts of their dotted names."""
    tree: Tree = {}
    for setting in settings:
        *sections, last = setting.name.split(".")
        branch = tree
        for part in sections:
            below = branch.setdefault(part, {})
            assert isinstance(below, dict), f"{part} of {setting.name} is a setting and a section"
            branch = below
        branch[last] = setting
    return tree


def check(raw: object, tree: Tree, source: Source, at: str = "") -> dict[str, Any]:
    """Data of a file, checked against the table: known keys only, typed values, defaults filled in.

    A key without a value counts as absent. Lists of sections (``dbs[]``) come back under their plain
    key (``dbs``), absent ones as None.

    Raises:
        ConfigError: An unknown key (with the nearest known one), a wrong type, an absent required
            setting. It names file, setting, value (unless secret) and what is expected.
    """
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise source.error(
            at or "the file", f"expected keys with values below it, found {_kind(raw)}."
        )
    for key in raw:
        if not isinstance(key, str):
            raise source.error(_join(at, str(key)), "a name must be text; put it in quotes.")
    if "<name>" in tree:
        return {key: _named(key, value, tree["<name>"], source, at) for key, value in raw.items()}
    known = {key.removesuffix("[]") for key in tree}
    for key in raw:
        if key not in known:
            raise source.error(_join(at, key), f"unknown key; {unknown(key, known)}")
    return {
        key.removesuffix("[]"): _entry(raw, key, below, source, at) for key, below in tree.items()
    }


def _named(key: str, value: object, below: Tree | Setting, source: Source, at: str) -> object:
    path = _join(at, key)
    if not _NAME.fullmatch(key):
        raise source.error(
            path,
            "a name begins with a letter or digit and holds up to 64 letters, digits and _ . -",
        )
    assert isinstance(below, dict)
    return check(value, below, source, path)


def _entry(
    raw: Mapping[str, object], key: str, below: Tree | Setting, source: Source, at: str
) -> object:
    plain = key.removesuffix("[]")
    path, value = _join(at, plain), raw.get(plain)
    if isinstance(below, Setting):
        return convert(value, below, source, path)
    if not key.endswith("[]"):
        return check(value, below, source, path)
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        raise source.error(path, f"expected a list with at least one entry, found {_kind(value)}.")
    return [check(entry, below, source, f"{path}[{n}]") for n, entry in enumerate(value)]


def convert(value: object, setting: Setting, source: Source, path: str) -> object:
    """One value, typed as its setting says; the default when absent."""
    if value is None:
        if setting.required:
            raise source.error(path, f"is required. {setting.meaning}")
        return setting.default
    shown = "the value" if setting.type in ("secret", "secrets", "uri") else repr(value)
    result = _CONVERTERS[setting.type](value, setting, source, path)
    if result is None:
        problem = f"{shown} is not usable; expected {expectation(setting)}. {setting.hint}"
        raise source.error(path, problem.rstrip())
    return result


def expectation(setting: Setting) -> str:
    """What a setting's value must be, in words."""
    words = {
        "text": "text (put it in quotes)",
        "secret": "text (put it in quotes)",
        "secrets": "text in quotes, or a list of such",
        "uri": "a path or an address (put it in quotes)",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "choice": "one of " + ", ".join(setting.choices),
        "path": "a path",
        "timezone": "an IANA time zone such as Asia/Shanghai",
        "names": "a list of names",
        "entries": "a list of names of nodes",
        "node settings": "keys as those of agent.nodes",
        "order": "a list of some of " + ", ".join(setting.choices),
        "patterns": "a list of table.column, where * and ? stand for any characters and any one",
        "rate": "a form such as 60/minute or 20/5 minutes",
        "regexes": "a list of regular expressions that match no empty text (put them in single quotes)",
    }[setting.type]
    if setting.minimum is not None and setting.maximum is not None:
        words += f" from {setting.minimum:g} to {setting.maximum:,.10g}".replace(",", "")
    return words


def _text(value: object, setting: Setting, source: Source, path: str) -> str | None:
    return source.expand(value, path) if isinstance(value, str) else None


def _secret(value: object, setting: Setting, source: Source, path: str) -> Secret | None:
    text = _text(value, setting, source, path)
    return None if text is None else Secret(text)


def _secrets(
    value: object, setting: Setting, source: Source, path: str
) -> tuple[Secret, ...] | None:
    entries = value if isinstance(value, list) else [value]
    found = [_secret(entry, setting, source, path) for entry in entries]
    texts = tuple(secret for secret in found if secret is not None)
    return texts if texts and len(texts) == len(found) else None


def _number(value: object, setting: Setting, source: Source, path: str) -> float | None:
    """Digits in quotes count, for that is how the environment gives a number."""
    if isinstance(value, str):
        value = source.expand(value, path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    low = -math.inf if setting.minimum is None else setting.minimum
    high = math.inf if setting.maximum is None else setting.maximum
    return number if math.isfinite(number) and low <= number <= high else None


def _integer(value: object, setting: Setting, source: Source, path: str) -> int | None:
    number = _number(value, setting, source, path)
    return None if number is None or number != int(number) else int(number)


def _boolean(value: object, setting: Setting, source: Source, path: str) -> bool | None:
    if isinstance(value, str):
        return _TRUTH.get(source.expand(value, path).lower())
    return value if isinstance(value, bool) else None


def _choice(value: object, setting: Setting, source: Source, path: str) -> str | None:
    text = _text(value, setting, source, path)
    if text is None:
        return None
    known = {choice.lower(): choice for choice in setting.choices}
    return {**known, **setting.aliases}.get(text.lower())


def _path(value: object, setting: Setting, source: Source, path: str) -> Path | None:
    text = _text(value, setting, source, path)
    return source.resolve(text) if text and "://" not in text and text != ":memory:" else None


def _timezone(value: object, setting: Setting, source: Source, path: str) -> str | None:
    text = _text(value, setting, source, path)
    if not text:
        return None
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return text


def _names(value: object, setting: Setting, source: Source, path: str) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    names = [_text(entry, setting, source, path) for entry in value]
    kept = tuple(name for name in names if name and _ENTRY.fullmatch(name))
    return kept if len(kept) == len(names) else None


def _order(value: object, setting: Setting, source: Source, path: str) -> str | None:
    names = _names(value, setting, source, path)
    fits = (
        names is not None and set(names) <= set(setting.choices) and len(set(names)) == len(names)
    )
    return " ".join(names) if names is not None and fits else None


def _patterns(value: object, setting: Setting, source: Source, path: str) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return None
    patterns = tuple(source.expand(entry, path) for entry in value)
    # A bare word would match no column, and what was to be hidden would be read.
    return patterns if all("." in each or "*" in each for each in patterns) else None


def _entries(value: object, setting: Setting, source: Source, path: str) -> object:
    return value if isinstance(value, list) and value else None


def _node_settings(value: object, setting: Setting, source: Source, path: str) -> object:
    return value if isinstance(value, dict) else None


def _regexes(value: object, setting: Setting, source: Source, path: str) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return None
    regexes = tuple(source.expand(entry, path) for entry in value)
    for each in regexes:
        try:
            if re.compile(each).match(""):
                return None  # it would match between any two letters
        except re.error as error:
            raise source.error(path, f"{each!r} is no regular expression: {error}.") from None
    return regexes


def _rate(value: object, setting: Setting, source: Source, path: str) -> RateLimit | None:
    text = _text(value, setting, source, path)
    return None if text is None else RateLimit.parse(text)


_CONVERTERS: Mapping[str, Callable[[object, Setting, Source, str], object]] = {
    "text": _text,
    "secret": _secret,
    "secrets": _secrets,
    "uri": _secret,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "path": _path,
    "timezone": _timezone,
    "names": _names,
    "order": _order,
    "patterns": _patterns,
    "entries": _entries,
    "node settings": _node_settings,
    "regexes": _regexes,
    "rate": _rate,
}


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "keys with values" if isinstance(value, dict) else "a single value"
