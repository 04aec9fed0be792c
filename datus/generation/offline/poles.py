"""Columns of yes and no, and the words for either answer: ``is_active`` is said active, inactive, discontinued, 停用."""

from collections.abc import Iterator

from datus.text import is_chinese, is_known
from datus.types import Column

# Words for one answer, and for the other. A column's name may be among either.
_POLES = tuple(
    tuple(frozenset(side.split()) for side in row.split(":"))
    for row in """
active enabled live 活跃 启用 在用 有效 在售 上架: inactive discontinued deactivated disabled retired obsolete 停用 停产 停售 下架 失效 禁用
paid settled 付清 结清: unpaid outstanding unsettled 欠款
open 营业: closed shut 关闭 停业 关门
married 已婚 结婚: unmarried single 未婚 单身
available in_stock 有货 可用: unavailable out_of_stock sold_out 缺货 无货 售罄
verified confirmed 验证: unverified unconfirmed
completed complete finished 完成 完结: incomplete unfinished uncompleted
subscribed 订阅: unsubscribed 退订
public 公开: private 私有 私密
employed 在职: unemployed 失业
alive living 在世: dead deceased 去世 死亡
valid 有效: invalid void 无效
smoker smoking 吸烟 抽烟: nonsmoker non_smoker
full_time 全职: part_time 兼职
approved 批准 通过: unapproved
published 发布: unpublished
deleted 删除: undeleted
registered 注册: unregistered
insured 投保: uninsured
urgent 紧急: nonurgent
returned 归还: unreturned
taxable 应税: untaxed tax_free 免税
domestic 国内: foreign 国外
""".strip().splitlines()
)
_PREFIXES = ("un", "in", "im", "ir", "dis", "non")
_FORMS = frozenset({"is", "has", "was", "are", "have", "flag", "ind", "indicator", "yn"})
# Integers that need no "is" before them to be a yes or a no; others may be amounts.
_PLAIN = frozenset(
    """active inactive discontinued deactivated enabled disabled deleted archived married verified unverified subscribed
    approved published retired insured""".split()
)


def is_flag(column: Column, words: tuple[str, ...]) -> bool:
    """Whether a column says yes or no: by its type, or as a number that is called so."""
    if column.kind == "boolean":
        return True
    named = len(words) > 1 and bool(_FORMS & {words[0], words[-1]})
    return column.kind == "integer" and (named or column.name.lower() in _PLAIN)


def other_words(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What else a column of yes and no may be called, for either answer."""
    name = "_".join(_content(words))
    for sides in _POLES:
        if any(name in side for side in sides):
            for said in sorted(frozenset().union(*sides) - {name}):
                yield tuple(said) if is_chinese(said) else tuple(said.split("_"))
    for prefix in _PREFIXES:
        if is_known(prefix + name):
            yield (prefix + name,)
        yield (prefix, name)
        if name.startswith(prefix) and is_known(name[len(prefix) :]):
            yield (name[len(prefix) :],)


def says_no(said: str, words: tuple[str, ...]) -> bool:
    """Whether words for a column of yes and no give the answer no, such as "inactive" for ``is_active``."""
    name = "_".join(_content(words))
    joined = "_".join(said.lower().replace("-", " ").split())
    for sides in _POLES:
        for at, side in enumerate(sides):
            if name in side and joined in side | sides[1 - at]:
                return joined not in side
    bare = joined.replace("_", "")
    return any(bare == prefix + name or name == prefix + bare for prefix in _PREFIXES)


def _content(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in _FORMS) or words
