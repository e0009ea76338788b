"""Changes between the frozen plans of two runs, and plans with some of these changes.

A change is what users change at once: one parameter, one version of data, the code of a node, one
file beside the code, one environment, the limits, or the graph. The same change at several nodes is
one change.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.interpreters import is_source
from nbyard.domain.comparison.causes import NodeCauses
from nbyard.domain.comparison.facts import RunFacts
from nbyard.domain.comparison.structs import Cause
from nbyard.domain.digest import canonical_text, digest_of
from nbyard.domain.limits import Limits
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf, SecretOf, TaskPlan, ValueOf
from nbyard.reasons.structs import Reason, because

ChangeKind = Literal[
    "parameter", "data", "input", "code", "files", "environment", "limits", "graph",
    "package", "outside",
]  # fmt: skip
MAX_CHARS = 200
# The fields of plans that change together.
CODE = ("executable_id", "executable_version_id", "arguments", "label", "ports", "tensorboard")
ENVIRONMENT = (
    *("runtime", "image", "warm", "requirements", "requirements_digest", "environment", "kernel"),
)
LIMITS = Limits.__struct_fields__
GRAPH: tuple[str, ...] = ("graph",)
Plans = Mapping[str, TaskPlan]
Key = tuple[str, ...]
# The digests of a file in both runs, None where it does not exist.
FileChange = tuple[str | None, str | None]
FILES: Key = ("files",)
# More changed files than these change together.
MAX_FILES = 20
MAX_PACKAGES = 5


class BisectionChange(msgspec.Struct, frozen=True):
    """One change from the good run to the bad run, at one or more nodes.

    `name` is the parameter, input, environment or code. `files` are the files beside the code that
    change with it. `before` and `after` are texts, null if unknown or not set. A `reason` describes
    a change that no run can try: of packages or files outside the project, which all runs use as
    they are now.
    """

    kind: ChangeKind
    nodes: list[str]
    name: str
    before: str | None = None
    after: str | None = None
    files: list[str] = []
    reason: Reason | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """Return what tells the change from others, without texts for users."""
        return self.kind, self.nodes, self.name, self.files


class Side(msgspec.Struct, frozen=True):
    """One of the two runs of a bisection.

    `plans` are in the order of the graph, `values` are those of the run's parameters.
    """

    plans: Plans
    values: Mapping[str, Any] = {}


class MixedPlans:
    """Finds the changes between two runs, and builds plans with some of them.

    `codes` maps the IDs of executable versions to the digests of the code alone. `files` has by
    node the files beside the code that changed and that the node may have used: by path, their old
    and new digest.
    """

    def __init__(
        self,
        good: Side,
        bad: Side,
        codes: Mapping[str, str],
        files: Mapping[str, Mapping[str, FileChange]] = {},
    ) -> None:
        self._codes = codes
        self._files = files
        self._good = good
        self._bad = bad
        own = {path for paths in files.values() for path in paths if not is_source(path)}
        self._has_many_files = len(own) > MAX_FILES
        self._changes_by_key: dict[Key, BisectionChange] = {}
        self._find()

    @property
    def changes(self) -> list[BisectionChange]:
        """Return the changes. A combination names them by their index."""
        return [*self._changes_by_key.values()]

    def mix(self, chosen: Collection[int]) -> list[TaskPlan] | None:
        """Return the plans of the good run with some changes applied.

        `chosen` are indexes of `changes`. The plans are in the order of the graph. Return None if a
        node would depend on a missing node.
        """
        keys = [*self._changes_by_key]
        applied = {keys[place] for place in chosen}
        # Added nodes have their places in the bad run, removed ones in the good run.
        order = (self._bad if GRAPH in applied else self._good).plans
        plans = {node: self._mixed_plan(node, applied) for node in order}
        if any(not plan.needs() <= plans.keys() for plan in plans.values()):
            return None
        return [*plans.values()]

    def _find(self) -> None:
        good, bad = self._good.plans, self._bad.plans
        if {*good} != {*bad} or any(_shape(good[n]) != _shape(bad[n]) for n in good):
            nodes = sorted({*good} ^ {*bad})
            nodes = nodes or [n for n in good if _shape(good[n]) != _shape(bad[n])]
            self._changes_by_key[GRAPH] = BisectionChange("graph", nodes, "")
        for node, then in good.items():
            now = bad.get(node)
            # A pinned node takes an earlier result, so its code and values have no effect.
            if now is None or then.pinned or now.pinned:
                continue
            for key, change in self._changes_of_node(then, now):
                known = self._changes_by_key.setdefault(key, change)
                if node not in known.nodes:
                    known.nodes.append(node)
                known.files.extend(path for path in change.files if path not in known.files)

    def _changes_of_node(
        self, then: TaskPlan, now: TaskPlan
    ) -> Iterator[tuple[Key, BisectionChange]]:
        node = then.node
        for name in sorted(_names(then) & _names(now)):
            old, new = then.bindings.get(name), now.bindings.get(name)
            key = self._bound_key(node, name, old, new)
            if key is not None:
                texts = _text(old), _text(new)
                shown = key[1] if key[0] == "parameter" and len(key) == 2 else name
                yield key, BisectionChange(key[0], [node], shown, *texts)  # type: ignore[arg-type]
        paths_by_key: dict[Key, list[str]] = {}
        for path, key in self._file_keys(then, now).items():
            paths_by_key.setdefault(key, []).extend([path] if path else [])
        code = self._code_key(then, now)
        for key, paths in paths_by_key.items():
            if key[0] == "files":
                yield key, BisectionChange("files", [node], "", files=sorted(paths))
        if code is not None:
            texts = then.executable_version_id, now.executable_version_id
            paths = sorted(paths_by_key.get(code, []))
            yield code, BisectionChange("code", [node], now.label, *texts, files=paths)
        for fields in (ENVIRONMENT, LIMITS):
            key = self._fields_key(fields, then, now)
            if key is not None:
                yield key, BisectionChange(key[0], [node], *_describe_change(key[0], then, now))  # type: ignore[arg-type]

    def _bound_key(
        self, node: str, name: str, then: Binding | None, now: Binding | None
    ) -> Key | None:
        """Return the key of the change of an argument, or None.

        An optional input may be unbound in one run, or in both.
        """
        if then is None and now is None:
            return None
        # Connections are part of the change of the graph.
        if isinstance(then, ResultOf) or isinstance(now, ResultOf):
            return None
        if isinstance(then, ValueOf) and isinstance(now, ValueOf):
            return self._value_key(node, name, then.value, now.value)
        if isinstance(then, BytesOf) and isinstance(now, BytesOf):
            same = then.cache_key == now.cache_key
            return (
                None
                if same
                else ("data", now.source or now.origin or name, then.cache_key, now.cache_key)
            )
        if isinstance(then, SecretOf) and isinstance(now, SecretOf):
            return None  # the old secret is gone: every combination uses the present one
        return "input", node, name

    def _fields_key(self, fields: Sequence[str], then: TaskPlan, now: TaskPlan) -> Key | None:
        """Return the key of the change of these fields, or None.

        The fields change together.
        """
        texts = [canonical_text([getattr(plan, name) for name in fields]) for plan in (then, now)]
        kind = "environment" if fields is ENVIRONMENT else "limits"
        return None if texts[0] == texts[1] else (kind, *texts)

    def _code_key(self, then: TaskPlan, now: TaskPlan) -> Key | None:
        """Return the key of the change of the code itself, or None.

        A version also covers the files beside the code.
        """
        versions = then.executable_version_id, now.executable_version_id
        old, new = (self._codes.get(version, version) for version in versions)
        return None if old == new else ("code", *versions)

    def _file_keys(self, then: TaskPlan, now: TaskPlan) -> dict[str, Key]:
        """Return the keys of the changes of the files beside the code, by path.

        A file that is also an input changes with its data. Modules change with the code, if that
        changed too. Files that the node never used are no change. Without a record of the files
        that the node used, all files change together: the path is empty.
        """
        if then.executable_version_id == now.executable_version_id:
            return {}
        code = self._code_key(then, now)
        if then.node not in self._files:
            return {} if code else {"": FILES}
        given: dict[FileChange, Key] = {}
        for name in sorted(then.bindings.keys() & now.bindings.keys()):
            old, new = then.bindings[name], now.bindings[name]
            if isinstance(old, BytesOf) and isinstance(new, BytesOf):
                key = self._bound_key(then.node, name, old, new)
                if key is not None:
                    given[old.digest, new.digest] = key
        keys: dict[str, Key] = {}
        for path, change in self._files[then.node].items():
            if is_source(path):
                keys[path] = given.get(change) or code or FILES
            else:
                own = FILES if self._has_many_files else ("files", path, *map(str, change))
                keys[path] = given.get(change) or own
        return keys

    def _value_key(self, node: str, name: str, then: Any, now: Any) -> Key | None:
        """Return the key of the change of a value, or None.

        If a parameter of the run changed between the same values, its key is returned.
        """
        texts = canonical_text(then), canonical_text(now)
        if texts[0] == texts[1]:
            return None
        # A parameter of the run reaches several nodes, each with a copy. It is one change. Several
        # parameters may change alike: then only the name tells which one the node has.
        good, bad = self._good.values, self._bad.values
        alike = [
            parameter
            for parameter in good.keys() & bad.keys()
            if (canonical_text(good[parameter]), canonical_text(bad[parameter])) == texts
        ]
        if name in alike:
            return "parameter", name
        return ("parameter", *alike) if len(alike) == 1 else ("parameter", node, name)

    def _mixed_plan(self, node: str, applied: Collection[Key]) -> TaskPlan:
        then, now = self._good.plans.get(node), self._bad.plans.get(node)
        if then is None or now is None or then.pinned or now.pinned:
            plan = now if GRAPH in applied or then is None else then
            assert plan is not None
            return _fresh(plan)
        fields = self._mixed_code(then, now, applied)
        for names in (ENVIRONMENT, LIMITS):
            key = self._fields_key(names, then, now)
            side = now if key in applied else then
            fields |= {name: getattr(side, name) for name in names}
        bindings = {}
        # Two versions of the code may have different arguments. The chosen version decides.
        for argument in fields["arguments"]:
            bound = self._mixed_binding(then, now, argument, applied)
            if bound is not None and argument.role != "output":
                bindings[argument.name] = bound
        return _fresh(msgspec.structs.replace(then, **fields, bindings=bindings))

    def _mixed_code(
        self, then: TaskPlan, now: TaskPlan, applied: Collection[Key]
    ) -> dict[str, Any]:
        """Return the fields of a plan that choose the code and the files beside the code."""
        code, keys = self._code_key(then, now), self._file_keys(then, now)
        changed = [path for path, key in keys.items() if key in applied]
        # With equal code, the version of the bad run is that of all changed files.
        is_new = code in applied if code else bool(keys) and len(changed) == len(keys)
        side, other = (now, then) if is_new else (then, now)
        fields = {name: getattr(side, name) for name in CODE}
        others = [path for path, key in keys.items() if (key in applied) != is_new]
        fields["mixed_files"] = dict.fromkeys(sorted(others), other.executable_version_id)
        return fields

    def _mixed_binding(
        self, then: TaskPlan, now: TaskPlan, argument: Argument, applied: Collection[Key]
    ) -> Binding | None:
        name = argument.name
        old, new = then.bindings.get(name), now.bindings.get(name)
        # The argument may be one of only one version of the code, or optional in the other.
        is_common = name in _names(then) and name in _names(now)
        if (old is None or new is None) and (argument.required or not is_common):
            return new if old is None else old
        if isinstance(old, ResultOf) or isinstance(new, ResultOf):
            return new if GRAPH in applied else old
        if isinstance(old, SecretOf) and isinstance(new, SecretOf):
            return new
        return new if self._bound_key(then.node, name, old, new) in applied else old


def plan_signatures(plans: Sequence[TaskPlan]) -> dict[str, str]:
    """Return a digest of each node's plan and its dependencies, by node.

    Nodes with equal digests produce equal results. `plans` are in the order of the graph.
    """
    signatures: dict[str, str] = {}
    for plan in plans:
        before = {node: signatures[node] for node in sorted(plan.needs())}
        signatures[plan.node] = digest_of([msgspec.structs.replace(plan, reuse=""), before])
    return signatures


def _fresh(plan: TaskPlan) -> TaskPlan:
    """Return the plan without the options of its own run.

    A pinned result stays.
    """
    reuse = plan.reuse if plan.pinned else ""
    return msgspec.structs.replace(plan, force=False, reuse=reuse, sample=None)


def _shape(plan: TaskPlan) -> object:
    """Return the connections of a node, or the result to which it is pinned."""
    if plan.pinned:
        return plan.reuse
    return {
        name: binding for name, binding in plan.bindings.items() if isinstance(binding, ResultOf)
    }


def _names(plan: TaskPlan) -> set[str]:
    return {argument.name for argument in plan.arguments if argument.role != "output"}


def _describe_change(
    kind: str, then: TaskPlan, now: TaskPlan
) -> tuple[str, str | None, str | None]:
    """Return the name of a change at a node, and the texts before and after."""
    if kind == "environment":
        before, after = (
            plan.environment.shown
            if plan.environment
            else plan.image or plan.kernel or plan.runtime
            for plan in (then, now)
        )
        return after, before, after
    changed = [name for name in LIMITS if getattr(then, name) != getattr(now, name)]
    texts = [", ".join(f"{name}={getattr(plan, name)}" for name in changed) for plan in (then, now)]
    return "", texts[0], texts[1]


def _text(binding: Binding | None) -> str | None:
    match binding:
        case None:
            return None
        case ValueOf(value=value):
            text = canonical_text(value)
        case BytesOf():
            text = binding.origin or binding.filename
        case ResultOf():
            text = f"{binding.node}.{binding.output}"
        case SecretOf():
            text = binding.name
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"


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
