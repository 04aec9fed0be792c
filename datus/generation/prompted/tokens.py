"""How many tokens a text is likely to be, counted here, without a provider's tokenizer."""

import re

_WORDS = re.compile(r"[A-Za-z \n]+")
_SIGNS = re.compile(r"[\x00-\x7f\u00c0-\u024f]+")


def estimate(text: str) -> int:
    """Tokens of a text, rather too many than too few.

    Four letters or blanks are one token, two digits, signs or accented letters, and every other
    character (Chinese among them) is one of its own.
    """
    letters = sum(map(len, _WORDS.findall(text)))
    plain = sum(map(len, _SIGNS.findall(text)))
    return -(-(letters + 2 * (plain - letters) + 4 * (len(text) - plain)) // 4)
