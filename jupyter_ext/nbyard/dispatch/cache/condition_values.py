"""The values that conditions are about: metrics and small outputs of nodes that succeeded."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from nbyard.dispatch.cache.contract_verdicts import recorded_metrics
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.runs.structs import Artifact
from nbyard.domain.workflows.conditions import Reference, holds, references
from nbyard.errors import BadRequest, Invalid
from nbyard.reasons.structs import Reason, because

MAX_BYTES = 2**16  # of a small output
MOST_NAMED = 20


def why_unmet(when: str, value_of: Callable[[Reference], Any]) -> Reason | None:
    """Return why a condition does not hold, None if it holds.

    Raises:
        Invalid: A value is missing, or cannot be compared.
    """
    values = {each: value_of(each) for each in sorted(references(when))}
    shown = [f"{reference} is {value!r}" for reference, value in values.items()]
    is_met = holds(when, values)
    return None if is_met else because("condition-not-met", condition=when, values=shown)


def value_of_task(
    context: DispatchContext, owner: str, task_id: str, outputs: Iterable[Artifact], of: Reference
) -> Any:
    """Return a metric or small output of a task that succeeded.

    Raises:
        Invalid: The task has no such value.
    """
    node, name = of
    with context.store.read() as c:
        recorded = recorded_metrics(context, c, owner, task_id)
    values: dict[str, Any] = {metric.name: metric.value for metric in recorded}
    if isinstance(values.get(name), str):
        return float(values[name])  # infinite, or not a number
    for output in outputs:
        if output.name != EXECUTED and output.format != "folder":
            content = _content(context, output) if output.size_bytes <= MAX_BYTES else None
            own = content if isinstance(content, dict) else {output.name: content}
            values |= {key: own[key] for key in own.keys() - values.keys()}
    if values.get(name) is None:
        names = sorted(values)[:MOST_NAMED]
        raise Invalid(because("condition-value-missing", value=name, node=node, names=names))
    return values[name]


def _content(context: DispatchContext, output: Artifact) -> Any:
    content = context.blobs.path(output.digest).read_bytes()
    with suppress(BadRequest):
        return read_json(content)
    return content.decode(errors="replace").strip()
