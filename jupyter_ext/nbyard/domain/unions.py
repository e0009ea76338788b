"""The base of structs that belong to a union, in which a field tells them apart."""

import msgspec


class UnionMember(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """A struct of a union. Its `tag` is the value of the field `kind`."""
