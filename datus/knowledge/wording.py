"""Other words for values that databases keep in one word: women for F, 手机 for mobile, cancellation for cancelled."""

from collections.abc import Mapping

# Values in normal form, and behind them what people say for any of them.
_ROWS = """
f | female: female | females | women | woman | girls | girl | ladies | 女 | 女性 | 女士 | 女生
m | male: male | males | men | man | boys | boy | gentlemen | 男 | 男性 | 男士 | 男生
y | t | yes | true: yes
mobile | phone | smartphone | cell | handset: phone | phones | mobile | mobiles | smartphone | smartphones | cell phone | mobile phone | 手机 | 移动端
desktop | pc | computer: desktop computer | pc | pcs | computer | computers | 电脑 | 桌面端 | 台式机
tablet: tablet computer | tablets | ipad | 平板 | 平板电脑
online | web | internet | website | e commerce: online | internet | on the internet | 线上 | 网上 | 在线 | 网店
store | in store | offline | shop | retail | retail store: in store | offline | in person | at the counter | brick and mortar | 线下 | 门店 | 实体店
cancelled | canceled | cancel: cancelled | canceled | cancellation | cancellations | called off | 取消 | 已取消 | 取消的
failed | failure | fail | unsuccessful: failed | failure | failures | unsuccessful | failing | 失败 | 未成功
success | successful | succeeded: success | successful | successfully | succeeded | 成功
completed | complete | finished | done: completed | complete | finished | done | 完成 | 已完成
pending | waiting | outstanding: pending | awaiting | waiting | 待处理 | 待办 | 待定
returned | return: returned | sent back | 退回 | 已退货
refunded | refund: refunded | paid back | 退款 | 已退款
shipped | dispatched | sent: shipped | dispatched | 已发货 | 发货
delivered: delivered | 已送达 | 送达
rejected | declined | denied | refused: rejected | declined | denied | refused | 拒绝 | 被拒 | 驳回
approved | accepted: approved | accepted | 批准
inactive: inactive | 不活跃 | 停用
closed: closed | 关闭 | 已关闭
resolved | solved: resolved | solved | 已解决
credit card | credit | creditcard: credit card | credit cards | by credit | 信用卡
debit card | debit: debit card | debit cards | 借记卡 | 储蓄卡
cash: in cash | 现金
bank transfer | wire transfer | transfer | wire: bank transfer | wire transfer | 银行转账 | 转账
email | e mail: e mail | mail | mails | emails | 邮件 | 电子邮件
ads | ad | advertising | advertisement: ads | ad | advertising | advertisements | advert | 广告
social | social media: social media | social networks | 社交 | 社交媒体
single | unmarried: single | unmarried | 未婚 | 单身
married: married | 已婚
full time: full time | 全职
part time: part time | 兼职
usa | us | united states | united states of america: usa | us | united states | america | american | 美国
uk | united kingdom | great britain | gb: uk | united kingdom | britain | british | 英国
china | cn | chn: china | chinese | 中国
germany | deu: germany | german | 德国
france | fr | fra: france | french | 法国
japan | jp | jpn: japan | japanese | 日本
canada | can: canada | canadian | 加拿大
italy | it | ita: italy | italian | 意大利
spain | es | esp: spain | spanish | 西班牙
india | ind: india | indian | 印度
australia | au | aus: australia | australian | 澳大利亚
russia | ru | rus: russia | russian | 俄罗斯
brazil | br | bra: brazil | brazilian | 巴西
netherlands | nl | holland: netherlands | holland | dutch | 荷兰
switzerland | ch | che: switzerland | swiss | 瑞士
mexico | mx | mex: mexico | mexican | 墨西哥
red: 红 | 红色
blue: 蓝 | 蓝色
green: 绿 | 绿色
black: 黑 | 黑色
white: 白 | 白色
yellow: 黄色
grey | gray: grey | gray | 灰色
shoes | shoe | footwear: shoes | footwear | 鞋 | 鞋子 | 鞋类
clothing | clothes | apparel: clothes | apparel | garments | 服装 | 衣服
books | book: 图书 | 书籍 | 书
toys | toy: 玩具
electronics: 电子产品 | 电子
food | foods | groceries: groceries | 食品
furniture: 家具
sports | sport: 体育 | 运动
beauty | cosmetics: cosmetics | 美妆 | 化妆品
monday: 周一 | 星期一
saturday: 周六 | 星期六
sunday: 周日 | 星期日 | 星期天
"""


def _lexicon() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in _ROWS.strip().splitlines():
        values, said = (tuple(map(str.strip, half.split("|"))) for half in row.split(":"))
        for each in said:
            key = " ".join(each) if not each.isascii() else each
            others = (*found.get(key, ()), *(value for value in values if value != key))
            found[key] = tuple(dict.fromkeys(others))
    return found


_OTHERS = _lexicon()


def other_words(said: str) -> tuple[str, ...]:
    """The values in normal form that words in normal form may mean besides themselves."""
    return _OTHERS.get(said, ())
