"""A metric's name said apart: "riders who were active", "orders that were cancelled", 骑手中活跃的."""

import re
from collections.abc import Sequence

from datus.generation.offline.metrics.names import Name, Names, Phrase
from datus.text import is_chinese

_BE = frozenset("is are was were be been being got get gets".split())
_JOINTS = _BE | frozenset("who that which have has had actually currently there".split())
_PARTICIPLES = frozenset(
    "paid sold lost won sent seen kept made broken taken given held built".split()
)
_JOINT = re.compile(r"(?:当中|之中|中|里)?(?:有多少|有几个)?(?:都是|是|被|为|属于)?")
_ASKED = re.compile(
    r"(?<=..)(?<!有)(?:了|过)?(?:多少|几)(?:个|名|位|笔|单|次|件|家|条|辆|台|张|份)?(?=..)"
)
_LEAST = 0.9  # names with no word left out but one for counting,
_LEAST_CHINESE = 0.8  # which is part of the word in Chinese: 骑手 for 骑手数


def said_apart(texts: Sequence[str], forms: Sequence[str], names: Names) -> tuple[Name, ...]:
    """The metrics whose whole name a noun and what is said of it make, in either order.

    Args:
        texts, forms: The words of one mention, and their forms as phrases hold them.
    """
    if any(is_chinese(text) for text in texts):
        return _chinese("".join(text for text in texts if text != "的"), names)
    if len(texts) == 2 and any(map(_is_participle, texts)):  # orders cancelled, seen patients
        return _whole((forms[1], forms[0]), names, _LEAST)
    if not _BE & set(texts[1:-1]) or texts[-1] in _JOINTS:
        return ()
    joints = [at for at, text in enumerate(texts) if text in _JOINTS]
    if joints != list(range(joints[0], joints[-1] + 1)) or joints[0] == 0:
        return ()
    noun, said = tuple(forms[: joints[0]]), tuple(forms[joints[-1] + 1 :])
    return _whole((*said, *noun), names, _LEAST) or _whole((*noun, *said), names, _LEAST)


def _is_participle(word: str) -> bool:
    return word.endswith("ed") or word in _PARTICIPLES


def _chinese(text: str, names: Names) -> tuple[Name, ...]:
    plain = _ASKED.sub("", text).removeprefix("被")  # 被取消的订单, 新增了多少用户
    if plain != text and (found := _whole(tuple(plain), names, _LEAST_CHINESE)):
        return found
    for split in range(2, len(text) - 1):
        match = _JOINT.match(text, split)
        if match is not None and match.end() > split and len(text) > match.end():
            noun, said = text[:split], text[match.end() :]
            if found := _whole(tuple(said + noun), names, _LEAST_CHINESE):
                return found
    return ()


def _whole(phrase: Phrase, names: Names, least: float) -> tuple[Name, ...]:
    if len(phrase) < 2:
        return ()
    return tuple(
        name for name in names.find(phrase) if name.role == "metric" and name.score >= least
    )
