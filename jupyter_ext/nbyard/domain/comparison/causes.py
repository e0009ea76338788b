"""Find the causes of a difference between two runs: nearest first, along the connections."""

from collections.abc import Sequence

from nbyard.domain.comparison.facts import RunFacts, TaskFacts
from nbyard.domain.comparison.node_causes import NodeCauses, differing_names
from nbyard.domain.comparison.structs import Cause, DifferingResult
from nbyard.reasons.structs import because


def differing_results(old: RunFacts, new: RunFacts) -> list[DifferingResult]:
    """Return the metrics, outputs and states that differ between two runs.

    They are in the order of the graph.
    """
    differences = []
    for node, (then, now) in _pairs(old, new).items():
        numbers = [facts.metrics if facts else {} for facts in (then, now)]
        for name in differing_names(*numbers):
            values = (metrics.get(name) for metrics in numbers)
            texts = [f"{value:.12g}" if isinstance(value, float) else value for value in values]
            differences.append(DifferingResult(node, name, "metric", *texts))
        digests = [
            {name: file.compared for name, file in facts.outputs.items()} if facts else {}
            for facts in (then, now)
        ]
        for name in differing_names(*digests):
            texts = [by_name.get(name) for by_name in digests]
            differences.append(DifferingResult(node, name, "output", *texts))
        before, after = (facts.state if facts else None for facts in (then, now))
        if before != after:
            differences.append(DifferingResult(node, "", "state", before, after))
    return differences


def find_causes(old: RunFacts, new: RunFacts, start: Sequence[str]) -> list[Cause]:
    """Return the causes of different results at the nodes in `start`.

    The search follows connections upstream, nearest nodes first. An upstream node counts only if
    the data that it passed on differs. A node with a different result, but without a cause, is
    *nondeterministic*.
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
            label = next((facts.label for facts in (now, then) if facts), node)
            causes.append(Cause("node", node, label, distances[node], node, reason))
            continue
        above = [parent for parent in upstream_causes(then, now) if parent in pairs]
        own = NodeCauses(then, now, distances[node])
        own_causes = list(own.find())
        # A node that only passed on different data has no cause of its own.
        causes += own_causes or ([] if above else [own.without_cause()])
        for parent in above:
            if parent not in distances:
                distances[parent] = distances[node] + 1
                waiting.append(parent)
    return causes


def last_nodes(old: RunFacts, new: RunFacts, nodes: Sequence[str]) -> list[str]:
    """Return the nodes whose different data did not cause other differences.

    `nodes` have different results. A node is left out if it explains the result of another one.
    """
    pairs = _pairs(old, new)
    explained: set[str] = set()
    waiting = list(dict.fromkeys(nodes))
    seen = set(waiting)
    while waiting:
        then, now = pairs[waiting.pop()]
        above = upstream_causes(then, now) if then and now else []
        explained.update(above)
        waiting += [parent for parent in above if parent in pairs and parent not in seen]
        seen.update(above)
    return [node for node in dict.fromkeys(nodes) if node not in explained]


def upstream_causes(then: TaskFacts, now: TaskFacts) -> list[str]:
    """Return the nodes that passed different data to a task.

    Only inputs with the same connection in both runs count.
    """
    nodes = []
    for name in sorted(then.inputs.keys() & now.inputs.keys()):
        before, after = then.inputs[name], now.inputs[name]
        is_same_place = (before.node, before.output) == (after.node, after.output)
        # Without a digest, the other node produced no data, for example because it failed.
        has_changed = before.digest != after.digest or not after.digest
        if before.node and is_same_place and has_changed:
            nodes.append(before.node)
    return list(dict.fromkeys(nodes))


def _pairs(old: RunFacts, new: RunFacts) -> dict[str, tuple[TaskFacts | None, TaskFacts | None]]:
    """Return the records of each node in both runs."""
    nodes = dict.fromkeys((*new.tasks, *old.tasks))
    return {node: (old.tasks.get(node), new.tasks.get(node)) for node in nodes}
