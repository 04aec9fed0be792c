"""Writes the Chinese-English dictionary that ships with datus, from CC-CEDICT.

Kept are words that can name data: nouns, verbs, adjectives and places, each with a few short English
meanings; those of verbs begin with "to". The same input gives the same bytes.
"""

import argparse
import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_ENTRY = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/")
_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,6}")
_LATIN = re.compile(r"[a-z]+(?:[ -][a-z]+)*")
_MOST_WORDS = 3
_MOST_MEANINGS = 6

# What tells that a meaning is none that data is called by.
_NO_MEANING = re.compile(
    r"^(?:CL:|surname |(?:old |erroneous |Japanese |archaic )?variant of|see |see also|also written|also pr\.|used in"
    r"|abbr\. (?:for|of|to)|Taiwan pr|equivalent (?:of|to)|same as|classifier|measure word|particle|prefix|suffix"
    r"|Kangxi radical|radical|phonetic|transliteration|interjection|onom|pr\. \[|component|one of the|name of|lit\. )"
    r"|[\u4e00-\u9fff]"
)
_RARE = re.compile(
    r"\((?:[^)]*\b)?(?:archaic|old|dialect|literary|slang|idiom|classical|Buddhism|loanword from|vulgar|euphemism|"
    r"bird species|species|insect|botany|zoology|chengyu|proverb|onom|math\.?|physics|chemistry|honorific|"
    r"coll|Tw|Cantonese|Internet slang|deprecated|obsolete|dated|bound form|particle|prefix|suffix)\b[^)]*\)"
)
_PLACE_KIND = re.compile(
    r" (?:(?:prefecture-level|county-level|subprovincial|sub-prefecture-level|satellite)\b.*"
    r"|(?:city|province|municipality|prefecture|county|district|autonomous|region|special)\b.*)$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:to be|a|an|the|be|is) ")
_TAIL = re.compile(r" (?:of|from|in|on|for|at|with|to) (?:an?|the|interest|bail)\b.*$")
_OBJECT = " money"
# Words that no name of data has; a meaning with one explains instead of naming.
_EXPLAINS = frozenset(
    """sb sth one's oneself one etc esp not no never i you he she it we they his her their your my this that these
    those who what which how when where very too so by from with than as if but because or and at into upon about
    such other another each every some any""".split()
)
_LINKS = frozenset("of the in for to on".split())
_IDIOM = re.compile(r"\(idiom|\(saying|\(proverb|\(expr")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cedict", type=Path, help="CC-CEDICT as text, may be gzipped")
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    raw = args.cedict.read_bytes()
    text = (gzip.decompress(raw) if args.cedict.suffix == ".gz" else raw).decode()
    rows = dictionary(text.splitlines())
    body = "".join(f"{word}\t{'/'.join(meanings)}\n" for word, meanings in sorted(rows.items()))
    args.target.write_bytes(gzip.compress(body.encode(), 9, mtime=0))
    print(f"{len(rows)} words, {len(body.encode())} bytes, {args.target.stat().st_size} compressed")


def dictionary(lines: Iterable[str]) -> dict[str, list[str]]:
    """Every word worth keeping with its meanings, in the dictionary's own order of meanings."""
    common: dict[str, list[str]] = {}
    proper: dict[str, list[str]] = {}
    for line in lines:
        entry = _ENTRY.fullmatch(line.strip())
        if entry is None or line.startswith("#") or not _CHINESE.fullmatch(entry[2]):
            continue
        if _IDIOM.search(entry[4]):
            continue
        named = entry[3][:1].isupper()
        found = (proper if named else common).setdefault(entry[2], [])
        found += [each for each in _meanings(entry[4], named=named) if each not in found]
    rows: dict[str, list[str]] = {}
    for word in common.keys() | proper.keys():
        # A word that is a name too, as 方 is a surname, is more often meant as the word.
        meanings = list(dict.fromkeys([*common.get(word, ()), *proper.get(word, ())]))
        if meanings:
            rows[word] = meanings[:_MOST_MEANINGS]
    return rows


def _meanings(text: str, *, named: bool) -> Iterator[str]:
    for said in text.split("/"):
        plain = _unbracketed(said)
        if named:
            plain = _PLACE_KIND.sub("", plain.split(",")[0])
        if _NO_MEANING.search(plain) or _RARE.search(said):
            continue
        for part in re.split(r";| or ", plain):
            meaning = _short(part.strip())
            if meaning:
                yield meaning
                if meaning.startswith("to ") and meaning.endswith(_OBJECT):
                    yield meaning.removesuffix(_OBJECT)  # whoever withdraws money withdraws


def _unbracketed(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\([^()]*\)|\[[^\]]*\]", " ", text)).strip()


def _short(meaning: str) -> str | None:
    """A meaning as it can be a name; None for one that explains instead of naming."""
    if "," in meaning:
        return None
    meaning = _TAIL.sub("", _LEADING.sub("", meaning.strip().lower()))
    if not _LATIN.fullmatch(meaning):
        return None
    words = meaning.replace("-", " ").split()
    verb = words[0] == "to"
    words = words[verb:]
    if not words or meaning == "to date":
        return None
    if len([word for word in words if word not in _LINKS]) > _MOST_WORDS or _EXPLAINS & set(words):
        return None
    if words[0] in _LINKS or words[-1] in _LINKS:
        return None
    return " ".join(["to", *words] if verb else words)


if __name__ == "__main__":
    main()
