"""Check events by the classes that the OpenLineage project generates from its schemas."""

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from openlineage.client import generated
from openlineage.client.generated import base

from .openlineage_files import FOLDER, check_files


def check_event(event: dict[str, Any]) -> None:
    """Build each part of an event with its class, which refuses unknown and missing fields.

    The published JSON schemas check the event too, where they are.
    """
    if FOLDER:
        check_files(event)
    assert event["schemaURL"] == base.RunEvent._get_schema()
    run, job = dict(event["run"]), dict(event["job"])
    for facets in (run.pop("facets"), job.pop("facets")):
        _check_facets(facets)
    fields = {k: v for k, v in event.items() if k != "schemaURL"}
    fields |= {"run": base.Run(**run), "job": base.Job(**job)}
    fields |= {"eventType": base.EventType(event["eventType"])}
    for side, of in (("inputs", base.InputDataset), ("outputs", base.OutputDataset)):
        fields[side] = [_dataset(one, of) for one in event[side]]
    base.RunEvent(**fields)


def _dataset(data: dict[str, Any], of: Any) -> Any:
    data = dict(data)
    for name in ("facets", "inputFacets", "outputFacets"):
        _check_facets(data.pop(name, {}))
    assert data["name"] and data["namespace"]
    return of(**data)


def _check_facets(facets: dict[str, Any]) -> None:
    for name, facet in facets.items():
        fields = dict(facet)
        known = CLASSES[fields.pop("_schemaURL")]
        # The class has the key of the facet in its name.
        assert name.replace("_", "").lower() in known.__name__.lower()
        producer = fields.pop("_producer")
        known(**_parts(inspect.getmodule(known), known, fields), producer=producer)


def _parts(module: ModuleType | None, of: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Build the parts of a facet, whose classes stand beside it."""
    found = {}
    for field in of.__attrs_attrs__:
        if field.name not in fields:
            continue
        value = fields.pop(field.name)
        hint = str(field.type)
        for name, one in vars(module).items():
            if not inspect.isclass(one) or not hasattr(one, "__attrs_attrs__"):
                continue
            if hint.replace(" | None", "") in (name, f"list[{name}]"):
                several = isinstance(value, list)
                built = [
                    one(**_parts(module, one, dict(v))) for v in (value if several else [value])
                ]
                value = built if several else built[0]
                break
        found[field.name] = value
    assert not fields, f"{of.__name__} has no {sorted(fields)}"
    return found


def _classes() -> dict[str, Any]:
    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for one in vars(import_module(f"{generated.__name__}.{module.name}")).values():
            if inspect.isclass(one) and hasattr(one, "_get_schema"):
                found[one._get_schema()] = one
    return found


CLASSES = _classes()
