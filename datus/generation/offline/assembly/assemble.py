"""From a filled draft to a plan."""

from dataclasses import replace

from datus.generation.offline.assembly.both import both, required
from datus.generation.offline.assembly.calendar import is_calendar
from datus.generation.offline.assembly.exclusion import (
    absent,
    negated_elsewhere,
    without_inner,
)
from datus.generation.offline.assembly.membership import counted_groups
from datus.generation.offline.assembly.multiplicity import compared_once, rows_once
from datus.generation.offline.assembly.operations import settle_operation, settle_periods
from datus.generation.offline.assembly.projection import projected
from datus.generation.offline.assembly.settling import (
    leftover_nouns,
    settle_contrast,
    settle_times,
    sum_filters,
    sum_measures,
)
from datus.generation.offline.assembly.within import best_within, settle_within
from datus.generation.offline.draft import Draft, Placed, Ranking
from datus.generation.offline.filters import alternatives
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    Expression,
    IsNull,
    Member,
    Order,
    Plan,
    Star,
    aggregates_of,
    expression_columns,
    is_figure,
    plan_tables,
)


def assemble(draft: Draft) -> AnyPlan | None:
    """The plan that a draft amounts to, or None when nothing is asked for."""
    leftover_nouns(draft)
    settle_periods(draft)
    settle_contrast(draft)
    settle_times(draft)
    settle_within(draft)
    sum_filters(draft)
    sum_measures(draft)
    settle_operation(draft)
    split = both(draft, _plan)
    if split is not None:
        return split
    return _plan(draft)


def _plan(draft: Draft) -> Plan | None:
    plan = projected(draft)
    if plan is None:
        return None
    gone = (*negated_elsewhere(draft, plan), *absent(draft, plan), *required(draft, plan))
    plan = replace(plan, tables=without_inner(draft, plan, gone))
    plan = replace(plan, where=_without_repeats((*plan.where, *alternatives(draft), *gone)))
    if _contradicts(plan.where):
        draft.suspect(1.0, "the conditions leave no value between them")
    if _repeats_question(plan):
        draft.suspect(0.6, "the answer would only repeat what the question says")
    plan = _ordered(draft, _extreme_rows(draft, plan))
    plan = compared_once(draft, _sorted_groups(draft, _grouped(draft, plan)))
    if plan.having and not plan.group:
        counted = counted_groups(draft, plan)
        if counted is not None:
            return counted
    plan = best_within(draft, plan)
    if not plan.group:
        draft.unread.extend(draft.bare_each)
    if _counts_itself(draft, plan) or (plan.having and not plan.group):
        draft.suspect(1.0, "the question does not say what is counted or compared")
    return rows_once(draft, plan)


