"""The best rows of each group: "in each region, which store had the highest revenue", 每个科室工资最高的医生."""

from dataclasses import replace

from datus.generation.offline.draft import Draft, Placed, is_additive
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Expression,
    Plan,
    expression_columns,
    is_figure,
    plan_tables,
)


def settle_within(draft: Draft) -> None:
    """A ranking beside "each" ranks within the groups, where something else than they is asked for."""
    ranking = draft.ranking
    keys = list(draft.group)
    if ranking is None or not keys or not all(_is_each(draft, each) for each in keys):
        return
    named = {
        draft.table(each.at)
        for each in keys
        if draft.table(each.at) is not None and not _is_period(draft, each)
    }
    expressions = [each.expression for each in keys]
    asked = [p.expression for p in draft.select if p.expression != ranking.key]
    if any(is_figure(each) or each in expressions for each in asked):
        return
    others = {table for _, table in draft.mentions} - named - {ranking.counted}
    listed = {c.table for each in asked for c in expression_columns(each)} - named
    if not (listed if asked else others) or _of_rows(draft, asked, others):
        _extreme_values(draft)
        return
    draft.within = [part for each in keys for part in _identified(draft, each)]
    draft.group = []
    draft.mentions = [each for each in draft.mentions if each[1] not in named]


def _of_rows(draft: Draft, asked: list[Expression], others: set[str]) -> bool:
    """As in "the highest latitude of its stations": the rows behind the measure are those that it is of."""
    ranking = draft.ranking
    assert ranking is not None
    if asked or draft.chinese or not ranking.explicit or ranking.limit is not None:
        return False
    rows = any(draft.is_cue(at, "rows", "who") for at in range(ranking.at))
    return not rows and all(at > ranking.at for at, table in draft.mentions if table in others)


def _extreme_values(draft: Draft) -> None:
    """As in "the highest salary in each department": with no rows asked for, the value itself is."""
    ranking = draft.ranking
    assert ranking is not None
    if draft.select or not ranking.explicit or ranking.limit is not None:
        return
    key = ranking.key
    if isinstance(key, ColumnRef) and not is_additive(draft, key):
        extreme = Aggregate("max" if ranking.descending else "min", key)
        draft.select.append(Placed(ranking.at, extreme))
        draft.ranking = None


def _identified(draft: Draft, key: Placed) -> tuple[Expression, ...]:
    """A group key that is a table's label, with the table's key before it: two may be called alike."""
    table = draft.table(key.at)
    roles = draft.index.tables[table] if table is not None else None
    if table is None or roles is None or len(roles.key) != 1 or _is_period(draft, key):
        return (key.expression,)
    return tuple(dict.fromkeys((ColumnRef(table, roles.key[0]), key.expression)))


def _is_each(draft: Draft, key: Placed) -> bool:
    if _is_period(draft, key):  # 哪个月: the period itself is asked for
        return draft.is_cue(key.at, "grain") and draft.items[key.at].text[:1] not in "哪几"
    before = range(max(0, key.at - 3), key.at)
    return any(
        draft.is_cue(at, "each") or (draft.chinese and draft.is_cue(at, "group")) for at in before
    )


def _is_period(draft: Draft, key: Placed) -> bool:
    return any(at == key.at for at, _ in draft.grains)


def best_within(draft: Draft, plan: Plan) -> Plan:
    """The plan of the best rows of all, made one of the best rows of each group."""
    if not draft.within:
        return plan
    if plan.limit is None or len(plan.order) != 1:
        draft.suspect(1.0, "the question does not say what is the best of each group")
        return plan
    keys = tuple(draft.within)
    made = replace(
        plan,
        select=tuple(dict.fromkeys((*_shown(draft, keys), *plan.select))),
        group=tuple(dict.fromkeys((*keys, *plan.group))) if plan.group else (),
        within=keys,
    )
    tree = draft.graph.tree(plan_tables(made))
    own = {c.table for each in plan.select for c in expression_columns(each)}
    for table in {c.table for each in keys for c in expression_columns(each)} - set(
        plan_tables(plan)
    ):
        path = draft.graph.path(own, table)
        reached = [join for join in tree[1] if join.right == table] if tree is not None else []
        through = tree is None or any(join.left == table for join in tree[1])
        if not path or through or reached != [path[-1]]:
            draft.suspect(_ELSEWHERE, f"{table} may be that of other rows than those asked for")
    return made


# In the region of the store, and not in that of its customers.
_ELSEWHERE = 0.6


def _shown(draft: Draft, keys: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """The keys as a reader knows them: labels, and no number of a row that has one."""
    labelled = {
        each.table
        for each in keys
        if isinstance(each, ColumnRef) and each in draft.index.label(each.table)
    }
    return tuple(
        each
        for each in keys
        if not isinstance(each, ColumnRef)
        or each.table not in labelled
        or not draft.index.is_key(each)
        or each in draft.index.label(each.table)
    )
