"""What the demo shop sells, where, and to whom: the words its rows are made of. All of it is invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """A product category.

    Attributes:
        name: Its name in the database.
        brands: Three; each makes one of every kind.
        kinds: Kinds of product with a middling price in whole USD.
        share: Slots of 100 that an order line falls into on an ordinary day.
        season: Months (1-12) in which people buy more of it.
        boost: Slots added in these months.
    """

    name: str
    brands: tuple[str, str, str]
    kinds: tuple[tuple[str, int], ...]
    share: int
    season: tuple[int, ...]
    boost: int


CATEGORIES: tuple[Category, ...] = (
    Category(
        "Electronics",
        ("Voltara", "Lumenix", "Kestrel"),
        (
            ("Wireless Headphones", 120),
            ("Phone Charger", 25),
            ("Bluetooth Speaker", 80),
            ("Smart Watch", 230),
            ("Tablet", 420),
            ("Laptop", 950),
            ("Action Camera", 310),
            ("Gaming Console", 480),
        ),
        12,
        (11, 12),
        8,
    ),
    Category(
        "Clothing",
        ("Harrow & Pine", "Solace", "Tidewear"),
        (
            ("T-Shirt", 20),
            ("Jeans", 60),
            ("Hoodie", 48),
            ("Winter Coat", 160),
            ("Summer Dress", 70),
            ("Wool Sweater", 85),
            ("Rain Jacket", 95),
            ("Linen Shirt", 55),
        ),
        17,
        (3, 4, 9, 10),
        5,
    ),
    Category(
        "Shoes",
        ("Strideway", "Oakfoot", "Marlo"),
        (
            ("Sneakers", 75),
            ("Running Shoes", 110),
            ("Sandals", 40),
            ("Leather Boots", 170),
            ("Slippers", 28),
            ("Loafers", 90),
            ("Hiking Boots", 150),
            ("Kids Trainers", 45),
        ),
        9,
        (3, 4),
        3,
    ),
    Category(
        "Kitchen",
        ("Copperleaf", "Brasa", "Homestead"),
        (
            ("Frying Pan", 38),
            ("Knife Set", 90),
            ("Coffee Maker", 85),
            ("Blender", 65),
            ("Toaster", 42),
            ("Cutting Board", 24),
            ("Stand Mixer", 260),
            ("Air Fryer", 130),
        ),
        11,
        (11, 12),
        3,
    ),
    Category(
        "Furniture",
        ("Nordhus", "Fernwood", "Casa Linea"),
        (
            ("Desk Lamp", 45),
            ("Bookshelf", 140),
            ("Office Chair", 210),
            ("Coffee Table", 180),
            ("Bed Frame", 390),
            ("Sofa", 780),
            ("Standing Desk", 450),
            ("Bedside Table", 85),
        ),
        5,
        (1, 5),
        3,
    ),
    Category(
        "Beauty",
        ("Velour", "Petalia", "Mirea"),
        (
            ("Shampoo", 12),
            ("Face Cream", 28),
            ("Lipstick", 18),
            ("Perfume", 75),
            ("Sunscreen", 16),
            ("Hair Dryer", 58),
            ("Beard Kit", 34),
            ("Night Serum", 46),
        ),
        12,
        (2, 12),
        4,
    ),
    Category(
        "Sports",
        ("Summitra", "Paceline", "Ironvale"),
        (
            ("Yoga Mat", 32),
            ("Water Bottle", 18),
            ("Dumbbell Set", 95),
            ("Tent", 220),
            ("Football", 26),
            ("Backpack", 78),
            ("Mountain Bike", 690),
            ("Rowing Machine", 560),
        ),
        8,
        (5, 6, 7, 8),
        8,
    ),
    Category(
        "Toys",
        ("Pipkin", "Brightblock", "Little Comet"),
        (
            ("Building Blocks", 35),
            ("Board Game", 32),
            ("Plush Bear", 22),
            ("Puzzle", 18),
            ("Toy Train", 55),
            ("Doll House", 98),
            ("Remote Control Car", 64),
            ("Science Kit", 42),
        ),
        8,
        (11, 12),
        18,
    ),
    Category(
        "Books",
        ("Lantern House", "Quill & Co", "Meridian Press"),
        (
            ("Mystery Novel", 15),
            ("Cookbook", 28),
            ("Picture Book", 14),
            ("Travel Guide", 22),
            ("History Book", 26),
            ("Language Course", 45),
            ("Poetry Collection", 17),
            ("Art Book", 58),
        ),
        8,
        (8, 9),
        5,
    ),
    Category(
        "Groceries",
        ("Green Acre", "Daily Crate", "Sunmill"),
        (
            ("Ground Coffee", 12),
            ("Olive Oil", 16),
            ("Dark Chocolate", 5),
            ("Granola", 7),
            ("Green Tea", 9),
            ("Pasta Box", 6),
            ("Honey Jar", 11),
            ("Nut Mix", 13),
        ),
        10,
        (),
        0,
    ),
)


@dataclass(frozen=True, slots=True)
class Region:
    """A sales region: its country, its share of customers (slots of 100), its cities by size.

    The first three cities have a store each, opened on ``opened``.
    """

    name: str
    country: str
    share: int
    cities: tuple[str, ...]
    opened: tuple[str, str, str]


REGIONS: tuple[Region, ...] = (
    Region(
        "Northeast",
        "United States",
        20,
        ("New York", "Boston", "Philadelphia", "Pittsburgh", "Hartford"),
        ("2014-05-10", "2016-09-03", "2021-06-19"),
    ),
    Region(
        "South",
        "United States",
        18,
        ("Houston", "Atlanta", "Miami", "Dallas", "Nashville"),
        ("2015-03-14", "2017-04-22", "2022-03-05"),
    ),
    Region(
        "Midwest",
        "United States",
        13,
        ("Chicago", "Detroit", "Minneapolis", "Columbus", "Milwaukee"),
        ("2014-10-18", "2018-06-09", "2019-11-02"),
    ),
    Region(
        "West",
        "United States",
        19,
        ("Los Angeles", "San Francisco", "Seattle", "Denver", "Phoenix"),
        ("2013-09-21", "2015-11-07", "2018-02-24"),
    ),
    Region(
        "Ontario",
        "Canada",
        9,
        ("Toronto", "Ottawa", "Hamilton", "Waterloo"),
        ("2016-05-28", "2019-03-16", "2023-04-15"),
    ),
    Region(
        "British Columbia",
        "Canada",
        6,
        ("Vancouver", "Victoria", "Kelowna", "Burnaby"),
        ("2017-08-12", "2019-09-14", "2022-10-01"),
    ),
    Region(
        "England",
        "United Kingdom",
        11,
        ("London", "Manchester", "Birmingham", "Leeds", "Bristol"),
        ("2016-02-06", "2018-10-20", "2021-09-25"),
    ),
    Region(
        "Scotland",
        "United Kingdom",
        4,
        ("Edinburgh", "Glasgow", "Aberdeen", "Dundee"),
        ("2018-05-05", "2020-02-15", "2023-08-26"),
    ),
)

STORE_PLACES = ("Downtown", "Riverside", "Station")
"""What a region's first, second and third store are called after their city."""

