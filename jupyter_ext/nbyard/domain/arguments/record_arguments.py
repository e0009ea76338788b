"""Records: objects that combine several arguments for references."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.errors import Detail


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Several arguments that references see as one object.

    Each field is the name of an argument or an inner record. An `optional` record is null if none
    of its fields has a value.
    """

    fields: dict[str, "str | Record"]
    optional: bool = False

    def of(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the object for references.

        `values` are by argument name. Return None if the record is optional and has no value.
        """
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
    """Return one error for each invalid record.

    A record is invalid if its name is that of an input or value. Its fields must name inputs or
    values.
    """
    known = {argument.name for argument in arguments if argument.role != "output"}
    problem = "needs a unique name, and all its fields must be inputs"
    wrong = [name for name, record in records.items() if name in known or record.names - known]
    return [Detail.of(f"invocation.records.{name[:40]}", problem) for name in wrong]
