"""The rows of the demo shop, made in SQL over integers so that every DuckDB makes the same ones.

Chance comes from ``draw(key, salt)``, a whole number in [0, 2^24) that depends on its arguments alone:
the 32-bit mixing function "lowbias32" of the hash-prospector project, without its last step, the upper
24 bits. The engine's own ``random()`` and ``hash()`` may change between versions. ``below(key, salt, n)``
is a draw in [0, n), ``pick(key, salt, list)`` an element of a list. A salt stands for one decision.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from datus.demo.catalogue import (
    CATEGORIES,
    FEMALE_NAMES,
    LAST_NAMES,
    MALE_NAMES,
    REGIONS,
    STORE_PLACES,
    STORE_TYPES,
)

FIRST_DAY = date(2021, 1, 15)
LAST_DAY = date(2024, 1, 14)

Rows = list[tuple[object, ...]]

_DAYS = (LAST_DAY - FIRST_DAY).days + 1
_ORDER_COUNT = 80_000
_VISIT_COUNT = 120_000
_OLD_CUSTOMERS = 5_000  # signed up before the first day
_NEW_CUSTOMERS = 7_000  # sign up on the days shown
_PER_CATEGORY = 24  # products: eight kinds by three brands
_EARLY = 18  # of these are on the shelf from the first day

# Permille of an ordinary month (January first) and weekday (Monday first): a retailer's year and week.
_MONTHS = (880, 860, 930, 950, 990, 980, 960, 970, 980, 1020, 1240, 1450)
_WEEKDAYS = (940, 910, 930, 980, 1090, 1200, 1050)


def small_tables() -> Iterator[tuple[str, Rows]]:
    """The tables short enough to list: their names and rows, in the order of their columns."""
    yield "regions", [(i, region.name, region.country) for i, region in enumerate(REGIONS, 1)]
    yield "stores", [_store(number) for number in range(len(REGIONS) * len(STORE_PLACES))]
    yield "categories", [(i, category.name) for i, category in enumerate(CATEGORIES, 1)]
    yield "products", [_product(number) for number in range(len(CATEGORIES) * _PER_CATEGORY)]


def _store(number: int) -> tuple[object, ...]:
    region, place = divmod(number, len(STORE_PLACES))
    city = REGIONS[region].cities[place]
    area = (2400, 1250, 700)[place] + number * 53 % 300
    opened = REGIONS[region].opened[place]
    name = f"{city} {STORE_PLACES[place]}"
    return number + 1, name, region + 1, city, STORE_TYPES[place], opened, area


def _product(number: int) -> tuple[object, ...]:
    position, category = divmod(number, len(CATEGORIES))
    kind, price = CATEGORIES[category].kinds[position // 3]
    brand = CATEGORIES[category].brands[position % 3]
    cents = price * (80, 100, 130)[position % 3] // 50 * 50 - 1
    cost = cents * (48 + number * 7 % 21) // 100
    active = position >= _EARLY or number % 17 != 5
    name = f"{brand} {kind}"
    launched = _launch_date(number)
    return number + 1, name, category + 1, brand, cents / 100, cost / 100, launched, active


def _launch_date(number: int) -> date:
    late = number - _EARLY * len(CATEGORIES)
    if late < 0:
        return FIRST_DAY - timedelta(days=40 + number * 37 % 1000)
    # One every 19 days; what would come after the last day is launched on the last few days.
    days_shown = (LAST_DAY - FIRST_DAY).days
    left = (_PER_CATEGORY - _EARLY) * len(CATEGORIES) - 1 - late
    return FIRST_DAY + timedelta(days=min(20 + 19 * late, days_shown - left))


def helpers() -> tuple[str, ...]:
    """Statements that make the temporary macros and tables; they leave no trace in the file."""
    return (
        "CREATE TEMP MACRO mixed(x, shift, factor) AS"
        " (xor(x, x >> shift) * factor::UBIGINT) & 4294967295::UBIGINT",
        "CREATE TEMP MACRO seed(key, salt) AS (key::UBIGINT * 2654435761::UBIGINT"
        " + salt::UBIGINT * 2246822507::UBIGINT) & 4294967295::UBIGINT",
        "CREATE TEMP MACRO draw(key, salt) AS"
        " (mixed(mixed(seed(key, salt), 16, 2146121005), 15, 2221713035) >> 8)::BIGINT",
        "CREATE TEMP MACRO below(key, salt, n) AS (draw(key, salt) * n) >> 24",
        "CREATE TEMP MACRO pick(key, salt, choices) AS choices[1 + below(key, salt, len(choices))]",
        "CREATE TEMP MACRO usd(cents) AS (cents * 0.01::DECIMAL(2,2))::DECIMAL(12,2)",
        _DAY,
        _SHELF,
        _PEOPLE,
    )


def big_tables() -> tuple[tuple[str, str], ...]:
    """The other tables: their names and the query that makes their rows, in an order the keys allow."""
    return (
        ("customers", _CUSTOMERS),
        ("orders", _ORDERS),
        ("order_items", _ORDER_ITEMS),
        ("payments", _PAYMENTS),
        ("returns", _RETURNS),
        ("web_visits", _WEB_VISITS),
    )


def _list(choices: Iterable[object]) -> str:
    return "[" + ", ".join(_literal(choice) for choice in choices) + "]"


def _literal(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _slots(**shares: int) -> str:
    """A list in which each word stands as often as its share says; ``_`` is read as a blank."""
    return _list(name.replace("_", " ") for name, share in shares.items() for _ in range(share))


def _category_slots(month: int) -> str:
    return _list(
        number
        for number, category in enumerate(CATEGORIES, 1)
        for _ in range(category.share + category.boost * (month in category.season))
    )


# Days with their volume of business (about a million on an ordinary day of the middle year) and the
# sum of the volumes before. Business grows by two thirds over the three years.
_DAY = f"""
CREATE TEMP TABLE day AS
SELECT *, sum(volume) OVER (ORDER BY n)::BIGINT - volume AS before, sum(volume) OVER ()::BIGINT AS whole
FROM (
    SELECT n, day, {_list(_MONTHS)}[month(day)] * {_list(_WEEKDAYS)}[isodow(day)]
        * (780 + 520 * n // {_DAYS}) // 1000 * (900 + below(n, 1, 200)) // 1000 AS volume
    FROM (SELECT n, DATE '{FIRST_DAY}' + n::INTEGER AS day FROM range({_DAYS}) AS r(n))
)
"""

# The number of products of a category that can be sold on a day: goods come three weeks after launch.
_SHELF = """
CREATE TEMP TABLE shelf AS
SELECT day.day, category_id, count(*) AS products
FROM day JOIN products ON launch_date + 21 <= day.day
GROUP BY ALL
"""

# Every first name with every last name, shuffled, so that no two customers share a name.
_PEOPLE = f"""
CREATE TEMP TABLE people AS
SELECT row_number() OVER (ORDER BY draw(f * 1000 + l, 2), f, l) AS customer_id,
    {_list(FEMALE_NAMES + MALE_NAMES)}[f] AS first_name, {_list(LAST_NAMES)}[l] AS last_name,
    CASE WHEN f <= {len(FEMALE_NAMES)} THEN 'female' ELSE 'male' END AS gender
FROM range(1, {len(FEMALE_NAMES + MALE_NAMES) + 1}) AS a(f), range(1, {len(LAST_NAMES) + 1}) AS b(l)
"""

# Customers are numbered as they signed up. Cities of a region are the smaller the later they are listed.
_CUSTOMERS = f"""
WITH signup AS (
    SELECT id AS customer_id, DATE '2018-01-01' + (id * 1110 // {_OLD_CUSTOMERS + 1})::INTEGER AS signup_date
    FROM range(1, {_OLD_CUSTOMERS + 1}) AS r(id)
    UNION ALL
    SELECT {_OLD_CUSTOMERS} + unnest(range(
        1 + before * {_NEW_CUSTOMERS} // whole, 1 + (before + volume) * {_NEW_CUSTOMERS} // whole)), day
    FROM day
), placed AS (
    SELECT *, pick(customer_id, 3, {_list(i for i, region in enumerate(REGIONS, 1) for _ in range(region.share))})
        AS region_id
    FROM signup
), housed AS (
    SELECT *, [{", ".join(_list(region.cities) for region in REGIONS)}][region_id] AS cities FROM placed
)
SELECT customer_id,
    first_name || ' ' || last_name,
    lower(first_name || '.' || last_name) || '@example.com',
    gender,
    CASE WHEN below(customer_id, 4, 100) >= 7 THEN
        signup_date - (6600 + least(below(customer_id, 5, 21000), below(customer_id, 6, 21000)))::INTEGER
    END,
    cities[1 + least(below(customer_id, 7, len(cities)), below(customer_id, 8, len(cities)))],
    region_id,
    pick(customer_id, 9, {_slots(Consumer=78, Small_Business=15, Corporate=7)}),
    signup_date,
    below(customer_id, 10, 100) < 38
FROM housed JOIN people USING (customer_id)
ORDER BY customer_id
"""

# Every fifth customer comes more often and every fortieth far more. A store order goes to a store of the
# customer's region, to its oldest one while the drawn one is not open yet.
_ORDERS = f"""
WITH numbered AS (
    SELECT unnest(range(1 + before * {_ORDER_COUNT} // whole, 1 + (before + volume) * {_ORDER_COUNT} // whole)) AS order_id,
        n, day.day AS order_date, known
    FROM day JOIN (
        SELECT day.day, count(*) AS known FROM day JOIN customers ON signup_date <= day.day GROUP BY ALL
    ) AS base ON base.day = day.day
), buying AS (
    SELECT *, 1 + below(order_id, 11, known) AS person,
        pick(order_id, 12, {_list([1] * 9 + [5] * 9 + [40] * 2)}) AS tier
    FROM numbered
), drafted AS (
    SELECT order_id, n, order_date, customers.customer_id, customers.region_id,
        below(order_id, 13, 1000) < 400 + n * 200 // {_DAYS} AS online,
        3 * customers.region_id - 2 AS first_store,
        least(below(order_id, 14, 3), below(order_id, 15, 3)) AS place,
        1 + below(order_id, 16, 4) AS ship_days, 3 + below(order_id, 17, 4) AS travel_days
    FROM buying JOIN customers ON customers.customer_id = greatest(1, person - person % tier)
), settled AS (
    SELECT *, CASE
        WHEN below(order_id, 18, 1000) < CASE WHEN online THEN 62 ELSE 11 END THEN 'cancelled'
        WHEN NOT online OR n + ship_days + travel_days < {_DAYS} THEN 'completed'
        WHEN n + ship_days < {_DAYS} THEN 'shipped'
        ELSE 'pending' END AS status
    FROM drafted
)
SELECT order_id, customer_id, settled.region_id,
    CASE WHEN NOT online THEN CASE WHEN open_date <= order_date THEN store_id ELSE first_store END END,
    order_date,
    CASE WHEN online THEN 'online' ELSE 'store' END,
    status,
    usd(CASE WHEN online THEN pick(order_id, 19, [0, 0, 0, 499, 499, 499, 799, 799, 1299]) ELSE 0 END),
    CASE WHEN online AND status IN ('completed', 'shipped') THEN order_date + ship_days::INTEGER END
FROM settled JOIN stores ON store_id = first_store + place
ORDER BY order_id
"""

# The month says which category, the category which product: early ones sell more. Groceries (the
# tenth) are bought by the handful. Prices rose each year.
_ORDER_ITEMS = f"""
WITH line AS (
    SELECT order_id, order_date, 8 * order_id + unnest(range(pick(order_id, 20, {
    _list([1] * 6 + [2] * 6 + [3] * 4 + [4] * 2 + [5, 7])
}))) AS line
    FROM orders
), sorted AS (
    SELECT *, pick(line, 21, [{
    ", ".join(_category_slots(month) for month in range(1, 13))
}][month(order_date)])
        AS category_id
    FROM line
), chosen AS (
    SELECT line, order_id, order_date, sorted.category_id + {len(CATEGORIES)}
            * least(below(line, 22, products), below(line, 23, products)) AS product_id,
        pick(line, 24, CASE WHEN sorted.category_id = 10 THEN [1, 2, 2, 3, 4, 6] ELSE [1, 1, 1, 1, 1, 2, 2, 3] END)
            AS quantity,
        pick(line, 25, CASE WHEN month(order_date) = 11 AND day(order_date) > 20 THEN [0, 10, 20, 30]
            ELSE [0, 0, 0, 0, 0, 0, 0, 5, 10, 15] END) AS percent
    FROM sorted JOIN shelf ON shelf.day = order_date AND shelf.category_id = sorted.category_id
), priced AS (
    SELECT *, (price * 100)::BIGINT * [92, 96, 100, 100][year(order_date) - 2020] // 100 AS cents
    FROM chosen JOIN products USING (product_id)
)
SELECT row_number() OVER (ORDER BY line), order_id, product_id, quantity, usd(cents), usd(percent),
    usd((quantity * cents * (100 - percent) + 50) // 100)
FROM priced
ORDER BY line
"""

# One payment in twenty fails first. Cancelled orders were refunded or never paid; some that wait are unpaid.
_PAYMENTS = f"""
WITH total AS (SELECT order_id, sum(amount) AS amount FROM order_items GROUP BY order_id),
attempt AS (
    SELECT *, total.amount + shipping_fee AS due, CASE status
            WHEN 'cancelled' THEN CASE WHEN below(order_id, 26, 10) < 6 THEN 'refunded' END
            WHEN 'pending' THEN CASE WHEN below(order_id, 27, 10) < 6 THEN 'paid' END
            ELSE 'paid' END AS outcome
    FROM orders JOIN total USING (order_id)
), tries AS (
    SELECT *, unnest(CASE WHEN below(order_id, 28, 20) = 0 THEN ['failed', outcome] ELSE [outcome] END) AS result
    FROM attempt WHERE outcome IS NOT NULL
)
SELECT row_number() OVER (ORDER BY order_id, result = 'failed' DESC), order_id, order_date,
    pick(2 * order_id + (result = 'failed')::INTEGER, 29, CASE WHEN channel = 'online'
        THEN {_slots(credit_card=9, debit_card=3, digital_wallet=7, gift_card=1)}
        ELSE {_slots(credit_card=8, debit_card=6, digital_wallet=3, gift_card=1, cash=4)} END),
    result, due
FROM tries
ORDER BY order_id, result = 'failed' DESC
"""

# Clothes and shoes (the second and third category) come back three times as often as the rest, and only they for their size.
_RETURNS = f"""
WITH sold AS (
    SELECT order_item_id, order_date + (4 + below(order_item_id, 30, 25))::INTEGER AS return_date,
        1 + below(order_item_id, 31, order_items.quantity) AS returned, quantity, amount, channel,
        category_id IN (2, 3) AS worn
    FROM order_items JOIN orders USING (order_id) JOIN products USING (product_id)
    WHERE status = 'completed'
)
SELECT row_number() OVER (ORDER BY return_date, order_item_id), order_item_id, return_date, returned,
    pick(order_item_id, 32, CASE WHEN worn
        THEN {_slots(wrong_size=10, not_as_described=4, changed_mind=4, damaged=2)}
        WHEN channel = 'online' THEN {_slots(damaged=7, not_as_described=6, changed_mind=5, arrived_late=4)}
        ELSE {_slots(damaged=6, not_as_described=4, changed_mind=8)} END),
    usd((amount * 100)::BIGINT * returned // quantity)
FROM sold
WHERE below(order_item_id, 33, 1000) < CASE WHEN worn THEN 96 ELSE 31 END AND return_date <= DATE '{LAST_DAY}'
ORDER BY return_date, order_item_id
"""

# Visitors known by name are customers of that day. One visit in three sees a single page;
# people at a desk stay longer.
_WEB_VISITS = f"""
WITH visit AS (
    SELECT unnest(range(before * {_VISIT_COUNT} // whole, (before + volume) * {
    _VISIT_COUNT
} // whole)) AS visit, n, day,
        {_OLD_CUSTOMERS} + before * {_NEW_CUSTOMERS} // whole AS known
    FROM day
), timed AS (
    SELECT *, day::TIMESTAMP + to_seconds(3600 * pick(visit, 34, {
    _list(
        [0, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 20, 21, 21, 22, 23]
    )
}) + below(visit, 35, 3600)) AS visited_at,
        CASE WHEN below(visit, 36, 3) = 0 THEN 1
            ELSE 2 + least(below(visit, 37, 18), below(visit, 38, 18)) END AS pages,
        CASE WHEN below(visit, 42, 1000) < 480 + n * 140 // {_DAYS} THEN 'mobile'
            ELSE pick(visit, 43, {_slots(desktop=5, tablet=1)}) END AS device
    FROM visit
)
SELECT row_number() OVER (ORDER BY visited_at, visit),
    CASE WHEN below(visit, 39, 100) < 42 THEN 1 + below(visit, 40, known) END,
    visited_at,
    pick(visit, 41, {_slots(search=38, direct=22, social=17, ads=13, email=10)}),
    device,
    pages * (CASE device WHEN 'desktop' THEN 30 WHEN 'tablet' THEN 24 ELSE 18 END + below(visit, 44, 40)),
    pages
FROM timed
ORDER BY visited_at, visit
"""
