"""The tables of the demo shop as data: columns, keys and the comment on each, English and Chinese.

A comment is ``<English> | <Chinese>``. Each half is ``<names>``, ``<names>; <remark>`` or
``<names>; <remark>; values: ...``: first the names that people use for the thing (synonyms, separated
by ``", "`` in English and by ``、`` in Chinese), then what else is to know. A Chinese half separates its
parts by ``；`` and, where a column holds a closed set of words, says each word's Chinese as
``取值：word=中文、word=中文``.

The tables, from what stands still to what happens:

- ``regions``: where the shop sells. Eight, in three countries.
- ``stores``: 24 shops of brick, three to a region.
- ``categories``: ten kinds of product.
- ``products``: 240, each of one category and brand. The newest have not been sold yet.
- ``customers``: 12,000, each with a name of its own. One in seven has never ordered.
- ``orders``: one visit to a till or one online basket. Online orders have no store.
- ``order_items``: the lines of an order. The sum of ``amount`` is the revenue, whatever the order's status.
- ``payments``: attempts to pay an order, failed ones included. Some orders have none.
- ``returns``: goods that came back, each pointing to the line that sold them.
- ``web_visits``: visits to the online shop. Those without a customer are anonymous.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoColumn:
    """A column: its name, its DuckDB type with constraints, and both halves of its comment.

    ``references`` names the table whose column of the same name it points to.
    """

    name: str
    type: str
    english: str
    chinese: str
    references: str = ""

    @property
    def comment(self) -> str:
        """The comment as it stands in the database."""
        return f"{self.english} | {self.chinese}"


@dataclass(frozen=True, slots=True)
class DemoTable:
    """A table. Its first column is its primary key."""

    name: str
    english: str
    chinese: str
    columns: tuple[DemoColumn, ...]

    @property
    def comment(self) -> str:
        """The comment as it stands in the database."""
        return f"{self.english} | {self.chinese}"

    def statements(self) -> tuple[str, ...]:
        """The statements that create the table, with its keys and comments."""
        lines = [f"{column.name} {column.type}" for column in self.columns]
        lines.append(f"PRIMARY KEY ({self.columns[0].name})")
        lines += [
            f"FOREIGN KEY ({column.name}) REFERENCES {column.references} ({column.name})"
            for column in self.columns
            if column.references
        ]
        return (
            f"CREATE TABLE {self.name} ({', '.join(lines)})",
            f"COMMENT ON TABLE {self.name} IS {_quoted(self.comment)}",
            *(
                f"COMMENT ON COLUMN {self.name}.{column.name} IS {_quoted(column.comment)}"
                for column in self.columns
            ),
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_C = DemoColumn

TABLES: tuple[DemoTable, ...] = (
    DemoTable(
        "regions",
        "sales regions, regions, sales areas",
        "销售地区、地区、区域、大区",
        (
            _C("region_id", "INTEGER NOT NULL", "region id", "地区编号"),
            _C(
                "region_name",
                "VARCHAR NOT NULL",
                "region, region name",
                "地区、地区名称、区域；取值：Northeast=东北部、South=南部、Midwest=中西部、West=西部、"
                "Ontario=安大略、British Columbia=不列颠哥伦比亚、England=英格兰、Scotland=苏格兰",
            ),
            _C(
                "country",
                "VARCHAR NOT NULL",
                "country",
                "国家；取值：United States=美国、Canada=加拿大、United Kingdom=英国",
            ),
        ),
    ),
    DemoTable(
        "stores",
        "stores, shops, branches",
        "门店、店铺、实体店、分店",
        (
            _C("store_id", "INTEGER NOT NULL", "store id", "门店编号"),
            _C("store_name", "VARCHAR NOT NULL", "store, store name", "门店、门店名称、店名"),
            _C(
                "region_id",
                "INTEGER NOT NULL",
                "region id; region of the store",
                "地区编号；门店所在地区",
                "regions",
            ),
            _C(
                "city",
                "VARCHAR NOT NULL",
                "store city, city; city where the store is located",
                "门店城市、城市；门店所在城市",
            ),
            _C(
                "store_type",
                "VARCHAR NOT NULL",
                "store type, store format; values: flagship, standard, outlet",
                "门店类型；取值：flagship=旗舰店、standard=标准店、outlet=奥特莱斯店",
            ),
            _C("open_date", "DATE NOT NULL", "opening date", "开业日期、开店日期"),
            _C(
                "floor_area_sqm",
                "INTEGER NOT NULL",
                "floor area, size; in square metres",
                "营业面积、面积；单位：平方米",
            ),
        ),
    ),
    DemoTable(
        "categories",
        "product categories, categories",
        "产品类别、商品类别、品类、商品分类",
        (
            _C("category_id", "INTEGER NOT NULL", "category id", "类别编号"),
            _C(
                "category_name",
                "VARCHAR NOT NULL",
                "product category, category, category name",
                "产品类别、商品类别、类别、品类、类别名称；取值：Electronics=电子产品、Clothing=服装、"
                "Shoes=鞋靴、Kitchen=厨房用品、Furniture=家具、Beauty=美妆、Sports=运动户外、Toys=玩具、"
                "Books=图书、Groceries=食品杂货",
            ),
        ),
    ),
    DemoTable(
        "products",
        "products, goods, articles",
        "产品、商品、货品",
        (
            _C("product_id", "INTEGER NOT NULL", "product id", "产品编号、商品编号"),
            _C(
                "product_name",
                "VARCHAR NOT NULL",
                "product, product name",
                "产品、商品、产品名称、商品名称",
            ),
            _C(
                "category_id",
                "INTEGER NOT NULL",
                "category id; category of the product",
                "类别编号；产品所属类别",
                "categories",
            ),
            _C("brand", "VARCHAR NOT NULL", "brand, make", "品牌"),
            _C(
                "price",
                "DECIMAL(10,2) NOT NULL",
                "price, list price; today's price of one unit, in USD",
                "价格、标价、售价；当前单件售价，单位：美元",
            ),
            _C(
                "cost",
                "DECIMAL(10,2) NOT NULL",
                "unit cost, purchase cost; what one unit costs the shop, in USD",
                "成本、单位成本、进货成本；单件成本，单位：美元",
            ),
            _C("launch_date", "DATE NOT NULL", "launch date", "上市日期、上架日期"),
            _C(
                "is_active",
                "BOOLEAN NOT NULL",
                "active; false when the product is discontinued, its stock is still sold",
                "是否在产；已停产的产品为 false，库存仍可销售",
            ),
        ),
    ),
    DemoTable(
        "customers",
        "customers, clients, buyers",
        "客户、顾客、买家、会员",
        (
            _C("customer_id", "INTEGER NOT NULL", "customer id", "客户编号"),
            _C(
                "customer_name",
                "VARCHAR NOT NULL",
                "customer, customer name; full name",
                "客户、客户姓名、客户名称、姓名；全名",
            ),
            _C("email", "VARCHAR NOT NULL", "email, email address", "电子邮箱、邮箱"),
            _C(
                "gender",
                "VARCHAR NOT NULL",
                "gender, sex; values: female, male",
                "性别；取值：female=女性、male=男性",
            ),
            _C(
                "birth_date",
                "DATE",
                "birth date, date of birth; empty when unknown",
                "出生日期、生日；未知时为空",
            ),
            _C(
                "city",
                "VARCHAR NOT NULL",
                "customer city, city; city where the customer lives",
                "客户城市、城市；客户居住城市",
            ),
            _C(
                "region_id",
                "INTEGER NOT NULL",
                "region id; region where the customer lives",
                "地区编号；客户所在地区",
                "regions",
            ),
            _C(
                "segment",
                "VARCHAR NOT NULL",
                "customer segment, segment, customer type; values: Consumer, Small Business, Corporate",
                "客户类型、客户分类、客群；取值：Consumer=个人客户、Small Business=小微企业、"
                "Corporate=企业客户",
            ),
            _C(
                "signup_date",
                "DATE NOT NULL",
                "signup date, registration date; the day the customer signed up",
                "注册日期、注册时间",
            ),
            _C(
                "is_subscribed",
                "BOOLEAN NOT NULL",
                "newsletter subscriber, subscribed; whether the customer takes the newsletter",
                "是否订阅邮件、是否订阅",
            ),
        ),
    ),
    DemoTable(
        "orders",
        "orders, purchases",
        "订单、下单记录",
        (
            _C("order_id", "INTEGER NOT NULL", "order id, order number", "订单编号、订单号"),
            _C(
                "customer_id",
                "INTEGER NOT NULL",
                "customer id; customer who placed the order",
                "客户编号；下单客户",
                "customers",
            ),
            _C(
                "region_id",
                "INTEGER NOT NULL",
                "region id; sales region of the order",
                "地区编号；订单所属地区",
                "regions",
            ),
            _C(
                "store_id",
                "INTEGER",
                "store id; store where the order was placed, empty for online orders",
                "门店编号；下单门店，线上订单为空",
                "stores",
            ),
            _C(
                "order_date",
                "DATE NOT NULL",
                "order date, date of the order",
                "下单日期、订单日期、下单时间",
            ),
            _C(
                "channel",
                "VARCHAR NOT NULL",
                "sales channel, channel; values: online, store",
                "销售渠道、渠道；取值：online=线上、store=线下",
            ),
            _C(
                "status",
                "VARCHAR NOT NULL",
                "order status, status; values: completed, shipped, pending, cancelled",
                "订单状态；取值：completed=已完成、shipped=已发货、pending=待处理、cancelled=已取消",
            ),
            _C(
                "shipping_fee",
                "DECIMAL(8,2) NOT NULL",
                "shipping fee, delivery charge; in USD, not part of revenue",
                "运费、配送费；单位：美元，不计入销售额",
            ),
            _C(
                "ship_date",
                "DATE",
                "shipping date, ship date; empty while an order waits, when cancelled and in stores",
                "发货日期；未发货、已取消及线下订单为空",
            ),
        ),
    ),
    DemoTable(
        "order_items",
        "order items, order lines, line items",
        "订单明细、订单行、订单商品",
        (
            _C("order_item_id", "INTEGER NOT NULL", "order item id", "订单明细编号"),
            _C(
                "order_id",
                "INTEGER NOT NULL",
                "order id; order that the line belongs to",
                "订单编号；所属订单",
                "orders",
            ),
            _C(
                "product_id",
                "INTEGER NOT NULL",
                "product id; product sold",
                "产品编号；所售产品",
                "products",
            ),
            _C(
                "quantity",
                "INTEGER NOT NULL",
                "quantity, units sold, sales volume; number of units",
                "数量、销量、销售数量、件数",
            ),
            _C(
                "unit_price",
                "DECIMAL(10,2) NOT NULL",
                "unit price; price of one unit on that day before discount, in USD",
                "单价、成交单价；当日折扣前单件价格，单位：美元",
            ),
            _C(
                "discount",
                "DECIMAL(4,2) NOT NULL",
                "discount, discount rate; a share, 0.10 is ten percent",
                "折扣、折扣率；比例，0.10 即优惠百分之十",
            ),
            _C(
                "amount",
                "DECIMAL(12,2) NOT NULL",
                "revenue, sales, sales amount, turnover, spending; net of discount, in USD; "
                "orders of every status count",
                "销售额、销售金额、营收、营业额、收入、消费金额；折扣后金额，单位：美元；"
                "包含所有状态的订单",
            ),
        ),
    ),
    DemoTable(
        "payments",
        "payments",
        "支付、付款、支付记录",
        (
            _C("payment_id", "INTEGER NOT NULL", "payment id", "支付编号"),
            _C(
                "order_id",
                "INTEGER NOT NULL",
                "order id; order that is paid",
                "订单编号；所支付的订单",
                "orders",
            ),
            _C("payment_date", "DATE NOT NULL", "payment date", "支付日期、付款日期"),
            _C(
                "method",
                "VARCHAR NOT NULL",
                "payment method; values: credit card, debit card, digital wallet, gift card, cash",
                "支付方式、付款方式；取值：credit card=信用卡、debit card=借记卡、"
                "digital wallet=电子钱包、gift card=礼品卡、cash=现金",
            ),
            _C(
                "status",
                "VARCHAR NOT NULL",
                "payment status; values: paid, failed, refunded",
                "支付状态、付款状态；取值：paid=支付成功、failed=支付失败、refunded=已退款",
            ),
            _C(
                "payment_amount",
                "DECIMAL(12,2) NOT NULL",
                "payment amount, amount paid; shipping included, in USD",
                "支付金额、付款金额；含运费，单位：美元",
            ),
        ),
    ),
    DemoTable(
        "returns",
        "returns, returned goods",
        "退货、退货记录",
        (
            _C("return_id", "INTEGER NOT NULL", "return id", "退货编号"),
            _C(
                "order_item_id",
                "INTEGER NOT NULL",
                "order item id; order line that the goods were bought with",
                "订单明细编号；退货对应的订单明细",
                "order_items",
            ),
            _C("return_date", "DATE NOT NULL", "return date", "退货日期"),
            _C(
                "quantity",
                "INTEGER NOT NULL",
                "returned quantity, units returned; number of units",
                "退货数量、退货件数",
            ),
            _C(
                "reason",
                "VARCHAR NOT NULL",
                "return reason, reason; values: damaged, wrong size, not as described, "
                "changed mind, arrived late",
                "退货原因；取值：damaged=商品破损、wrong size=尺码不合适、not as described=与描述不符、"
                "changed mind=不想要了、arrived late=送达太晚",
            ),
            _C(
                "refund_amount",
                "DECIMAL(12,2) NOT NULL",
                "refund, refund amount, refunded amount; in USD",
                "退款、退款金额；单位：美元",
            ),
        ),
    ),
    DemoTable(
        "web_visits",
        "web visits, website visits, visits, sessions, traffic",
        "网站访问、访问记录、访问量、会话、流量",
        (
            _C("visit_id", "INTEGER NOT NULL", "visit id", "访问编号"),
            _C(
                "customer_id",
                "INTEGER",
                "customer id; empty for anonymous visitors",
                "客户编号；匿名访客为空",
                "customers",
            ),
            _C(
                "visited_at",
                "TIMESTAMP NOT NULL",
                "visit time, time of the visit",
                "访问时间、访问日期",
            ),
            _C(
                "source",
                "VARCHAR NOT NULL",
                "traffic source, source; values: search, social, email, ads, direct",
                "流量来源、访问来源、来源；取值：search=搜索引擎、social=社交媒体、email=邮件、"
                "ads=广告、direct=直接访问",
            ),
            _C(
                "device",
                "VARCHAR NOT NULL",
                "device, device type; values: mobile, desktop, tablet",
                "设备、设备类型；取值：mobile=手机、desktop=电脑、tablet=平板",
            ),
            _C(
                "duration_seconds",
                "INTEGER NOT NULL",
                "visit duration, duration, time on site; in seconds",
                "访问时长、停留时长；单位：秒",
            ),
            _C(
                "pages_viewed",
                "INTEGER NOT NULL",
                "pages viewed, page views; number of pages",
                "浏览页数、浏览页面数",
            ),
        ),
    ),
)
