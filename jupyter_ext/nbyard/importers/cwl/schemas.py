"""Resolves SchemaDefRequirement (CWL v1.2 CommandLineTool, section 5.5).

Each named type is replaced by its definition.
"""

from typing import Any

from nbyard.importers.cwl.typed_fields import Fields, bare_name, refuse_field

SCHEMAS = "SchemaDefRequirement"
MAX_USES = 1_000


def with_schemas(tool: Fields) -> Fields:
    """Return the tool with all named types replaced by their definitions.

    Raises:
        Invalid: A type has no name, a name occurs twice, or a type contains itself.
    """
    schemas = _Schemas()
    for place in ("requirements", "hints"):
        for name, fields in tool.entries(place, "class", ""):
            if name == SCHEMAS:
                schemas.add(fields)
    if not schemas.known:
        return tool
    changed = {name: schemas.members(tool.get(name), name) for name in ("inputs", "outputs")}
    return Fields({**tool.value, **changed}, tool.where, tool.notes)


class _Schemas:
    """The named types of a tool."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self._uses = 0

    def add(self, requirement: Fields) -> None:
        requirement.allow_only("class", "types")
        for declared in requirement.listed("types"):
            schema = Fields(declared, requirement.at("types"), requirement.notes)
            name = bare_name(schema.text("name"))
            if not name:
                refuse_field(schema.where, "each type needs a name")
            if name in self.known:
                refuse_field(schema.where, f"{name} appears twice")
            self.known[name] = {key: value for key, value in schema.value.items() if key != "name"}

    def members(self, members: Any, where: str, above: tuple[str, ...] = ()) -> Any:
        """Return inputs, outputs or fields with their types resolved.

        They are a list of objects, or an object whose values are objects or types.
        """
        if isinstance(members, list):
            return [self._member(member, where, above) for member in members]
        if not isinstance(members, dict):
            return members
        return {
            name: self._member(
                member if isinstance(member, dict) else {"type": member}, f"{where}.{name}", above
            )
            for name, member in members.items()
        }

    def _member(self, member: Any, where: str, above: tuple[str, ...]) -> Any:
        if not isinstance(member, dict) or "type" not in member:
            return member
        return {**member, "type": self._type(member["type"], f"{where}.type", above)}

    def _type(self, kind: Any, where: str, above: tuple[str, ...]) -> Any:
        if isinstance(kind, str):
            return self._resolve_name(kind, where, above)
        if isinstance(kind, list):
            return [self._type(alternative, where, above) for alternative in kind]
        if not isinstance(kind, dict):
            return kind
        if set(kind) == {"type"}:
            return self._type(kind["type"], where, above)
        inner = {**kind}
        if "items" in kind:
            inner["items"] = self._type(kind["items"], f"{where}.items", above)
        if "fields" in kind:
            inner["fields"] = self.members(kind["fields"], f"{where}.fields", above)
        return inner

    def _resolve_name(self, name: str, where: str, above: tuple[str, ...]) -> Any:
        if name.endswith("?"):
            inner = self._resolve_name(name[:-1], where, above)
            return name if isinstance(inner, str) else ["null", inner]
        if name.endswith("[]"):
            inner = self._resolve_name(name[:-2], where, above)
            return name if isinstance(inner, str) else {"type": "array", "items": inner}
        called = bare_name(name)
        if called not in self.known:
            return name
        # A recursive type cannot be expanded.
        if called in above:
            refuse_field(where, f"the type {called} contains itself")
        # Types that use each other twice would grow exponentially.
        self._uses += 1
        if self._uses > MAX_USES:
            refuse_field(where, f"types are named more than {MAX_USES:,} times")
        return self._type(self.known[called], where, (*above, called))
