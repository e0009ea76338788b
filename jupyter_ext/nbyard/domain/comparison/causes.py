"""Find the causes of a difference between two runs: nearest first, along the connections."""

from collections.abc import Sequence

from nbyard.domain.comparison.facts import RunFacts, TaskFacts
from nbyard.domain.comparison.node_causes import NodeCauses, differing_names
from nbyard.domain.comparison.structs import Cause, DifferingResult
from nbyard.reasons.structs import because


def differing_results(old: RunFacts, new: RunFacts) -> list[DifferingResult]:
    """Return the metrics, outputs and states that differ, in the order of the graph."""
    found = []
    for node, (then, now) in _pairs(old, new).items():
        numbers = [one.metrics if one else {} for one in (then, now)]
        for name in differing_names(*numbers):
            values = (one.get(name) for one in numbers)
            texts = [f"{one:.12g}" if isinstance(one, float) else one for one in values]
            found.append(DifferingResult(node, name, "metric", *texts))
        digests = [
            {name: file.compared for name, file in one.outputs.items()} if one else {}
            for one in (then, now)
        ]
        for name in differing_names(*digests):
            texts = [one.get(name) for one in digests]
            found.append(DifferingResult(node, name, "output", *texts))
        before, after = (one.state if one else None for one in (then, now))
        if before != after:
            found.append(DifferingResult(node, "", "state", before, after))
    return found


def find_causes(old: RunFacts, new: RunFacts, start: Sequence[str]) -> list[Cause]:
    """Return what changed before the results of these nodes.

    An upstream node counts only if the data that it passed on differs. A node with a different
    result, but without a cause, is *nondeterministic*.
    """
    pairs = _pairs(old, new)
    distances = dict.fromkeys(start, 0)
    waiting = list(distances)
    causes: list[Cause] = []
    while waiting:
        node = waiting.pop(0)
        then, now = pairs[node]
        if then is None or now is None:
            reason = because("node-only-in-newer" if now else "node-only-in-older")
            label = next((one.label for one in (now, then) if one), node)
            causes.append(Cause("node", node, label, distances[node], node, reason))
            continue
        above = [one for one in upstream_causes(then, now) if one in pairs]
        own = NodeCauses(then, now, distances[node])
        found = list(own.find())
        causes += found or ([] if above else [own.without_cause()])
        for one in above:
            if one not in distances:
                distances[one] = distances[node] + 1
                waiting.append(one)
    return causes


def last_nodes(old: RunFacts, new: RunFacts, nodes: Sequence[str]) -> list[str]:
    """Return those nodes whose differing data explains none of the others."""
    pairs = _pairs(old, new)
    explained: set[str] = set()
    waiting = list(dict.fromkeys(nodes))
    seen = set(waiting)
    while waiting:
        then, now = pairs[waiting.pop()]
        above = upstream_causes(then, now) if then and now else []
        explained.update(above)
        waiting += [one for one in above if one in pairs and one not in seen]
        seen.update(above)
    return [node for node in dict.fromkeys(nodes) if node not in explained]


def upstream_causes(then: TaskFacts, now: TaskFacts) -> list[str]:
    """Return the nodes that passed on different data over the same connection."""
    found = []
    for name in sorted(then.inputs.keys() & now.inputs.keys()):
        before, after = then.inputs[name], now.inputs[name]
        is_same_place = (before.node, before.output) == (after.node, after.output)
        has_changed = before.digest != after.digest or not after.digest
        if before.node and is_same_place and has_changed:
            found.append(before.node)
    return list(dict.fromkeys(found))


def _pairs(old: RunFacts, new: RunFacts) -> dict[str, tuple[TaskFacts | None, TaskFacts | None]]:
    """Return the records of each node in both runs."""
    nodes = dict.fromkeys((*new.tasks, *old.tasks))
    return {node: (old.tasks.get(node), new.tasks.get(node)) for node in nodes}
