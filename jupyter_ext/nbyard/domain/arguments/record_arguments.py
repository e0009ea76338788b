"""Records: objects that combine several arguments for references."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.errors import Detail
from nbyard.reasons.structs import because


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An object for references. Its fields are argument names or other records.

    An `optional` record is null if none of its fields has a value.
    """

    fields: dict[str, "str | Record"]
    optional: bool = False

    def of(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the object with these values; None if it has none."""
        record = {
            name: values.get(field) if isinstance(field, str) else field.of(values)
            for name, field in self.fields.items()
        }
        is_absent = self.optional and all(value is None for value in record.values())
        return None if is_absent else record

    @property
    def names(self) -> set[str]:
        """Return the names of all arguments in the record and its inner records."""
        inner = [field.names for field in self.fields.values() if isinstance(field, Record)]
        return {field for field in self.fields.values() if isinstance(field, str)}.union(*inner)


def record_problems(records: Mapping[str, Record], arguments: Sequence[Argument]) -> list[Detail]:
    """Report records whose name is an input's, or that have a field that is not an input."""
    known = {argument.name for argument in arguments if argument.role != "output"}
    problem = because("record-fields")
    wrong = [name for name, record in records.items() if name in known or record.names - known]
    return [Detail.of(f"invocation.records.{name[:40]}", problem) for name in wrong]
