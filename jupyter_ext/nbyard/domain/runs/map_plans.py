"""Maps in documents and plans: which nodes are mapped, what blocks a run, and element tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument, is_secret
from nbyard.domain.maps.elements import (
    MAX_LABEL,
    TOO_MANY,
    fitting,
    fitting_search,
    keys_of,
    label_of,
)
from nbyard.domain.maps.structs import (
    ALL,
    ALL_PORT,
    EACH,
    EACH_PORT,
    MAX_ELEMENTS,
    STATIC,
    Element,
    Files,
    Grid,
    Map,
    Search,
)
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf, TaskPlan, ValueOf
from nbyard.domain.workflows.conditions import renamed
from nbyard.domain.workflows.structs import Document, Edge, Problem
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

MAX_MAP_NAME = 60  # the name of a task has at most 80 characters, the key included
Ports = Mapping[str, Sequence[Argument]]


def is_followed(edge: Edge, wanted: Argument | None) -> bool:
    """Return whether an edge leads from element to element.

    A list of files and the table of all results wait for all elements instead. `wanted` is the
    input at its end.
    """
    is_list = wanted is not None and wanted.type == "list"
    return edge.output != ALL and edge.input != EACH and not is_list


def mapped_nodes(document: Document, ports: Ports) -> dict[str, set[str]]:
    """Return the mapped nodes, each with the nodes whose maps it has.

    In a valid document, these have the same elements. A node without a map of its own follows
    another node.
    """
    nodes = document.nodes.items()
    # A pinned node does not run, so that its collected results are those of one task.
    roots = {name: {name} for name, node in nodes if node.map and not node.pin}
    followed: dict[str, list[str]] = {}
    for edge in document.edges.values() if roots else ():
        wanted = (port for port in ports.get(edge.target, ()) if port.name == edge.input)
        is_pinned = document.nodes[edge.target].pin is not None  # it ignores its inputs
        if is_followed(edge, next(wanted, None)) and not is_pinned:
            followed.setdefault(edge.source, []).append(edge.target)
    todo = list(roots)
    while todo:
        node = todo.pop()
        for target in followed.get(node, ()):
            known = roots.setdefault(target, set())
            if not roots[node] <= known:
                known |= roots[node]
                todo.append(target)
    return roots


def with_map_ports(document: Document, ports: Ports) -> dict[str, list[Argument]]:
    """Return the ports of nodes, with those that maps add."""
    complete = {name: [*arguments] for name, arguments in ports.items()}
    for name, node in document.nodes.items():
        if node.map and not isinstance(node.map.each, STATIC):
            complete[name].append(EACH_PORT)
    for name in mapped_nodes(document, ports):
        complete[name].append(ALL_PORT)
    return complete


def map_problems(document: Document, ports: Ports) -> Iterator[Problem]:
    """Yield the problems of maps, without those of connections."""
    fed = {(e.target, e.input): f"{e.source} {e.output}" for e in document.edges.values()}
    sources = {
        name: node.map.source_of(name, fed.get((name, EACH), ""))
        for name, node in document.nodes.items()
        if node.map
    }
    for name, roots in mapped_nodes(document, ports).items():
        node, known = document.nodes[name], {port.name: port for port in ports[name]}
        if len({*map(sources.get, roots)}) > 1 or (node.map and len(roots) > 1):
            yield Problem(because("map-of-several", nodes=sorted(roots)), node=name, field="map")
        if node.map is None:
            continue
        if len(name) > MAX_MAP_NAME:
            yield Problem(because("map-name-long", most=MAX_MAP_NAME), node=name, field="map")
        for argument in node.map.names:
            reason = _wrong_argument(node.map, argument, known.get(argument))
            if (name, argument) in fed:
                reason = because("map-argument-connected", argument=argument)
            if reason:
                yield Problem(reason, node=name, field=argument)
        if not isinstance(node.map.each, STATIC) and (name, EACH) not in fed:
            yield Problem(because("connection-needed", argument=EACH), node=name, field=EACH)


def _wrong_argument(own: Map, name: str, argument: Argument | None) -> Reason | None:
    wanted = "input" if isinstance(own.each, Files) else "value"
    if argument is None or argument.role != wanted or is_secret(argument):
        return because("map-argument-role", argument=name, role=wanted)
    try:
        if isinstance(own.each, Search):
            of_name = msgspec.structs.replace(own.each, space={name: own.each.space[name]})
            fitting_search(of_name, {name: argument})
        for value in own.each.values[name] if isinstance(own.each, Grid) else ():
            fitting(argument, value)
    except Invalid as error:
        return error.reason
    return None


def element_node(map_node: str, key: str) -> str:
    """Return the name of the task of an element."""
    return f"{map_node}.{key}"


def element_plans(
    plan: TaskPlan, elements: Iterable[Mapping[str, Any]], outer: Sequence[Element] = ()
) -> list[TaskPlan]:
    """Return the tasks of the elements of a map, given their values by argument.

    `@each` has the file that they come from, which an element of the `outer` map wrote.

    Raises:
        Invalid: a value does not fit its argument, or there are too many elements.
    """
    known, given = {a.name: a for a in plan.arguments}, [*islice(elements, MAX_ELEMENTS + 1)]
    own: list[dict[str, BytesOf | ValueOf]] = [
        {
            name: value if isinstance(value, BytesOf) else ValueOf(fitting(known[name], value))
            for name, value in values.items()
            if name != EACH
        }
        for values in given
    ]
    if len(own) > MAX_ELEMENTS:
        raise Invalid.field("map", TOO_MANY)
    contents = [
        {name: b.digest if isinstance(b, BytesOf) else b.value for name, b in bound.items()}
        for bound in own
    ]
    plans = []
    for position, (key, bound) in enumerate(zip(keys_of(contents), own, strict=True)):
        shown = {n: b.origin if isinstance(b, BytesOf) else b.value for n, b in bound.items()}
        label = label_of(shown)
        if outer:  # the names of collected files begin with the place of their element
            place = int(given[position][EACH].partition("-")[0])
            label = f"{outer[place - 1].label} {label}"[:MAX_LABEL]
        element = Element(plan.node, key, label, position)
        plans.append(_element_plan(plan, element, plan.bindings | bound))
    return plans


def following_plans(plan: TaskPlan, followed: Mapping[str, Sequence[Element]]) -> list[TaskPlan]:
    """Return the tasks of a map that follows others with these elements, by node.

    Followed maps have the same source, so that their elements have the same places.
    """
    plans, maps = [], sorted(plan.follows())
    for before in zip(*(followed[node] for node in maps), strict=True):
        names = {n: element_node(n, e.key) for n, e in zip(maps, before, strict=True)}
        bindings = {
            name: ResultOf(names[binding.node], binding.output)
            if isinstance(binding, ResultOf) and binding.each
            else binding
            for name, binding in plan.bindings.items()
        }
        label = " ".join(dict.fromkeys(element.label for element in before))[:MAX_LABEL]
        element = msgspec.structs.replace(before[0], map=plan.node, label=label)
        own = _element_plan(plan, element, bindings)
        if plan.decides_by_element:
            own = msgspec.structs.replace(own, when=renamed(plan.when, {}, names))
        plans.append(own)
    return plans


def _element_plan(plan: TaskPlan, element: Element, bindings: Mapping[str, Binding]) -> TaskPlan:
    return msgspec.structs.replace(
        plan,
        node=element_node(plan.node, element.key),
        bindings={name: bound for name, bound in bindings.items() if name != EACH},
        label=f"{plan.label} {element.label}",
        map=None,
        when="",  # the map's own was checked
        element=element,
    )
