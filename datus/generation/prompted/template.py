"""The tiny template of prompt files: ``{{name}}`` and nothing else."""

import re
from collections.abc import Collection, Mapping

from datus.errors import ConfigError

_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
_PARAGRAPHS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class Template:
    """A text with placeholders; a paragraph all of whose placeholders are empty is left out.

    What is put in is never read again, so no text can pass for a placeholder.

    Args:
        text: The text; paragraphs are parted by empty lines.
        known: Placeholders that it may hold.

    Raises:
        ConfigError: It holds another placeholder, or ``{{`` that begins none. The message does not
            say where the text stands; the caller knows.
    """

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.names = frozenset(_PLACEHOLDER.findall(text))
        for name in sorted(self.names - set(known)):
            raise ConfigError(
                f"{{{{{name}}}}} is no placeholder here; there are: {', '.join(sorted(known))}."
            )
        rest = _PLACEHOLDER.sub("", text)
        if "{{" in rest or "}}" in rest:
            raise ConfigError("'{{' and '}}' only stand around a placeholder, as in {{question}}.")
        self._paragraphs = [part for part in _PARAGRAPHS.split(text.strip()) if part.strip()]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with a value for each of its placeholders."""
        return "\n\n".join(
            _PLACEHOLDER.sub(lambda found: values[found[1]], paragraph)
            for paragraph in self._paragraphs
            if _stays(paragraph, values)
        )


def _stays(paragraph: str, values: Mapping[str, str]) -> bool:
    names = _PLACEHOLDER.findall(paragraph)
    return not names or any(values[name] for name in names)