STORE_TYPES = ("flagship", "standard", "outlet")
"""Their types, in the same order."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE_NAMES = _words(
    "Abigail Alice Amelia Anna Aria Audrey Ava Bella Beth Camila Carla Chloe Clara Daisy Diana "
    "Elena Elise Ella Emily Emma Erin Eva Fiona Flora Freya Grace Hannah Hazel Helen Iris Isla Ivy "
    "Jane Jasmine Julia June Kate Keira Laura Layla Lena Lily Lucy Maya Megan Mia Molly Nadia Naomi "
    "Nina Nora Olive Paula Phoebe Rosa Ruby Ruth Sara Sofia Stella Tara Vera Willa Zoe"
)
MALE_NAMES = _words(
    "Aaron Adam Alan Alex Ben Blake Brian Bruno Caleb Carl Colin Daniel David Dylan Edward Eli Ethan "
    "Evan Felix Finn Frank Gavin George Grant Harry Henry Hugo Ian Isaac Ivan Jack Jacob Jason Joel "
    "Jonas Keith Kevin Kyle Leo Liam Lucas Mark Mason Max Miles Nathan Neil Noah Oliver Oscar Owen "
    "Paul Peter Ryan Sam Theo"
)
LAST_NAMES = _words(
    "Abbott Adams Allen Archer Bailey Baker Barnes Bell Bennett Bishop Black Boyd Brooks Brown Burke "
    "Butler Carter Chambers Chen Clarke Cole Collins Cook Cooper Cruz Davis Dixon Doyle Duncan Ellis "
    "Evans Farrell Fisher Fleming Ford Foster Fox Garcia Gibson Gordon Graham Gray Green Hall Hansen "
    "Harper Hart Hayes Hill Holmes Hughes Hunt Jackson James Jensen Johnson Jones Kaur Kelly Khan "
    "King Knight Lambert Lee Lewis Lopez Marsh Martin Mason Meyer Miller Mills Moore Morgan Murphy "
    "Murray Nguyen Nolan Novak Owens Palmer Park Parker Patel Pearce Perez Phillips Porter Price "
    "Quinn Reed Reyes Rivera Roberts Rossi Russell Sanders Schmidt Shaw Silva Singh Spencer Stone "
    "Sullivan Taylor Turner Wagner Walker Wong Young"
)
