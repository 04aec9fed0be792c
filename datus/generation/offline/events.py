"""Verbs of everyday events and the nouns that tables of such events are called by: who bought has an order.

A verb says less than a name. It chooses where the schema leaves a choice: which rows must or must not be there,
which date a time is about, by which of several links two tables are meant to meet.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from datus.generation.offline.names import SchemaIndex
from datus.text import is_chinese, lemma

# Verbs in dictionary form, Chinese ones behind them, and what their events are called, the nearest first.
# A Chinese verb of two characters with a "+" may be parted: 退+货 is 退货, 退过货, 退了货, 退的货.
_ROWS = """
buy purchase acquire | 买 购买 购 买入 选购 购入: purchase order sale transaction invoice order_item order_line basket
sell | 卖 卖出 卖掉 售出 售 销售 出售: sale order purchase transaction invoice order_item order_line
order | 下+单 订购 订: order purchase sale transaction
return come_back send_back bring_back give_back take_back | 退 退+货 退回 退掉 退还: return
refund | 退+款: refund return
pay | 付 付+款 支付 付+钱 缴+费 缴: payment transaction invoice
ship dispatch | 发+货 寄出 发出: shipment delivery
deliver | 送达 配送 送+货 送到: delivery shipment
visit | 访问 来访 光顾 到访 逛 拜访 参观: visit visitor_log
view browse look_at | 浏览 查看过: view visit
enroll register sign_up take study attend | 选修 选+课 报+名 修 上过: enrollment registration attendance
attend take_part participate join | 参加 出席 参与: attendance participation registration participant attendee
borrow lend check_out | 借 借阅 借出 借+书 借走: loan borrowing checkout
rent lease hire | 租 租借 租用 出租 租赁: rental lease hire
book reserve | 预订 预定 订+房: booking reservation
stay lodge | 入住 住过 留宿: stay booking reservation
review rate comment | 评价 评论 点评 评+分: review rating comment
consult see_a_doctor | 看+病 就+诊 就医 看诊: visit appointment consultation encounter
prescribe | 开+药 开具: prescription
donate give | 捐 捐款 捐赠 捐献: donation
vote | 投+票: vote
watch | 观看 看过: viewing view watch
apply | 申请: application
subscribe | 订阅: subscription
complain | 投+诉: complaint
call phone | 打+电话 致电: call
log_in sign_in | 登录 登陆: login session
transfer | 转+账: transfer transaction
hire employ | 雇用 雇佣 聘用: employment
play compete | 参赛 比赛过: appearance match
repair fix | 维修 修理 修过: repair
inspect | 检查过 检验: inspection
work | 任+职: assignment employment
"""


def _rows() -> Iterator[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    for row in _ROWS.strip().splitlines():
        verbs, nouns = row.split(":")
        yield (
            tuple(verbs.replace("|", " ").split()),
            tuple(tuple(noun.split("_")) for noun in nouns.split()),
        )


def _forms(verb: str) -> Iterator[tuple[str, ...]]:
    if not is_chinese(verb):
        yield tuple(verb.split("_"))
        return
    for between in ("", "过", "了", "的", "过的", "了的") if "+" in verb else ("",):
        yield tuple(verb.replace("+", between))


def _lexicon() -> Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for verbs, nouns in _rows():
        for verb in verbs:
            for form in _forms(verb):
                found[form] = tuple(dict.fromkeys((*found.get(form, ()), *nouns)))
    return found


_NOUNS = _lexicon()
LONGEST = max(map(len, _NOUNS))
# Forms that the dictionary leads to another word, or to none.
_FORMS = {"bought": "buy", "sold": "sell", "paid": "pay", "came": "come", "sent": "send", "brought": "bring",
          "gave": "give", "given": "give", "took": "take", "taken": "take", "lent": "lend", "rented": "rent",
          "seen": "see", "saw": "see", "booked": "book", "rated": "rate", "left": "leave"}  # fmt: skip

_LEAST = 0.6


@lru_cache(maxsize=20_000)
def _dictionary_form(word: str) -> str:
    return _FORMS.get(word) or lemma(word)


def event_nouns(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """What events of the verb that these words are may be called; empty where they are no such verb."""
    return _NOUNS.get(tuple(map(_dictionary_form, words)), ())


def event_tables(index: SchemaIndex, words: tuple[str, ...]) -> tuple[str, ...]:
    """The tables that hold events of a verb, the nearest first: those called so, which point to other tables
    or have a time."""
    found: dict[str, float] = {}
    for noun in event_nouns(words):
        for entry in index.phrases.get(noun, ()):
            roles = index.tables[entry.table]
            if entry.column is None and entry.score >= _LEAST and (roles.foreign or roles.time):
                found.setdefault(entry.table, entry.score)
        if any(score >= 0.8 for score in found.values()):
            break
    return tuple(sorted(found, key=lambda table: -found[table]))
