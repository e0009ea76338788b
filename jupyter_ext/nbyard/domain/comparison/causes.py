"""Find the causes of a difference between two runs: nearest first, along the connections."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nbyard.domain.caching.explanation import differing_names
from nbyard.domain.comparison.facts import RunFacts, TaskFacts
from nbyard.domain.comparison.node_causes import NodeCauses
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
    causes: list[Cause] = []
    for step in _walk(old, new, start):
        if step.then is None or step.now is None:
            reason = because("node-only-in-newer" if step.now else "node-only-in-older")
            label = next((facts.label for facts in (step.now, step.then) if facts), step.node)
            causes.append(Cause("node", step.node, label, step.distance, step.node, reason))
            continue
        own = NodeCauses(step.then, step.now, step.distance)
        own_causes = list(own.find())
        # A node that only passed on different data has no cause of its own.
        causes += own_causes or ([] if step.above else [own.without_cause()])
    return causes


def last_nodes(old: RunFacts, new: RunFacts, nodes: Sequence[str]) -> list[str]:
    """Return the nodes whose different data did not cause other differences.

    `nodes` have different results. A node is left out if it explains the result of another one.
    """
    explained = {parent for step in _walk(old, new, nodes) for parent in step.above}
    return [node for node in dict.fromkeys(nodes) if node not in explained]


class _Step(NamedTuple):
    """A node with its facts in both runs, and the nodes `above` that passed it different data."""

    node: str
    distance: int
    then: TaskFacts | None
    now: TaskFacts | None
    above: list[str]


def _walk(old: RunFacts, new: RunFacts, start: Sequence[str]) -> Iterator[_Step]:
    """Yield the nodes in `start`, then those upstream that passed on different data."""
    pairs = _pairs(old, new)
    distances = dict.fromkeys(start, 0)
    waiting = list(distances)
    for node in waiting:  # it grows
        then, now = pairs[node]
        above = upstream_causes(then, now) if then and now else []
        above = [parent for parent in above if parent in pairs]
        yield _Step(node, distances[node], then, now, above)
        new_nodes = [parent for parent in above if parent not in distances]
        distances |= dict.fromkeys(new_nodes, distances[node] + 1)
        waiting += new_nodes


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
