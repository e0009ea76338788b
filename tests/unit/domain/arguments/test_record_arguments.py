"""Objects of several arguments, as references see them."""

import json
from typing import Any

import pytest

from nbyard.domain.arguments.bindings import Bound, Referenced
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import build_argv, check_command
from nbyard.domain.commands.invocations import Invocation, Record
from nbyard.errors import Invalid

ARGUMENTS = [Argument("r_a", reach=Referenced()), Argument("r_b", reach=Referenced())]


def line(told: Invocation, **values: Any) -> list[str]:
    return build_argv(["run"], ARGUMENTS, values, told).argv


def test_references_see_records_of_arguments() -> None:
    inner = Record({"b": "r_b"}, optional=True)
    word = Bound(text="=$(inputs.r)")
    told = Invocation(words=(word,), records={"r": Record({"a": "r_a", "in": inner})})
    assert line(told, r_a="x") == ["run", '={"a": "x", "in": null}']
    assert line(told, r_a="x", r_b="y") == ["run", "=" + json.dumps({"a": "x", "in": {"b": "y"}})]


@pytest.mark.parametrize("records", [{"r_a": Record({"b": "r_b"})}, {"r": Record({"b": "gone"})}])
def test_a_record_needs_its_own_name_and_existing_fields(records: dict[str, Record]) -> None:
    with pytest.raises(Invalid, match=r"invocation\.records"):
        check_command(("x",), ARGUMENTS, Invocation(records=records))
