"""What changed at one node between two runs.

Files outside the code folder that two tasks used, and how they changed in between.
"""

from collections.abc import Iterator

import msgspec

from nbyard.domain.attempts.outside_files import OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.explanation import (
    differing_names,
    file_change,
    input_change,
    package_change,
    shortened,
    value_change,
)
from nbyard.domain.caching.relevant_changes import files_that_count
from nbyard.domain.comparison.facts import TaskFacts
from nbyard.domain.comparison.structs import Cause, CauseKind
from nbyard.reasons.structs import Reason, because


def outside_changes(then: Observed | None, now: Observed | None) -> Iterator[tuple[str, Reason]]:
    """Yield the changed paths outside the code folder, with the change.

    Only paths that both tasks used count. Another path follows from other code or values.
    """
    old = then.outside if then else {}
    new = now.outside if now else {}
    for path in sorted(old.keys() & new.keys()):
        if change := change_between(path, old[path], new[path]):
            yield path, change


def change_between(path: str, old: OutsideFile, new: OutsideFile) -> Reason | None:
    """Return how the state of a path changed, None if a result may not depend on the change."""
    before, after = old.state, new.state
    if "changed" in (before.kind, after.kind):
        return because("file-changed-meanwhile", name=path)
    if before.kind != after.kind:
        return file_change(path, before.kind != "missing", after.kind != "missing")
    if not (old.is_read and new.is_read):
        return None
    if old.digest and new.digest:
        is_same = old.digest == new.digest
    else:
        # Large files have no digest, so a new time counts as a change.
        is_same = (before.size, before.mtime_ns) == (after.size, after.mtime_ns)
    if is_same:
        return None
    return because("folder-changed" if before.kind == "folder" else "file-changed", name=path)


MAX_CHARS = 200


class NodeCauses:
    """Finds the causes of a difference at one node, from its facts in both runs.

    `distance` counts the connections from the node to the differing result.
    """

    def __init__(self, then: TaskFacts, now: TaskFacts, distance: int) -> None:
        self._then = then
        self._now = now
        self._distance = distance

    def find(self) -> Iterator[Cause]:
        """Yield the causes in the order in which users can change them."""
        # A pinned node shows the result of another run, so its code and values explain nothing.
        if self._then.pinned != self._now.pinned:
            runs = [
                str(facts.pinned) if facts.pinned else None for facts in (self._then, self._now)
            ]
            yield self._cause("pin", self._now.node, because("pin-changed"), *runs)
            return
        yield from self._values()
        yield from self._inputs()
        yield from self._code()
        yield from self._files()
        yield from self._environment()
        for path, reason in outside_changes(self._then.observed, self._now.observed):
            yield self._cause("outside", path, reason)

    def without_cause(self) -> Cause:
        """Return the cause of a difference that no change explains.

        It is *unrecorded* if a run recorded no inputs of the node, else *nondeterministic*.
        """
        node = self._now.node
        if not self._then.parts or not self._now.parts:
            return self._cause("unrecorded", node, because("inputs-not-recorded"))
        return self._cause("nondeterministic", node, because("nondeterministic"))

    def _cause(
        self,
        kind: CauseKind,
        name: str,
        reason: Reason,
        before: str | None = None,
        after: str | None = None,
    ) -> Cause:
        now = self._now
        return Cause(kind, now.node, now.label, self._distance, name, reason, before, after)

    def _values(self) -> Iterator[Cause]:
        then, now = self._then.values, self._now.values
        for name in differing_names(then, now):
            before, after = shortened(then, now, name, MAX_CHARS)
            yield self._cause("parameter", name, value_change(name, before, after), before, after)

    def _inputs(self) -> Iterator[Cause]:
        for name in differing_names(self._then.inputs, self._now.inputs):
            before, after = self._then.inputs.get(name), self._now.inputs.get(name)
            texts = [side.source if side else None for side in (before, after)]
            changed = input_change(name, before is not None, after is not None)
            if before is None or after is None:
                yield self._cause("connection", name, changed, *texts)
            elif before.digest == after.digest:
                # Equal data from another place explains no difference.
                continue
            elif (before.node, before.output) != (after.node, after.output):
                yield self._cause("connection", name, because("input-moved", name=name), *texts)
            # Different data of another node is a cause at that node.
            elif not before.node:
                yield self._cause("data", name, changed, *texts)

    def _code(self) -> Iterator[Cause]:
        then, now = self._then, self._now
        if then.code and now.code and then.code.digest != now.code.digest:
            cause = self._cause("code", now.code.file, because("code-changed"))
            yield msgspec.structs.replace(cause, code=[then.code, now.code])
        elif then.parts and now.parts and then.parts.declaration != now.parts.declaration:
            yield self._cause("declaration", now.label, because("declaration-changed"))

    def _files(self) -> Iterator[Cause]:
        """Yield the files of the code folder that changed, unless neither task read them."""
        then, now = self._then, self._now
        if not then.parts or not now.parts:
            return
        for name in changed_files(then, now):
            reason = file_change(name, name in then.parts.files, name in now.parts.files)
            yield self._cause("file", name, reason)

    def _environment(self) -> Iterator[Cause]:
        then, now = self._then, self._now
        if not then.parts or not now.parts or then.parts.environment == now.parts.environment:
            return
        are_known = then.packages and now.packages
        names = differing_names(then.packages, now.packages) if are_known else []
        for name in sorted(names, key=str.lower):
            before, after = then.packages.get(name), now.packages.get(name)
            yield self._cause("package", name, package_change(name, before, after), before, after)
        if not names:
            texts = (then.environment or None, now.environment or None)
            reason = because("environment-changed")
            yield self._cause("environment", now.environment, reason, *texts)


def changed_files(then: TaskFacts, now: TaskFacts) -> list[str]:
    """Return the files of the code folder that changed, sorted.

    Files that neither task read do not count. A file that is also an input counts as input.
    """
    if not then.parts or not now.parts:
        return []
    given = {
        (before.digest, after.digest)
        for name, before in then.inputs.items()
        if (after := now.inputs.get(name))
    }
    old, new = then.parts.files, now.parts.files
    observed = (then.observed, now.observed)
    return [
        name
        for name in files_that_count(old, new, observed)
        if (old.get(name), new.get(name)) not in given
    ]
