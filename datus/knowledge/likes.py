"""Terms that mean the same here, learned from names and comments that stand side by side.

``rfd_amt`` with the comment ``退款金额`` teaches, together with others like it, that ``rfd`` is 退款. A
table without comments is then found by either, and in either language.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from datus.knowledge.segmentation import STOP_WORDS

# Terms are alike from this share of their lines in common on (Dice coefficient), seen so often.
_LEAST_SHARE = 0.35
_LEAST_LINES = 3
# Longer sayings explain a name more than they repeat it.
_LONGEST = 12


def learn(lines: Iterable[Sequence[Sequence[str]]]) -> Iterator[tuple[str, str, float]]:
    """Pairs of terms that stand for each other, both ways, with their share in (0, 1].

    Args:
        lines: Different lines, each as the sayings of one thing, each saying as its terms.
    """
    alone: Counter[str] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for line in lines:
        sayings = [frozenset(each) - STOP_WORDS for each in line if len(each) <= _LONGEST]
        if len(sayings) < 2:
            continue
        alone.update(frozenset().union(*sayings))
        pairs: set[tuple[str, str]] = set()
        for left, right in combinations(sayings, 2):
            pairs.update((min(a, b), max(a, b)) for a in left - right for b in right - left)
        together.update(pairs)
    for (one, other), count in sorted(together.items()):
        share = 2.0 * count / (alone[one] + alone[other])
        if count >= _LEAST_LINES and share >= _LEAST_SHARE:
            yield one, other, share
            yield other, one, share
