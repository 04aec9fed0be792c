"""Names of our own in what MetricFlow writes; they are replaced in the tree, none reaches a database."""

SCHEMA = "datus_models"
"""Schema under which MetricFlow knows every semantic model; the compiler puts the real table there."""

SPINE = "datus_spine"
"""The table of days that MetricFlow asks for; the compiler puts a query there."""

RANGE_MARK = "DATUS_RANGE"
"""``DATUS_RANGE(level, expression, 'first day', 'last day')``; the level is a grain, or ``raw``."""

# Words that no database takes as a bare name; an entity may well be called ``order`` or ``user``.
RESERVED = frozenset(
    """all and any array as asc between both by case cast check collate column constraint create cross
    current current_date current_user default delete desc distinct do drop else end except exists false fetch
    for foreign from full grant group grouping having in index inner insert intersect interval into is join
    key keys lateral leading left like limit natural not null offset on or order outer over partition
    primary range rank references returning right row rows select session_user set some symmetric table then
    to trailing true union unique update user using values view when where window with""".split()
)
