"""Changes between two runs that no combination can try, because runs use the machine as it is now.

These are packages outside nbyard's environments, and files outside the code folder.
"""

from collections.abc import Collection, Iterator, Sequence

from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.comparison.facts import RunFacts
from nbyard.domain.comparison.node_causes import NodeCauses
from nbyard.domain.comparison.structs import Cause
from nbyard.domain.digest import canonical_text
from nbyard.reasons.structs import because

MAX_PACKAGES = 5


def untried_changes(
    good: RunFacts, bad: RunFacts, tried: Sequence[BisectionChange]
) -> list[BisectionChange]:
    """Return the changes that cannot be tried, as *Why?* names them.

    `tried` are the other changes: a node with another environment gets that one with its packages.
    """
    restored = {node for change in tried if change.kind == "environment" for node in change.nodes}
    changes: dict[tuple[str, str], BisectionChange] = {}
    for node, then in good.tasks.items():
        now = bad.tasks.get(node)
        if now is None or then.pinned or now.pinned:
            continue
        for change in _of_node([*NodeCauses(then, now, 0).find()], node, node in restored):
            known = changes.setdefault((change.kind, canonical_text(change.reason)), change)
            if node not in known.nodes:
                known.nodes.append(node)
    return [*changes.values()]


def _of_node(causes: Collection[Cause], node: str, is_restored: bool) -> Iterator[BisectionChange]:
    packages = [cause for cause in causes if cause.kind == "package" and not is_restored]
    rest = len(packages) - MAX_PACKAGES
    for cause in packages[:MAX_PACKAGES]:
        yield BisectionChange("package", [node], cause.name, reason=cause.reason)
    if rest > 0:
        yield BisectionChange("package", [node], "", reason=because("more-packages", count=rest))
    for cause in causes:
        if cause.kind == "outside":
            yield BisectionChange("outside", [node], cause.name, reason=cause.reason)
        elif cause.kind == "environment" and not is_restored:
            yield BisectionChange("environment", [node], cause.name, reason=cause.reason)
