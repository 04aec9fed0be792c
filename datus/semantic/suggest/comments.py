"""A comment of a table or column as the names that people use for it, in both languages."""

from dataclasses import dataclass

from datus.text import is_chinese

_ENGLISH_WORDS = 5
_CHINESE_CHARACTERS = 12
_WHAT_FOLLOWS = ";；:：(（"


@dataclass(frozen=True, slots=True)
class Said:
    """Names said in a comment, first the most usual: ``revenue, sales | 销售额、营收``."""

    english: tuple[str, ...] = ()
    chinese: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The most usual name, English before Chinese; empty where there is none."""
        return (*self.english, *self.chinese, "")[0]

    @property
    def all(self) -> tuple[str, ...]:
        """Every name, English ones first."""
        return (*self.english, *self.chinese)


def read_comment(comment: str) -> Said:
    """Read the names of a comment: the short phrases of each language before its first remark.

    ``|`` or a new line parts the languages, commas part the names, and a semicolon, a colon or a
    bracket begins what is no name. Longer phrases are sentences and left out.
    """
    english: dict[str, None] = {}
    chinese: dict[str, None] = {}
    for section in comment.replace("|", "\n").splitlines():
        for mark in _WHAT_FOLLOWS:
            section = section.partition(mark)[0]
        for part in section.replace("、", ",").replace("，", ",").split(","):
            name = one_line(part).strip(" .。")
            if is_chinese(name):
                if len(name) <= _CHINESE_CHARACTERS:
                    chinese[name] = None
            elif name.isascii() and name and len(name.split()) <= _ENGLISH_WORDS:
                english[name] = None
    return Said(tuple(english), tuple(chinese))


def one_line(text: str, most: int = 300) -> str:
    """A text on one line of printable characters, at most ``most`` of them: safe in a comment."""
    plain = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return plain if len(plain) <= most else plain[: most - 3].rstrip() + "..."
