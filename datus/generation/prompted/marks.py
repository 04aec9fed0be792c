"""Marked sections: where text of users, databases and documents begins and ends, whatever it says.

Every line of data begins with ``| ``, and a section ends at a line that does not. No text can write such
a line, for what is a line end to any reader becomes one here. Marks that are drawn at random would do the
same and would make equal questions unequal: no cache, of a provider or of ours, would know them again.
"""

import re

# Halves of characters, which no provider takes; letters that no one sees, which hide orders in plain
# text; marks that turn the direction of what follows.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")


def marked(name: str, text: str) -> str:
    """A section of data; empty where there is no text.

    Args:
        name: Our own name of it, as the prompt's instructions call it.
    """
    lines = clean(text).splitlines()
    if not any(line.strip() for line in lines):
        return ""
    return "\n".join((f'<data name="{name}">', *(f"| {line}" for line in lines), "</data>"))


def clean(text: str) -> str:
    """A text without characters that nobody can see."""
    return _HIDDEN.sub("", _HALVES.sub("\ufffd", text))


def one_line(text: str, most: int) -> str:
    """A text on one line, cut after ``most`` characters."""
    line = _BLANKS.sub(" ", clean(text)).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
