"""Update the text of a project file, but keep its comments and its order."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from nbyard.domain.projects.definitions import ProjectDefinition


def updated_toml(text: str, known: ProjectDefinition, wanted: ProjectDefinition) -> str:
    """Return the text of a project file, changed from the definition `known` to `wanted`.

    `known` is the definition in `text`. Equal entries keep their lines and comments.
    """
    import tomlkit

    document = tomlkit.parse(text)
    before, after = _toml_value(known), _toml_value(wanted)
    for part in ("project", "schedules", "environments", "notifications", "retention"):
        present, entries = before.get(part, {}), after.get(part, {})
        # A new file still lacks the table, although `known` has the project.
        if part == "project" and not text:
            present = {}
        if present != entries:
            # A super table has no header: `[schedules.night]` follows without `[schedules]`.
            table = document.setdefault(part, tomlkit.table(is_super_table=part != "project"))
            _update(table, present, entries)
    return tomlkit.dumps(document)


def _update(
    table: MutableMapping[str, Any], present: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    for name in present.keys() - wanted.keys():
        table.pop(name, None)
    for name, value in wanted.items():
        if name in present and present[name] == value:
            continue
        inner = table.get(name)
        if isinstance(value, dict) and isinstance(inner, MutableMapping):
            _update(inner, present.get(name, {}), value)
        else:
            table[name] = _item(value)


def _item(value: Any) -> Any:
    """Return a value for tomlkit.

    A list of one table becomes a table, a longer list of tables an array of tables.
    """
    import tomlkit

    if isinstance(value, dict):
        return _table(value)
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return value
    if len(value) == 1:
        return _table(value[0])  # as people write it; it is read as a list again
    tables = tomlkit.aot()
    for table in value:
        tables.append(_table(table))
    return tables


def _table(fields: Mapping[str, Any]) -> Any:
    import tomlkit

    made = tomlkit.table()
    for name, value in fields.items():
        if isinstance(value, dict):
            inner = tomlkit.inline_table()
            inner.update(value)
            made[name] = inner
        else:
            made[name] = value
    return made


def _toml_value(value: Any) -> Any:
    """Convert a value to plain TOML values. Of a struct, fields with defaults are left out."""
    if isinstance(value, msgspec.Struct):
        return {
            field.name: _field(given)
            for field in msgspec.structs.fields(value)
            if (given := getattr(value, field.name))
            != (
                field.default
                if field.default_factory is msgspec.NODEFAULT
                else field.default_factory()
            )
        }
    if isinstance(value, dict):
        return {name: _toml_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_toml_value(element) for element in value]
    return value


def _field(value: Any) -> Any:
    """Return the value of a field as people write it: 30 rather than 30.0, false for null."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return False if value is None else _toml_value(value)
