"""Read and write the schemas of pandera, as its `to_yaml` and `to_json` write them.

pandera itself is not needed. Rules without a counterpart there are left out of the export, and
checks without a counterpart here are refused.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from nbyard.domain.contracts import structs as rules
from nbyard.domain.contracts.structs import Contract, Rule
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.errors import Invalid

# The types of pandera by ours.
WRITTEN: Mapping[str, str] = {
    "int": "int64",
    "float": "float64",
    "string": "str",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime64[ns]",
    "duration": "timedelta64[ns]",
}
# The beginnings of the types of pandera and of polars, the longer ones first.
READ: Mapping[str, str] = {
    **{"uint": "int", "int": "int", "float": "float", "str": "string", "bool": "bool"},
    **{"object": "string", "category": "string", "datetime": "datetime", "date": "date"},
    **{"timedelta": "duration", "duration": "duration", "decimal": "decimal"},
}
# The fields of a rule for the value of a check.
CHECKS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "greater_than_or_equal_to": lambda value: {"rule": "range", "min": value},
    "less_than_or_equal_to": lambda value: {"rule": "range", "max": value},
    "in_range": lambda value: {
        "rule": "range",
        "min": value["min_value"],
        "max": value["max_value"],
    },
    "equal_to": lambda value: {"rule": "values", "values": [value]},
    "isin": lambda value: {"rule": "values", "values": value},
}
# What describes a column besides its checks.
PLAIN = {
    *("title", "description", "metadata", "dtype", "nullable", "unique", "required", "checks"),
    *("report_duplicates", "default", "coerce", "regex", "drop_invalid_rows"),
}


def read_pandera(content: bytes, filename: str) -> Contract:
    """Return the rules of a schema, in YAML or JSON.

    Raises:
        Invalid: The text is not such a schema, or has checks that no rule can express.
    """
    schema = read_yaml(content, filename)
    columns = schema.get("columns") if isinstance(schema, dict) else None
    if not isinstance(columns, dict) or not all(isinstance(c, dict) for c in columns.values()):
        raise Invalid.field(filename, "is not a schema of pandera: it has no columns")
    for field in ("checks", "index"):
        if schema.get(field):
            raise Invalid.field(filename, f"'{field}' of the whole table cannot be imported")
    needed = [name for name, column in columns.items() if column.get("required", True)]
    rules: list[dict[str, Any]] = []
    if needed:
        # pandera accepts optional columns in a strict schema; a closed rule cannot.
        closed = schema.get("strict") is True and len(needed) == len(columns)
        rules.append({"rule": "columns", "columns": needed, "closed": closed})
    for name, column in columns.items():
        rules += ({"column": name, **rule} for rule in _of_column(name, column, filename))
    if unique := schema.get("unique"):
        names = [unique] if isinstance(unique, str) else unique
        rules.append({"rule": "unique", "columns": names})
    for rule in rules:
        if rule["rule"] == "unique":
            rule.setdefault("columns", [rule.pop("column", None)])
    try:
        return msgspec.convert(rules, Contract)
    except msgspec.ValidationError as error:
        raise Invalid.field(filename, f"has a value that no rule can have: {error}") from None


def _of_column(name: str, column: Mapping[str, Any], filename: str) -> Iterator[dict[str, Any]]:
    if column.get("regex"):
        raise Invalid.field(filename, f"column '{name}' is a pattern, which cannot be imported")
    if dtype := column.get("dtype"):
        kinds = (kind for start, kind in READ.items() if str(dtype).lower().startswith(start))
        yield {"rule": "type", "type": next(kinds, str(dtype))}
    if not column.get("nullable", False):
        yield {"rule": "nulls"}
    if column.get("unique"):
        yield {"rule": "unique"}
    # Old versions have a block of checks, new ones have them beside the other fields.
    checks = dict(column.get("checks") or {})
    checks |= {check: value for check, value in column.items() if check not in PLAIN}
    for check, given in checks.items():
        try:
            yield _of_check(CHECKS[check], given)
        except (KeyError, TypeError):
            what = f"the check '{check}' of '{name}' cannot be imported"
            raise Invalid.field(filename, what) from None


def _of_check(fields: Callable[[Any], dict[str, Any]], given: Any) -> dict[str, Any]:
    """Return the rule for a check, which may have options beside or around its value."""
    if not isinstance(given, dict):
        return fields(given)
    options = given.get("options") or given
    level = "warn" if options.get("raise_warning") else "stop"
    if not (given.get("include_min", True) and given.get("include_max", True)):
        raise KeyError
    names = ("value", "min_value", "max_value", "allowed_values")
    values = {name: given[name] for name in names if name in given}
    return {**fields(values if len(values) > 1 else next(iter(values.values()))), "level": level}


def write_pandera(contract: Contract) -> str:
    """Return the schema for the rules that pandera can express, as JSON, which is YAML too."""
    columns: dict[str, dict[str, Any]] = {}
    schema: dict[str, Any] = {"schema_type": "dataframe", "columns": columns}
    for rule in contract:
        if isinstance(rule, rules.ColumnsRule):
            schema["strict"] = rule.closed
        elif isinstance(rule, rules.UniqueRule) and len(rule.columns) > 1:
            schema["unique"] = [*rule.columns]
        fields = _fields(rule)
        for name in rule.columns_used() if fields else ():
            optional = {"nullable": True, "required": False, "checks": {}}
            column = columns.setdefault(name, optional)
            checks = column["checks"] | fields.get("checks", {})
            column |= {**fields, "checks": checks}
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def _fields(rule: Rule) -> dict[str, Any]:
    """Return the fields of a column for a rule, empty if pandera cannot express it."""
    options = {"options": {"raise_warning": True}} if rule.level == "warn" else {}
    fields: dict[str, Any] = {}
    match rule:
        case rules.ColumnsRule():
            fields = {"required": True}
        case rules.TypeRule(type=kind) if kind in WRITTEN:
            fields = {"dtype": WRITTEN[kind]}
        case rules.NullsRule(most=0.0):
            fields = {"nullable": False}
        case rules.UniqueRule(columns=(_,)):
            fields = {"unique": True}
        case rules.ValuesRule(values=values):
            fields = {"checks": {"isin": {"value": [*values], **options}}}
        case rules.RangeRule(min=low, max=high):
            bounds = {"min_value": low, "max_value": high}
            name = "in_range"
            if low is None or high is None:
                name = "less_than_or_equal_to" if low is None else "greater_than_or_equal_to"
                bounds = {"value": high if low is None else low}
            fields = {"checks": {name: {**bounds, **options}}}
    return fields
