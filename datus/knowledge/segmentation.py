"""Text cut into search terms: English lemmas, parts of identifiers, Chinese words.

The same rules read what is indexed and what is asked, so that both meet. A term is lower case and
holds letters and digits only, which is what makes a quoted term safe in a query of SQLite FTS5.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from datus.identifiers import ABBREVIATIONS, identifier_words, split_identifier
from datus.text import is_known, lemma, simplify

# Characters of the longest Chinese name that is matched as a whole.
LONGEST_NAME = 12

_CHINESE = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_CHINESE}]+|(?:(?![{_CHINESE}])\w)+(?:['\u2019][A-Za-z]+)?")
_PLAIN = re.compile(r"[a-z]+|[A-Z][a-z]+")
_NAME = re.compile(rf"[{_CHINESE}]{{2,}}")

# Words that hold a sentence together and say nothing of what it is about.
STOP_WORDS = frozenset(
    "a an the this that these those there here it its of in on at by for from to into with within as and or "
    "but not no nor be is are was were been being am do does did done have has had having can could may might "
    "shall should will would must i me my we us our you your he him his she her they them their who whom whose "
    "which what when where why how if then than so such too very also only just both either neither please "
    "about above after before between through during over under up down out off per each every all any some "
    "many much more most less least fewer few other another same different whether while let want know "
    "的 了 和 与 或 及 以及 并 并且 而 各 每 每个 各个 按 按照 是 为 有 没有 在 里 中 上 下 从 到 对 把 被 让 给 由 于 其 之 "
    "我 我们 你 您 他 她 它 他们 想 要 请 请问 帮 帮我 一下 查询 查看 查找 看 看看 显示 列出 统计 给出 告诉 知道 "
    "多少 几 几个 哪 哪些 哪个 哪几 什么 怎么 怎样 如何 谁 吗 呢 吧 啊 这 那 这些 那些 这个 那个 个 所有 全部 任何 "
    "都 也 还 就 又 再 最 更 很 不 非 不是 大于 小于 超过 至少 最多 以上 以下 一个 分别 进行 情况".split()
)
# Words that say what to do where a sentence begins with them; elsewhere they may be what it is about.
_COMMANDS = frozenset("show list give find tell display get return report count compute".split())


@dataclass(frozen=True, slots=True)
class Terms:
    """One word of a question: the terms that it may be indexed under, the plainest first."""

    word: str
    terms: tuple[str, ...]


class Segmenter:
    """Cuts texts into terms.

    Args:
        known: Says which of some Chinese strings are names in this index; they are kept whole.
    """

    def __init__(self, known: Callable[[Collection[str]], Collection[str]]) -> None:
        self._known = known

    def words(self, text: str) -> tuple[Terms, ...]:
        """The words of a question in order, each with its terms; what only holds it together is left out."""
        told = [word for word in self._cut(text) if word.word not in STOP_WORDS]
        return tuple(told[1:] if told and told[0].word in _COMMANDS else told)

    def terms(self, text: str) -> tuple[str, ...]:
        """Every term of a text, as it is indexed; a term that occurs twice is there twice."""
        return tuple(term for word in self._cut(text) for term in word.terms)

    def _cut(self, text: str) -> list[Terms]:
        clean = _clean(text)
        runs = [match[0] for match in _RUN.finditer(clean)]
        chinese = [run for run in runs if _NAME.match(run)]
        names = frozenset(self._known({part for run in chinese for part in _parts(run)}))
        found: list[Terms] = []
        for run in runs:
            if is_chinese_run(run):
                found.extend(_chinese(run, names))
            else:
                found.extend(_latin(run))
        return found


def chinese_names(text: str) -> Iterator[str]:
    """The Chinese strings of a name or comment that are short enough to be names themselves."""
    for match in _NAME.finditer(_clean(text)):
        if len(match[0]) <= LONGEST_NAME:
            yield match[0]


def is_chinese_run(run: str) -> bool:
    """Whether a run of letters is a Chinese one; runs are of one script."""
    return re.match(f"[{_CHINESE}]", run) is not None


def _clean(text: str) -> str:
    """NFKC, simplified Chinese and Latin letters without accents; capitals stay, they part names."""
    if text.isascii():
        return text
    folded = simplify(unicodedata.normalize("NFKC", text))
    bare = unicodedata.normalize("NFD", folded)
    return unicodedata.normalize("NFC", "".join(c for c in bare if not unicodedata.combining(c)))


@lru_cache(maxsize=50_000)
def _latin(run: str) -> tuple[Terms, ...]:
    run = run.partition("'")[0].partition("\u2019")[0].strip("_")
    if run.lower() in STOP_WORDS or (_PLAIN.fullmatch(run) and is_known(run.lower())):
        return _word(run.lower())
    if not run.isascii():
        return tuple(Terms(part, (part,)) for part in re.findall(r"[^\W_]+", run.lower()))
    parts = split_identifier(run)
    found = [word for part in parts for word in _word(part)]
    # Words that only show when the whole name is read, as in ``stuid`` and ``fname``.
    said = {term for word in found for term in word.terms}
    more = tuple(word for long in identifier_words(run) for word in long.split())
    return (*found, *(Terms(word, (word,)) for word in dict.fromkeys(more) if word not in said))


def _word(word: str) -> tuple[Terms, ...]:
    long = ABBREVIATIONS.get(word, ())
    parts = tuple(part for each in long for part in each.split())
    return (Terms(word, tuple(dict.fromkeys((lemma(word), *parts)))),)


def _parts(run: str) -> Iterator[str]:
    """Every string of a run that may be a name."""
    for start in range(len(run) - 1):
        for end in range(start + 2, min(start + LONGEST_NAME, len(run)) + 1):
            yield run[start:end]


def _chinese(run: str, names: Collection[str]) -> Iterator[Terms]:
    """Known names by longest match, each with the words in it; what lies between, word by word."""
    start = rest = 0
    while start < len(run):
        longest = range(min(LONGEST_NAME, len(run) - start), 1, -1)
        size = next((size for size in longest if run[start : start + size] in names), 0)
        if not size:
            start += 1
            continue
        yield from _cut(run[rest:start])
        name = run[start : start + size]
        yield from _named(name)
        start = rest = start + size
    yield from _cut(run[rest:])


def _named(name: str) -> Iterator[Terms]:
    parts = [part for word in _cut(name) for part in word.terms]
    if name not in parts:
        yield Terms(name, (name,))
    yield from (Terms(part, (part,)) for part in dict.fromkeys(parts))


def _cut(run: str) -> Iterator[Terms]:
    if not run:
        return
    import rjieba  # loads its dictionary, so only once Chinese is seen

    for word in rjieba.cut_for_search(run):
        yield Terms(word, (word,))
