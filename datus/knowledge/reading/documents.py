"""Markdown and text files as passages that are short enough to read at once.

A file may begin with a block that says its business area:

    ---
    area: sales/retail
    ---
"""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath

from datus.files import files_of, read_text, shown_name
from datus.types import Area, Passage, area_of

MAX_PASSAGE = 1_200
"""Characters of a passage; a longer section is cut between its paragraphs."""

MAX_TITLE = 200
"""Characters of a passage's title; the rest is left out."""

_KEY = re.compile(r"[\w-]+[ \t]*:(\s|$)")
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# Where a paragraph is cut that is too long, best first.
_ENDS = ("\n", ". ", "。", "！", "？", " ")


def read_documents(folder: Path) -> tuple[Passage, ...]:
    """The passages of every ``.md`` and ``.txt`` file of a folder, at any depth.

    Raises:
        ConfigError: A file cannot be read.
    """
    found: list[Passage] = []
    for path in files_of(folder, ".md", ".txt"):
        lines, area = _without_front(read_text(path).split("\n"))
        source = shown_name(path.relative_to(folder))
        is_markdown = path.suffix.lower() == ".md"
        name = PurePosixPath(source).stem
        sections = _sections(lines, name) if is_markdown else ((name, lines),)
        for title, body in sections:
            found += (Passage(title[:MAX_TITLE], part, source, area) for part in _parts(body))
    return tuple(found)


def _without_front(lines: list[str]) -> tuple[list[str], Area]:
    ends = [number for number, line in enumerate(lines) if line.rstrip() == "---"][:2]
    if len(ends) < 2 or ends[0] != 0:
        return lines, ()
    front = [line for line in lines[1 : ends[1]] if line.strip()]
    if not front or not _KEY.match(front[0]):  # two rules with text between them
        return lines, ()
    area: Area = ()
    for line in front:
        key, colon, said = line.partition(":")
        if colon and key.rstrip() == "area":
            area = area_of(said.strip().strip("\"'"))
    return lines[ends[1] + 1 :], area


def _sections(lines: list[str], name: str) -> Iterator[tuple[str, list[str]]]:
    """Each heading's own lines, titled by the headings above it; code in fences has no headings."""
    above: list[tuple[int, str]] = []
    title, body, fence = name, list[str](), ""
    for line in lines:
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            fence = _fence_after(line, fence)
            body.append(line)
            continue
        yield title, body
        level, said = len(heading[1]), heading[2].rstrip().rstrip("#").rstrip()
        above = [each for each in above if each[0] < level] + [(level, said)]
        title, body = " > ".join(said for _, said in above), []
    yield title, body


def _fence_after(line: str, fence: str) -> str:
    """The fence of code that is open after a line, given the one that was before it."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return found[1]
    closes = found[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


def _parts(lines: list[str]) -> Iterator[str]:
    held = ""
    for paragraph in _paragraphs(lines):
        for piece in _cut(paragraph):
            if held and len(held) + len(piece) + 2 > MAX_PASSAGE:
                yield held
                held = ""
            held = f"{held}\n\n{piece}" if held else piece
    if held:
        yield held


def _paragraphs(lines: list[str]) -> Iterator[str]:
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        if not blank:
            yield "\n".join(group).strip()


def _cut(paragraph: str) -> Iterator[str]:
    start = 0
    while len(paragraph) - start > MAX_PASSAGE:
        part = paragraph[start : start + MAX_PASSAGE]
        # Not so early that little is left of the part.
        ends = (part.rfind(end, MAX_PASSAGE // 2) + len(end) for end in _ENDS if end in part)
        length = next((end for end in ends if end > MAX_PASSAGE // 2), MAX_PASSAGE)
        yield part[:length].strip()
        start += length
    yield paragraph[start:].strip()
