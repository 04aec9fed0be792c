"""The rules that every workflow keeps, and the look-up of the workflows that it is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from datus.config import Entry, Parallel, Part, with_settings
from datus.errors import ConfigError
from datus.workflow.nodes import NODES
from datus.workflow.steps import OUTPUT, PARALLEL, Workflow

_SELECTION = "selection"


def resolve(workflow: Workflow, workflows: Mapping[str, Workflow]) -> Workflow:
    """Return the workflow with the nodes of every workflow that is a part of it put in.

    Such a part gives its answer to the workflow around it, so its ``output`` is left out.

    Raises:
        ConfigError: A part is no workflow, or a workflow is a part of itself.
    """
    return replace(
        workflow, nodes=_resolved(workflow.nodes, workflows, _where(workflow), (workflow.name,))
    )


def check(workflow: Workflow) -> None:
    """Hold one workflow, its parts put in, to the rules.

    Every node exists and occurs once, stands after the nodes that give what it needs or uses, goes
    back only to nodes beside it, and ``output`` is the last. Branches give a result each and
    ``selection`` follows them.

    Raises:
        ConfigError: Naming the workflow, the branch, the node and what to change.
    """
    where = _where(workflow)
    entries = _flat(workflow.nodes)
    _check_names(entries, where)
    if entries[-1:] != [OUTPUT]:
        raise ConfigError(f"{where}: the last node must be 'output', which makes the answer.")
    _check_order(entries, frozenset(), where)


def _where(workflow: Workflow) -> str:
    return f"agent.workflow.{workflow.name}"


def _resolved(
    nodes: Iterable[Entry], workflows: Mapping[str, Workflow], where: str, trail: tuple[str, ...]
) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for entry in nodes:
        if isinstance(entry, Part):
            found.append(_part(entry, workflows, where, trail))
        elif isinstance(entry, Parallel):
            branches = (_part(each, workflows, where, trail) for each in entry.branches)
            found.append(Parallel(tuple(branches)))
        else:
            found.append(entry)
    return tuple(found)


def _part(
    part: Part, workflows: Mapping[str, Workflow], where: str, trail: tuple[str, ...]
) -> Part:
    name = part.workflow
    if name is None:
        return replace(part, nodes=_resolved(part.nodes, workflows, where, trail))
    if name not in workflows:
        node = f" {name!r} is a node: write [{name}]." if name in NODES else ""
        raise ConfigError(
            f"{where}: there is no workflow {name!r}.{node or _nearest(name, workflows, 'workflows')}"
        )
    if name in trail:
        way = " -> ".join((*trail[trail.index(name) :], name))
        raise ConfigError(f"{where}: a workflow cannot be a part of itself: {way}.")
    target = workflows[name]
    nodes = target.nodes[:-1] if target.nodes[-1:] == (OUTPUT,) else target.nodes
    return replace(
        part,
        nodes=_resolved(nodes, workflows, where, (*trail, name)),
        settings=with_settings(target.settings, part.settings),
    )


def _flat(nodes: Iterable[Entry]) -> list[str | Parallel]:
    flat: list[str | Parallel] = []
    for entry in nodes:
        flat.extend(_flat(entry.nodes) if isinstance(entry, Part) else [entry])
    return flat


def _check_names(entries: list[str | Parallel], where: str) -> None:
    for name in entries:
        if isinstance(name, Parallel):
            continue
        if name == PARALLEL:
            raise ConfigError(f"{where}: 'parallel' takes branches: {{parallel: [[...], [...]]}}.")
        if name not in NODES:
            raise ConfigError(
                f"{where}: there is no node {name!r}.{_nearest(name, NODES, 'nodes')}"
            )
        if entries.count(name) > 1:
            raise ConfigError(f"{where}: the node {name!r} occurs more than once; name it once.")


def _check_order(entries: list[str | Parallel], known: frozenset[str], where: str) -> None:
    """Hold nodes that follow each other to the order; ``known`` are facts from before them."""
    for position, entry in enumerate(entries):
        before, after = entries[:position], entries[position:]
        facts = known | _given(before)
        if isinstance(entry, Parallel):
            if after[1:2] != [_SELECTION]:
                raise ConfigError(f"{where}: 'selection' must stand right after 'parallel'.")
            for branch in entry.branches:
                _check_branch(branch, facts, f"{where}: branch {branch.name!r}")
            continue
        node = NODES[entry]
        for fact in node.needs:
            if fact not in facts:
                raise ConfigError(f"{where}: {entry!r} needs {_giver(fact)!r} before it.")
        for fact in node.uses:
            if fact in _given(after):
                raise ConfigError(f"{where}: {_giver(fact)!r} must come before {entry!r}.")
        for name in node.back_to:
            if not any(_holds(each, name) for each in before):
                raise ConfigError(
                    f"{where}: {entry!r} goes back to {name!r}, which must stand before it in the "
                    "same list of nodes."
                )


def _check_branch(branch: Part, known: frozenset[str], where: str) -> None:
    entries = _flat(branch.nodes)
    _check_names(entries, where)
    if OUTPUT in entries:
        raise ConfigError(
            f"{where}: leave 'output' out; it stands once, at the end of the workflow."
        )
    _check_order(entries, known, where)
    if "result" not in _given(entries):
        raise ConfigError(f"{where}: it gives no result; let it run its SQL with 'execute_sql'.")


def _given(entries: Iterable[str | Parallel]) -> frozenset[str]:
    facts: set[str] = set()
    for entry in entries:
        if isinstance(entry, str):
            facts |= {*NODES[entry].gives}
        else:
            shared = frozenset.intersection(*(_given(_flat(each.nodes)) for each in entry.branches))
            facts |= (shared - {"candidates", "result"}) | {"results"}
    return frozenset(facts)


def _holds(entry: str | Parallel, name: str) -> bool:
    if isinstance(entry, str):
        return entry == name
    return any(_holds(each, name) for branch in entry.branches for each in _flat(branch.nodes))


def _giver(fact: str) -> str:
    if fact == "results":
        return PARALLEL
    return next(name for name, node in NODES.items() if fact in node.gives)


def _nearest(name: str, known: Iterable[str], kind: str) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} The {kind} are: {', '.join(known)}."
