"""Planning of runs: from a frozen document to tasks, or to the problems that block a run."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument, check_value, is_blank_secret, is_secret
from nbyard.domain.attempts.monitor_links import wrong_monitors
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.executables.structs import Resources, display_name
from nbyard.domain.file_formats import OutputClass, guess_class, suffix_of
from nbyard.domain.limits import Limits, invalid_limits
from nbyard.domain.maps.elements import fitting_search
from nbyard.domain.maps.structs import ALL_PORT, AT_ONCE, EACH, EACH_PORT, MapPlan, Search
from nbyard.domain.naming.runtime_names import DASK, DOCKER, PROCESS
from nbyard.domain.runs.map_plans import (
    is_followed,
    map_problems,
    mapped_nodes,
    with_map_ports,
)
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf, SecretOf, TaskPlan, ValueOf
from nbyard.domain.workflows.active_nodes import active_part
from nbyard.domain.workflows.conditions import references, renamed
from nbyard.domain.workflows.edges import Drawn, reason_of_refusal
from nbyard.domain.workflows.structs import Binding as Bound
from nbyard.domain.workflows.structs import (
    Document,
    Edge,
    Node,
    Problem,
    dependencies,
    topological_order,
)
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import Reason, because

MAX_FILENAME_BYTES = 255
MAX_TOLD = 5  # problems in the message of a refusal
CONTAINER = "container"  # the kind of a Dockerfile
COMMAND = "command"  # the kind of scripts and binaries


class ResolvedNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """The object behind a node: frozen bytes of a dataset, or a version of an executable.

    `problem` is why the object could not be found or read; all else is then unknown. `pinned`
    is the task of an earlier run that replaces the node; its inputs then do not matter.
    `lock_digest` is the lock of its `environment`, as a requirements file. `excess` names the
    largest files of a code bundle that only local processes can use. A `kernel` replaces the
    notebook's own, in local processes only. `for_shell`: a shell reads the command line.
    `unread` is why the arguments of a script are unknown. `model_requirements` is the digest of the
    packages of a model, for containers without an image.
    """

    name: str
    arguments: list[Argument] = []
    data: BytesOf | None = None
    executable_id: str = ""
    version_id: str = ""
    resources: Resources = Resources()
    requirements_digest: str = ""
    kind: str = ""
    environment: UsedEnvironment | None = None
    lock_digest: str = ""
    excess: tuple[Reason, ...] = ()
    kernel: str = ""
    problem: Reason | None = None
    pinned: TaskPlan | None = None
    for_shell: bool = False
    unread: Reason | None = None
    model_requirements: str = ""


Resolved = Mapping[str, ResolvedNode]
# The owner's credentials, by name and by ID.
Credentials = Mapping[str, SecretOf]
NO_CREDENTIAL = "there is no credential of that name"


class RunOverrides(msgspec.Struct, frozen=True, omit_defaults=True):
    """The options of a run. `runtime` overrides that of nodes if `runtime_given`."""

    runtime: str
    image: str = ""
    force: bool = False
    runtime_given: bool = False
    warm: bool = False
    gpu: int | None = None


def output_filename(argument: Argument) -> str:
    """Return the file name of an output: that of its default, else its name and format."""
    if isinstance(argument.default, str):
        last = PurePosixPath(argument.default.rstrip("/")).name
        if last not in ("", ".", "..") and len(last.encode()) <= MAX_FILENAME_BYTES:
            return last
    return argument.name + suffix_of(argument.format)


def planned_class(argument: Argument) -> OutputClass:
    """Return the class of an output before it exists: the declared one, or a guess."""
    return argument.output_class or guess_class(output_filename(argument), argument.format)


def find_problems(
    document: Document,
    resolved: Resolved,
    credentials: Credentials,
    chosen: Collection[str] | None = None,
) -> list[Problem]:
    """Return all problems that block a run of the `chosen` nodes (all nodes if None)."""
    own_ports = {name: known.arguments for name, known in resolved.items()}
    ports = with_map_ports(document, own_ports)
    active = active_part(document, ports)
    document, resolved = active.document, _with_unread(active.document, resolved)
    nodes = {n: node for n, node in document.nodes.items() if chosen is None or n in chosen}
    drawn = Drawn(document.nodes, ports)
    problems = [p for p in active.problems if p.node in nodes and not resolved[p.node].problem]
    # an input that a bypassed node leaves open is reported once
    fed = {(problem.node, problem.field) for problem in problems}
    for key, edge in document.edges.items():
        # a pinned node ignores its inputs
        if edge.target not in nodes or resolved[edge.target].pinned:
            continue
        if resolved[edge.source].problem or resolved[edge.target].problem:
            continue
        if refusal := drawn.refusal(edge):
            problems.append(
                Problem(reason_of_refusal(refusal, edge, ports), node=edge.target, edge=key)
            )
        else:
            drawn.add(edge)
    fed |= {(edge.target, edge.input) for edge in document.edges.values()}
    fed |= {(name, over) for name, node in nodes.items() if node.map for over in node.map.names}
    of_maps = map_problems(document, own_ports)
    problems += [p for p in of_maps if p.node in nodes and not resolved[p.node].problem]
    for name, node in nodes.items():
        known = resolved[name]
        if known.problem:
            problems.append(Problem(known.problem, node=name))
            continue
        problems += _declared_problems(name, node, known)
        if node.type == "executable" and known.pinned is None:
            problems += _argument_problems(name, known, document, fed, credentials)
            problems += [
                Problem(because("text", text=why), node=name, field="when")
                for why in _wrong_condition(node.when, document)
            ]
    return problems


def _declared_problems(name: str, node: Node, known: ResolvedNode) -> Iterator[Problem]:
    """Yield the problems of the contracts, limits and monitors of a node."""
    outputs = {argument.name for argument in known.arguments if argument.role == "output"}
    for gone in sorted(node.contracts.keys() - outputs):
        yield Problem(because("contract-output-gone", output=gone), node=name)
    if node.type == "executable" and known.pinned is None:
        own = known.resources
        limits = Limits(**node.over(own))
        refused = [*invalid_limits(limits), *wrong_monitors(own.ports, own.tensorboard)]
        for field, why in refused:
            yield Problem(because("text", text=why), node=name, field=field)


def _wrong_condition(when: str, document: Document) -> Iterator[str]:
    """Yield why the condition of a node cannot be decided."""
    try:
        used = references(when) if when else frozenset()
    except Invalid as error:
        yield str(error)
        return
    nodes = document.nodes
    for reference in sorted(used):
        # the canvas checks a sub-workflow as one node
        own = reference.node if reference.node in nodes else reference.node.partition(".")[0]
        if not reference.node and reference.name not in document.meta.parameters:
            yield f"the condition names the parameter {reference}, which the workflow does not have"
        elif own and (own not in nodes or nodes[own].type != "executable"):
            yield f"the condition names the node {reference.node}, which does not run"


def _with_unread(document: Document, resolved: Resolved) -> Resolved:
    """Return the nodes; a node with unread arguments gets a problem if the document uses them."""
    edges = document.edges.values()
    needed = {end for edge in edges for end in (edge.source, edge.target)}
    needed |= {name for name, node in document.nodes.items() if node.arguments}
    return {
        name: msgspec.structs.replace(known, problem=known.unread)
        if known.unread and name in needed
        else known
        for name, known in resolved.items()
    }


def _argument_problems(
    name: str,
    known: ResolvedNode,
    document: Document,
    fed: Collection[tuple[str, str]],
    credentials: Credentials,
) -> list[Problem]:
    given = document.nodes[name].arguments
    names = {argument.name for argument in known.arguments}
    argument_problems = [
        Problem(because("argument-gone", name=known.name, argument=extra), node=name, field=extra)
        for extra in sorted(set(given) - names)
    ]
    for argument in known.arguments:
        if argument.role == "output" or (name, argument.name) in fed:
            continue
        binding, default = given.get(argument.name), argument.default
        if binding is not None:
            problem = _bound_problem(argument, binding, document, credentials)
        elif not argument.required:
            problem = None
        elif argument.role != "input":
            has_none = default is msgspec.UNSET or is_blank_secret(argument, default)
            problem = because("argument-needs-value", argument=argument.name) if has_none else None
        elif default not in (msgspec.UNSET, None, ""):
            params = {"argument": argument.name, "file": repr(default)}
            problem = because("connection-needed-for-file", **params)
        elif argument.type == "list":
            problem = because("connection-needed-for-files", argument=argument.name)
        else:
            problem = because("connection-needed", argument=argument.name)
        if problem:
            argument_problems.append(Problem(problem, node=name, field=argument.name))
    return argument_problems


def _bound_problem(
    argument: Argument, binding: Bound, document: Document, credentials: Credentials
) -> Reason | None:
    if isinstance(binding.parameter, str):
        named = {"argument": argument.name, "parameter": binding.parameter}
        is_known = binding.parameter in document.meta.parameters
        return None if is_known else because("argument-parameter-unknown", **named)
    try:
        check_value(argument, binding.value)
    except Invalid as error:
        return error.reason
    if is_secret(argument) and binding.value not in credentials:
        return because("argument-problem", argument=argument.name, problem=NO_CREDENTIAL)
    return None


def plan_tasks(
    document: Document,
    resolved: Resolved,
    values: Mapping[str, Any],
    chosen: Collection[str],
    overrides: RunOverrides,
    credentials: Credentials,
) -> list[TaskPlan]:
    """Return the tasks of a run in topological order. Muted and bypassed nodes have no task.

    `values` are the checked workflow parameters.

    Raises:
        Invalid: the run has problems. Each is a detail, with the node as its path. A cycle is
            reported alone.
    """
    problems = find_problems(document, resolved, credentials, chosen)
    ports = {name: known.arguments for name, known in resolved.items()}
    document = active_part(document, with_map_ports(document, ports)).document
    mapped = mapped_nodes(document, ports)
    edges = [e for e in document.edges.values() if e.target in chosen and e.source in chosen]
    # before the problems, as a cycle is reported alone
    needs = [e for e in dependencies(document) if e.target in chosen and e.source in chosen]
    order = topological_order([n for n in document.nodes if n in chosen], needs)
    if problems:
        raise_problems(problems)
    planner = _Planner(document, resolved, values, overrides, credentials, mapped)
    fed: dict[str, dict[str, Edge]] = {}
    for edge in edges:
        fed.setdefault(edge.target, {})[edge.input] = edge
    is_work = {name: document.nodes[name].type == "executable" for name in order}
    plans = [planner.plan(name, fed.get(name, {})) for name in order if is_work[name]]
    _check_places(plans, resolved)
    return plans


def _check_places(plans: Sequence[TaskPlan], resolved: Resolved) -> None:
    """Check that each task can run in its runtime."""
    problems = []
    for plan in plans:
        known, why, field = resolved[plan.node], None, "runtime"
        is_sent = plan.runtime != PROCESS and not plan.pinned
        if known.kind == CONTAINER and known.pinned is None and plan.runtime != DOCKER:
            why = because("dockerfile-needs-containers", runtime=DOCKER)
        elif is_sent and known.excess:
            why = because("bundle-too-large-to-send", largest=list(known.excess))
        elif known.for_shell and plan.runtime != DOCKER:
            why = because("shell-needs-containers", runtime=DOCKER)
        elif is_sent and known.kernel:
            why, field = because("kernel-only-local"), "kernel"
        elif is_sent and plan.runtime == DASK and plan.image:
            why, field = because("no-image-on-dask"), "image"
        if why:
            problems.append(Problem(why, node=plan.node, field=field))
    if problems:
        raise_problems(problems)


def raise_problems(problems: Sequence[Problem]) -> None:
    """Refuse a workflow that has these problems.

    Raises:
        Invalid: always, with each problem as a detail.
    """
    details = [Detail.of(".".join(filter(None, (p.node, p.field))), p.reason) for p in problems]
    places = [
        because("field", path=detail.path, reason=problem.reason)
        for detail, problem in zip(details, problems, strict=True)
    ]
    why = because("workflow-cannot-run", problems=places[:MAX_TOLD])
    raise Invalid(why, details=details)


class _Planner(msgspec.Struct, frozen=True):
    """Plans the tasks of a valid document. `values` are those of workflow parameters."""

    document: Document
    resolved: Resolved
    values: Mapping[str, Any]
    overrides: RunOverrides
    credentials: Credentials
    mapped: Mapping[str, Collection[str]]

    def plan(self, name: str, fed: Mapping[str, Edge]) -> TaskPlan:
        """Return the task of a node. `fed` are the connections to it, by input.

        Raises:
            Invalid: the value of a parameter is refused, or names a missing credential.
        """
        node, known, overrides = self.document.nodes[name], self.resolved[name], self.overrides
        ports = [*known.arguments, EACH_PORT] if EACH in fed else known.arguments
        bound = ((a.name, self._binding(name, a, fed.get(a.name))) for a in ports)
        bindings = {argument: binding for argument, binding in bound if binding is not None}
        nodes = self.document.nodes
        data = {n: e for n, e in fed.items() if nodes[e.source].type == "dataset"}
        on_data = {n: nodes[e.source].contracts.get(e.output) for n, e in data.items()}
        default = known.resources
        label = node.label or display_name(node.path) or known.name
        if known.pinned is not None:
            # The elements of a map had their own contracts.
            contracts = {} if ALL_PORT in known.arguments else node.contracts
            return msgspec.structs.replace(known.pinned, label=label, contracts=contracts)
        limits = node.over(default)
        if limits["gpu"] is None:
            limits["gpu"] = overrides.gpu
        image = node.image or default.image
        runtime = runtime_of(node, known.kind, image, overrides)
        if runtime == DOCKER:
            image = image or default.hinted_image
        image = overrides.image or image
        lock = known.lock_digest if runtime != PROCESS else ""
        packages = known.model_requirements if runtime == DOCKER and not image else ""
        # Later tasks in the container could look for secrets left in memory. Ports are opened
        # when a container is created.
        has_secrets = any(isinstance(binding, SecretOf) for binding in bindings.values())
        return TaskPlan(
            node=name,
            label=label,
            executable_id=known.executable_id,
            executable_version_id=known.version_id,
            arguments=known.arguments,
            bindings=bindings,
            runtime=runtime,
            image=image,
            warm=overrides.warm and not default.ports and not has_secrets,
            requirements=node.requirements or default.requirements,
            requirements_digest=lock or known.requirements_digest or packages,
            environment=known.environment,
            kernel=known.kernel,
            force=overrides.force,
            ports=default.ports,
            tensorboard=default.tensorboard,
            when=renamed(node.when, {name: repr(value) for name, value in self.values.items()}),
            join=node.join,
            contracts=node.contracts,
            data_contracts={name: rules for name, rules in on_data.items() if rules},
            map=self._map(name),
            **limits,
        )

    def _map(self, name: str) -> MapPlan | None:
        """Return the map of a node, its own or that of the node that it follows."""
        own = self.document.nodes[name].map
        for root in sorted(self.mapped.get(name, ())):
            if limits := self.document.nodes[root].map:
                each, source = own.each if own else None, limits.each
                if isinstance(each, Search):
                    known = {a.name: a for a in self.resolved[name].arguments}
                    each = fitting_search(each, known)
                count = source.count if isinstance(source, Search) and source.goal else 0
                at_most = limits.at_most or (AT_ONCE if count else None)
                return MapPlan(each, limits.on_failure, at_most, count=count)
        return None

    def _binding(self, name: str, argument: Argument, edge: Edge | None) -> Binding | None:
        """Return the binding of an argument; None for an output, or without a value.

        It comes from the connection `edge`, a workflow parameter, the node or the default. The
        name of a credential is replaced by the credential.
        """
        if argument.role == "output":
            return None
        if edge is not None:
            data = self.resolved[edge.source].data
            each = edge.source in self.mapped and is_followed(edge, argument)
            return data if data is not None else ResultOf(edge.source, edge.output, each=each)
        given = self.document.nodes[name].arguments.get(argument.name)
        if given is None:
            blank = argument.default is msgspec.UNSET or is_blank_secret(argument, argument.default)
            if blank:
                return None
            value, place = argument.default, ""
        elif isinstance(given.parameter, str):
            place = f"parameters.{given.parameter}"
            value = check_value(argument, self.values[given.parameter], place)
        else:
            value, place = check_value(argument, given.value), ""
        if not is_secret(argument) or value is None:
            return ValueOf(value, is_default=given is None)
        if value not in self.credentials:
            raise Invalid.field(place or f"{name}.{argument.name}", NO_CREDENTIAL)
        return self.credentials[value]


def runtime_of(node: Node, kind: str, image: str, overrides: RunOverrides) -> str:
    """Return the runtime of a node. `kind` is that of its executable, `image` may be empty.

    A runtime that the run requests overrides the node's own. Processes have no image: by default,
    a node with an image runs in containers.
    """
    if overrides.runtime_given:
        return overrides.runtime
    is_contained = kind == CONTAINER or (image and overrides.runtime == PROCESS)
    return node.runtime or (DOCKER if is_contained else overrides.runtime)