def _without_repeats(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Each condition once; a key that is missing has no partner, which needs no second test."""
    missing = {each.column for each in conditions if isinstance(each, IsNull) and not each.negated}
    return tuple(
        each
        for each in dict.fromkeys(conditions)
        if not (isinstance(each, Member) and each.negated and each.column in missing)
    )


def _repeats_question(plan: Plan) -> bool:
    """Whether all that is shown is held to one value by the conditions."""
    fixed = {
        each.left for each in plan.where if isinstance(each, Compare) and each.operator == "="
        and not isinstance(each.right, Plan)
    }  # fmt: skip
    return bool(plan.select) and not plan.group and set(plan.select) <= fixed


def _contradicts(conditions: tuple[Condition, ...]) -> bool:
    """Whether two bounds on one column leave nothing between them."""
    low: dict[object, float] = {}
    high: dict[object, float] = {}
    for each in conditions:
        if isinstance(each, Compare) and isinstance(each.right, int | float):
            if each.operator in (">", ">="):
                low[each.left] = max(low.get(each.left, each.right), each.right)
            elif each.operator in ("<", "<="):
                high[each.left] = min(high.get(each.left, each.right), each.right)
    return any(low[left] > high[left] for left in low.keys() & high.keys())


def _extreme_rows(draft: Draft, plan: Plan) -> Plan:
    """As in "average age in the largest dorm": aggregates over the rows that have the extreme value."""
    ranking = draft.ranking
    only_aggregates = bool(plan.select) and all(map(is_figure, plan.select))
    if ranking is None or not only_aggregates or plan.group:
        return plan
    if not isinstance(ranking.key, ColumnRef) or ranking.limit is not None or ranking.skip:
        draft.unread.append(ranking.at)
        return plan
    extreme = Plan(select=(Aggregate("max" if ranking.descending else "min", ranking.key),))
    draft.ranking = None
    return replace(plan, where=(*plan.where, Compare(ranking.key, "=", extreme)))


def _ordered(draft: Draft, plan: Plan) -> Plan:
    orders = [
        Order(key, descending)
        for key, descending in _explicit_orders(draft, plan)
        if key is not None
    ]
    ranking, limit = draft.ranking, plan.limit
    if ranking is not None:
        key = _ranking_key(draft, ranking, plan)
        if key is not None:
            orders.insert(0, Order(key, ranking.descending))
        limit = ranking.limit or 1
    offset = ranking.skip if ranking is not None else 0
    if not orders:  # periods read in their order, whether or not the question says so
        periods = [placed.expression for placed in draft.group if _is_period(draft, placed)]
        orders = [Order(each) for each in periods if not _uncalendared(draft, each)]
    for order in orders:
        if _uncalendared(draft, order.key):
            draft.suspect(
                _UNCALENDARED, f"{order.key} sorts by its letters, not as a calendar does"
            )
    return replace(plan, order=tuple(orders), limit=limit, offset=offset)


_UNCALENDARED = 0.5


def _uncalendared(draft: Draft, key: Expression) -> bool:
    """Whether a key holds months or weekdays by name, which sort by their letters."""
    named = isinstance(key, ColumnRef) and draft.index.column(key).kind == "text"
    return named and isinstance(key, ColumnRef) and is_calendar(draft, key)


def _is_period(draft: Draft, placed: Placed) -> bool:
    return any(at == placed.at for at, _ in draft.grains)


def _explicit_orders(draft: Draft, plan: Plan) -> list[tuple[Expression | None, bool]]:
    found: list[tuple[Expression | None, bool]] = []
    for key, descending, _ in draft.orders:
        if key is None:
            counts = [e for e in plan.select if is_figure(e)]
            key = counts[0] if counts else next(iter(plan.select), None)
        if not isinstance(key, Star):
            found.append((key, descending))
    return found


def _ranking_key(draft: Draft, ranking: Ranking, plan: Plan) -> Expression | None:
    counts = ranking.by_frequency or ranking.counted or ranking.key == Aggregate("count")
    if ranking.key is not None and not counts:
        return ranking.key
    if counts:  # "top 3 by number of customers" where different customers are shown
        shown = [e for e in plan.select if isinstance(e, Aggregate) and e.function == "count"]
        once = len(shown) == 1 and shown[0].distinct and not ranking.by_frequency
        return shown[0] if once else ranking.key or Aggregate("count")
    return next(filter(is_figure, plan.select), None)


def _grouped(draft: Draft, plan: Plan) -> Plan:
    """Whatever is listed beside an aggregate, or ranked by one, is a group key."""
    plain = [e for e in plan.select if not (is_figure(e) or isinstance(e, Star))]
    keyed_order = any(is_figure(order.key) for order in plan.order)
    mixed = any(map(is_figure, plan.select)) and plain
    if not (plan.group or mixed or keyed_order or plan.having):
        return plan
    if not plain and not plan.group:
        return plan
    group = list(dict.fromkeys((*plan.group, *plain)))
    for table in dict.fromkeys(c.table for e in group for c in expression_columns(e)):
        roles = draft.index.tables[table]
        labels = {ColumnRef(table, name) for name in roles.label}
        named = roles.label and draft.index.words[ColumnRef(table, roles.label[0])][-1] in (
            "name",
            "title",
        )
        spoken = any(
            entry.table == table and entry.column is None
            for item in draft.items
            for entry in item.entries
        )
        if len(roles.key) == 1 and labels & set(group) and named and spoken:
            group.insert(0, ColumnRef(table, roles.key[0]))
    return replace(plan, group=tuple(dict.fromkeys(group)))


def _sorted_groups(draft: Draft, plan: Plan) -> Plan:
    """Groups can be sorted only by what is one value a group: by a further column of the table whose
    rows are the groups, which then is a key too; another column is doubtful."""
    if not plan.group and not any(map(is_figure, plan.select)):
        return plan
    for order in plan.order:
        if is_figure(order.key) or order.key in plan.group:
            continue
        keys = {
            ColumnRef(c.table, name)
            for c in expression_columns(order.key)
            for name in draft.index.tables[c.table].key
        }
        if keys and keys <= set(plan.group):
            plan = replace(plan, group=(*plan.group, order.key))
        else:
            draft.suspect(1.0, "the groups do not have one value each to be sorted by")
    return plan


def _counts_itself(draft: Draft, plan: Plan) -> bool:
    """Whether rows of a table are grouped by their own key and counted, which always gives one."""
    tables = plan_tables(plan)
    expressions = (*plan.select, *(o.key for o in plan.order), *(h.left for h in plan.having))
    counted = any(a.function == "count" for e in expressions for a in aggregates_of(e))
    key = draft.index.tables[tables[0]].key if tables else ()
    own = {ColumnRef(tables[0], name) for name in key}
    return counted and len(tables) == 1 and bool(own) and own <= set(plan.group)
