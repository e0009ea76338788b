"""Generated options explain themselves."""

import click
import pytest
from msgspec import UNSET

from nbyard.cli.generated_commands import BY_OPERATION, generated_commands, option_help
from nbyard.services.operation_table import table


def options_of(noun: str, verb: str) -> dict[str, str | None]:
    command = next(one for one in generated_commands(noun) if one.name == verb)
    options = (one for one in command.params if isinstance(one, click.Option))
    return {str(one.name): one.help for one in options}


def test_each_option_of_the_list_of_runs_has_a_help() -> None:
    helps = options_of("runs", "ls")
    assert all(helps.values()), helps
    assert str(helps["limit"]).endswith(" Default: 50.")
    assert "cancelled" in str(helps["state"]) and "automation" in str(helps["origin"])


@pytest.mark.parametrize("noun", ["artifacts", "datasets", "automations", "workflows"])
def test_other_lists_have_the_help_of_pages(noun: str) -> None:
    helps = options_of(noun, "ls")
    assert all(helps[name] for name in ("limit", "after", "search", "project"))


def test_each_help_belongs_to_a_field() -> None:
    operations = {one.id: one for one in table()}
    for operation, helps in BY_OPERATION.items():
        fields = {field.name: field for field in operations[operation].placed("query")}
        assert helps.keys() <= fields.keys()
        assert all(option_help(operations[operation], fields[name]) for name in helps)


def test_a_field_without_a_default_is_a_required_option(shell) -> None:
    for operation in table():
        needed = {field.name for field in operation.placed("query") if field.default is UNSET}
        needed -= {field.name for field in operation.arguments}
        for command in generated_commands(operation.noun):
            if command.name == operation.verb:
                options = (one for one in command.params if isinstance(one, click.Option))
                assert needed == {str(one.name) for one in options if one.required}
    said = shell("projects", "linkable", "wine")
    assert said.code == 2 and "Missing option '--kind'" in said.err
