"""Bad input is refused at the edge: unknown fields of bodies and documents are not ignored."""

from collections.abc import Iterator
from typing import Any

import msgspec.inspect as types

from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.workflows.structs import Document, Meta
from nbyard.services.operation_table import table

# what others keep with a workflow has its place there
OPEN = {Meta}


def _structs(found: Any, seen: set[Any]) -> Iterator[Any]:
    if isinstance(found, types.StructType):
        if found.cls in seen:
            return
        seen.add(found.cls)
        yield found
    for field in getattr(found, "fields", ()):
        yield from _structs(field.type, seen)
    inner = [*getattr(found, "types", ()), *getattr(found, "item_types", ())]
    inner += [getattr(found, name, None) for name in ("type", "item_type", "value_type")]
    for one in inner:
        yield from _structs(one, seen) if isinstance(one, types.Type) else ()


def test_structs_of_user_input_forbid_unknown_fields():
    bodies = [field.type for one in table() for field in one.placed("body")]
    seen: set[Any] = set()
    found = [
        struct
        for kind in (*bodies, Document, Description)
        for struct in _structs(types.type_info(kind), seen)
    ]
    assert len(found) > 40
    assert {struct.cls for struct in found if not struct.forbid_unknown_fields} == OPEN
