"""What a column can be in a semantic model: a measure, a dimension, a time, or nothing."""

from dataclasses import dataclass
from typing import Literal

from datus.identifiers import identifier_words, split_identifier
from datus.semantic.suggest.comments import Said, read_comment
from datus.types import Column, Dialect, TableSchema

Role = Literal["measure", "categorical", "time", "none"]
Aggregation = Literal["sum", "average", "count", "count_distinct", "min", "max"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A column's role. ``aggregations`` are those that make sense of a measure, first the usual one;
    ``why`` says which cue decided, for people; empty where the type alone did."""

    role: Role
    aggregations: tuple[Aggregation, ...] = ()
    why: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Numbers that are a level of something: their sum means nothing.
_LEVELS = _words(
    "price rate rating score age percent percentage ratio temperature height weight speed average mean "
    "latency gpa probability density pressure humidity elevation altitude balance utilization "
    "length width depth efficiency per median minimum maximum discount"
)
_OF_ONE = _words("price cost weight value fee rate")
_TOTALS = _words("total amount sum subtotal count revenue quantity")
# Numbers of which both the sum and the average are asked for.
_BOTH = _words("duration salary wage distance")
# Numbers that name, place or order something.
_LAST_KEYS = _words("id key uuid guid hash ssn isbn phone telephone fax mobile latitude longitude")
_LAST_CATEGORIES = _words(
    "code zip zipcode postcode postal number version sequence rank ranking position year month week day "
    "quarter hour weekday level grade class type status flag line row stage phase tier season round order"
)
_FLAGS = _words("is has was can should did")
# Texts that nobody groups by, and texts that say who somebody is.
_TEXTS = _words(
    "description detail details comment note remark body content text message summary bio abstract url uri "
    "link image photo picture path file mail mobile address street website homepage uuid guid id key"
)
_CHINESE_LEVELS = (
    "价格 单价 标价 售价 均价 率 比例 占比 百分比 评分 得分 分数 年龄 温度 身高 体重 余额 库存 库存量 折扣 单位成本"
).split()
_CHINESE_KEYS = ("编号", "号码", "电话", "手机", "手机号", "经度", "纬度", "主键", "标识")
_CHINESE_CATEGORIES = ("编码", "代码", "邮编", "年份", "年", "月份", "月", "排名", "序号", "等级", "级别", "版本", "状态", "类型")  # fmt: skip
_CHINESE_TEXTS = ("备注", "描述", "说明", "内容", "邮箱", "电子邮箱", "电话", "手机", "手机号", "地址", "密码", "身份证号", "网址", "链接", "编号", "主键")  # fmt: skip
_PRIVATE = _words(
    "phone telephone fax email password passwd token secret hash salt ssn passport iban"
)
_TIME_ENDINGS = _words("date datetime timestamp")
_BIRTH = _words("birth born birthday birthdate dob death died")
_CHINESE_BIRTH = ("出生日期", "生日", "出生年月")


def is_time(column: Column, dialect: Dialect) -> bool:
    """Whether a column holds days or moments: by its type, and in SQLite, which has no such type, by name."""
    if column.kind in ("date", "datetime"):
        return True
    return dialect == "sqlite" and said_to_be_time(column)


def said_to_be_time(column: Column) -> bool:
    """Whether a text column's name says that it holds days or moments."""
    if column.kind != "text":
        return False
    words = identifier_words(column.name)
    at = len(words) > 1 and split_identifier(column.name)[-1:] == ("at",)
    return at or "date" in words[:1] or (bool(words) and words[-1] in _TIME_ENDINGS)


def read_column(column: Column, dialect: Dialect) -> Reading:
    """What a column that is no key can be, from its type, its name and its comment."""
    said = read_comment(column.comment)
    words = identifier_words(column.name)
    if is_time(column, dialect):
        return Reading("time")
    if column.kind == "boolean" or (words and words[0] in _FLAGS and column.kind == "integer"):
        return Reading("categorical")
    if column.kind == "text":
        return _text(words, said)
    if column.kind in ("integer", "number"):
        return _number(words, said)
    return Reading("none", why=f"a {column.kind} value")


def _text(words: tuple[str, ...], said: Said) -> Reading:
    cues = [word for word in words if word in _PRIVATE]
    cues += [word for word in words[-1:] if word in _TEXTS]
    if cue := next(iter(cues), None):
        return Reading("none", why=f'"{cue}": free text, or it says who somebody is')
    if name := next((name for name in said.chinese[:1] if name.endswith(_CHINESE_TEXTS)), None):
        return Reading("none", why=f"{name}: free text, or it says who somebody is")
    return Reading("categorical")


def _number(words: tuple[str, ...], said: Said) -> Reading:
    spoken = [words, *(tuple(name.lower().split()) for name in said.english)]
    for phrase in spoken:
        if found := _number_said(phrase):
            return found
    for name in said.chinese:
        if name.endswith(_CHINESE_KEYS):
            return Reading("none", why=f"{name}: it names something")
        if name.endswith(_CHINESE_CATEGORIES):
            return Reading("categorical", why=f"{name}: it orders or names something")
        if name.endswith(tuple(_CHINESE_LEVELS)):
            return Reading("measure", ("average",), f"{name}: a level, its sum means nothing")
    return Reading("measure", ("sum",))


def _number_said(words: tuple[str, ...]) -> Reading | None:
    """What the words of a name say of a number; None where they say nothing."""
    if not words:
        return None
    last = words[-1]
    if words[0] == "number" and len(words) > 1:
        return Reading("measure", ("sum",), '"number of"')
    if cue := next((word for word in words if word in _BOTH), None):
        return Reading("measure", ("sum", "average"), f'"{cue}": both are asked for')
    if last in _LAST_KEYS:
        return Reading("none", why=f'"{last}": it names or places something')
    if last in _LAST_CATEGORIES:
        return Reading("categorical", why=f'"{last}": it orders or names something')
    if cue := next((word for word in words if word in _TOTALS), None):
        return Reading("measure", ("sum",), f'"{cue}"')
    if words[0] == "unit" and last in _OF_ONE and len(words) > 1:
        return Reading("measure", ("average",), '"unit": a level, its sum means nothing')
    if cue := next((word for word in words if word in _LEVELS), None):
        return Reading("measure", ("average",), f'"{cue}": a level, its sum means nothing')
    return None


# What happens to a row after it began: worse than any other date to count rows by.
_LATER = _words(
    "update modify change expire expiry expiration end due deliver delivery ship shipping shipped close "
    "cancel last until deadline finish complete completion delete archive cancelled updated modified closed"
)
_BEGINS = _words("create creation created insert inserted occur event record recorded start begin")
_PLAIN_TIME = frozenset({("date",), ("time",), ("timestamp",), ("datetime",)})


def time_column(table: TableSchema, dialect: Dialect) -> Column | None:
    """The column that says when a row happened, or None: the time of the table's measures.

    A date that has the table's own words is best (``order_date`` of orders), then one that says the row
    began or is called no more than date, then any other; what comes later in a row's life (shipping,
    updates, expiry) only if there is nothing else. A birth date is a property of somebody, never this.
    """
    own = set(identifier_words(table.name))
    best: tuple[tuple[int, ...], Column] | None = None
    for column in table.columns:
        if not is_time(column, dialect):
            continue
        words = identifier_words(column.name)
        said = read_comment(column.comment)
        if set(words) & _BIRTH or any(name in _CHINESE_BIRTH for name in said.chinese):
            continue
        later = bool(set(words) & _LATER or set(split_identifier(column.name)) & _LATER)
        begins = bool(set(words) & _BEGINS) or words in _PLAIN_TIME
        score = (not later, bool(own & set(words)), begins, not column.nullable)
        rank = tuple(int(each) for each in score)
        if best is None or rank > best[0]:
            best = rank, column
    return best[1] if best else None
