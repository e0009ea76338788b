"""Check events by the JSON schemas that the OpenLineage project publishes.

No package contains them. NBYARD_TEST_OPENLINEAGE names the folder `spec` of a checkout of
github.com/OpenLineage/OpenLineage; without it, only the generated classes check events.
"""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

VARIABLE = "NBYARD_TEST_OPENLINEAGE"
# Read at once: tests begin without such variables.
FOLDER = os.environ.get(VARIABLE, "")
FORMATS = FormatChecker(("date-time", "uri", "uuid"))
assert {"date-time", "uri", "uuid"} <= FormatChecker.checkers.keys()


def check_files(event: dict[str, Any]) -> None:
    """Check an event and each of its facets, with types, formats and enumerations."""
    _validate(event, event["schemaURL"])
    for facets in _facets(event):
        for name, facet in facets.items():
            # The file of a facet describes the object that has the facet under its key.
            url, _, _ = facet["_schemaURL"].partition("#")
            known = _registry().contents(url)
            assert name in known["properties"], f"{url} describes no {name}"
            _validate({name: facet}, url)


def _validate(data: Any, url: str) -> None:
    check = Draft202012Validator({"$ref": url}, registry=_registry(), format_checker=FORMATS)
    check.validate(data)


def _facets(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    for part in parts:
        for key in ("facets", "inputFacets", "outputFacets"):
            yield part.get(key, {})


@cache
def _registry() -> Registry[Any]:
    folder = Path(FOLDER)
    paths = [folder / "OpenLineage.json", *sorted((folder / "facets").glob("*.json"))]
    files = [json.loads(path.read_text("utf-8")) for path in paths]
    return Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in files)
