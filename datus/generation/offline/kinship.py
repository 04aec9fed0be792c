"""Words that mean the same in another form: spelling, derivation, short forms, slips of the pen.

Each test is about two single words in dictionary form; ``linking`` asks them only for a word that no
name of the schema has, and scores what they find below what is called exactly so.
"""

from functools import lru_cache

from rapidfuzz.distance import OSA

from datus.identifiers import ABBREVIATIONS
from datus.text import is_known

# Endings of British spelling with the American ones, and the words that no rule covers.
_SPELLINGS = (("isation", "ization"), ("ise", "ize"), ("iser", "izer"), ("yse", "yze"), ("our", "or"),
              ("tre", "ter"), ("ogue", "og"), ("ence", "ense"), ("lment", "llment"), ("lled", "led"),
              ("lling", "ling"), ("ller", "ler"))  # fmt: skip
_IRREGULAR_SPELLINGS = {
    "programme": "program", "cheque": "check", "grey": "gray", "storey": "story", "tyre": "tire",
    "jewellery": "jewelry", "aeroplane": "airplane", "catalogue": "catalog", "behaviour": "behavior",
    "neighbourhood": "neighborhood", "favourite": "favorite", "enrol": "enroll", "fulfil": "fulfill",
    "ageing": "aging", "licence": "license", "colour": "color", "metre": "meter", "litre": "liter",
}  # fmt: skip

# What the two ends of kindred words may look like after what they share: "popul" + "ation" | "ous".
_ENDINGS = frozenset(
    """ e es er or ers ors ee eer ier ist ant ent ance ence ancy ency ation ition ion sion tion ment al ial ual
    ality ity ty y ing ed ous ious ive ative ship hood dom ness ic ical ary ory ably able ible ate ize ization
    ality ure age ful less ly i ies ied""".split()
) | {""}
_SHORTEST_ROOT = 4
_AGENTS = frozenset(
    {"er", "or", "ing", "ed", "ship", "ment", "al", "ance", "ly", "ful", "less", "able"}
)
_UNSURE = frozenset({"y", "e", "age", "ion"})  # "count" and "county" are strangers
# Roots of three letters that agents and actions are made of; "may" and "mayor" are strangers.
_SHORT_VERBS = frozenset(
    "own act win buy pay run bid fly hit mix row say sew ski tax vet log tag add fit cut end".split()
)
# Verbs whose stem changes in the noun: "admit" and "admission", "extend" and "extension".
_LATINATE = (
    ("mit", "mission"),
    ("end", "ension"),
    ("ide", "ision"),
    ("ceive", "ception"),
    ("vert", "version"),
)
# Everyday words that look like kin and are not: the first of each row, and those after it.
_STRANGERS = {
    first: frozenset(others)
    for first, *others in map(
        str.split,
        (
            "department depart departure", "policy police", "customer custom", "state statement",
            "university universe universal", "general generate generation", "authority author",
            "authorize author", "authorization author", "part partition", "inventory inventor invention invent",
            "directory direct director direction", "director direction",
            "position positive", "fraction fracture", "access accession", "center cent", "corner corn",
            "number numb", "flower flow", "shower show", "master mast", "pastor past", "factor fact",
            "porter port", "charter chart", "quarter quart", "coaster coast", "flagship flag",
            "signal sign", "basement base", "apartment apart", "internal intern", "important import",
            "organization organ", "destination destiny", "objective object", "community commune",
        ),
    )
}  # fmt: skip
# Words that are said for the longer ones; any other word of the dictionary is no short form.
_CLIPPED = frozenset(
    "exam photo math maths admin auto info memo demo limo condo lab temp spec".split()
)
_SHORTEST_SLIP = 5
_SHORTEST_OF_LONG = 5
_VOWELS = frozenset("aeiou")


@lru_cache(maxsize=20_000)
def plain_spelling(word: str) -> str:
    """The American spelling of a British one: ``organisation`` -> ``organization``; else the word."""
    if word in _IRREGULAR_SPELLINGS:
        return _IRREGULAR_SPELLINGS[word]
    for british, american in _SPELLINGS:
        if word.endswith(british) and len(word) - len(british) >= 3:
            other = word[: -len(british)] + american
            if is_known(other):
                return other
    return word


@lru_cache(maxsize=100_000)
def is_kindred(one: str, other: str) -> bool:
    """Whether two words are formed from one root: ``population`` and ``populous``, ``own`` and ``owner``."""
    if one[:3] != other[:3] or one == other or _are_strangers(one, other):
        return False
    short, long = sorted((one, other), key=len)
    if any(
        short.endswith(end) and long == short.removesuffix(end) + noun for end, noun in _LATINATE
    ):
        return True
    shared = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    for size in range(shared, max(2, shared - 3), -1):
        ends = {one[size:], other[size:]}
        if ends <= _ENDINGS and _holds(one[:size], ends):
            return True
    longer = max(one, other, key=len)[shared:]
    doubled = longer.removeprefix(one[shared - 1])  # "win" and "winner"
    return (
        shared == min(len(one), len(other))
        and doubled != longer
        and doubled in ("er", "ing", "ed")
        and _holds(one[:shared], {"", doubled})
    )


def _are_strangers(one: str, other: str) -> bool:
    return other in _STRANGERS.get(one, ()) or one in _STRANGERS.get(other, ())


def _holds(root: str, ends: set[str]) -> bool:
    """Whether so short a root is enough: "own" and "owner", but not "stat(e)" and "stat(ion)"."""
    size = len(root)
    if "" not in ends:
        return size > _SHORTEST_ROOT or (
            size == _SHORTEST_ROOT and "e" in ends and bool(ends & _AGENTS)
        )
    (end,) = ends - {""}
    if end in _UNSURE:
        return size > _SHORTEST_ROOT + 1 and end == "ion"
    return size >= _SHORTEST_ROOT or (root in _SHORT_VERBS and end in _AGENTS)


@lru_cache(maxsize=100_000)
def is_short_for(short: str, long: str) -> bool:
    """Whether a name's part that is no word shortens a word: ``prereq``, ``dst`` for destination."""
    if len(long) < _SHORTEST_OF_LONG or len(short) < 3 or short[0] != long[0]:
        return False
    if len(short) > len(long) - 2 or not short.isalpha() or short in ABBREVIATIONS:
        return False
    if is_known(short) and short not in _CLIPPED:
        return False
    if long.startswith(short):
        return True
    heard = "".join(letter for letter in long[1:] if letter not in _VOWELS)
    said = short[1:]
    if _VOWELS & set(short) or not heard:
        return False
    if heard.startswith(said):  # "dst" of "destination"
        return True
    rest = iter(heard)  # the consonants in their order, up to the last: "mgr" of "manager"
    return said[-1] == heard[-1] and all(letter in rest for letter in said)


@lru_cache(maxsize=100_000)
def is_slip(one: str, other: str) -> bool:
    """Whether one is the other with one letter more, less, wrong or swapped, and only one is a word.

    A first letter is seldom mistaken, and words of fewer than five letters have too many neighbours.
    """
    if min(len(one), len(other)) < _SHORTEST_SLIP or one[0] != other[0]:
        return False
    if abs(len(one) - len(other)) > 1 or not (one.isalpha() and other.isalpha()):
        return False
    if OSA.distance(one, other, score_cutoff=1) > 1:
        return False
    return is_known(one) != is_known(other)
