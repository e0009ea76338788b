"""Fields of refused requests, named as the options of their command."""

import pytest

from nbyard.cli.output.errors import shown_field, with_shown_field


@pytest.mark.parametrize(
    ("command", "path", "shown"),
    [
        ("run n.ipynb", "parameters.times", "-p times"),
        ("run n.ipynb", "kernel", "--kernel"),
        ("run n.ipynb", "nodes", "--only"),
        ("run n.ipynb", "document", "document"),
        ("automations create n.ipynb", "run.parameters.times", "-p times"),
        ("automations create n.ipynb", "run.environment", "--environment"),
        ("automations create n.ipynb", "starts_at", "--from"),
        ("automations create n.ipynb", "on", "--at"),
        ("automations update n", "on.text", "--at"),
        ("automations preview --at daily", "on.text", "--at"),
        ("automations update n", "missed.window_seconds", "--window"),
        ("automations update n", "notify.0.channel", "--notify"),
        ("automations update n", "run.parameters.times", "-p times"),
        ("call automations.create", "on.text", "on.text"),
        ("automations create n.ipynb", "on.pattern", "--pattern"),
        ("automations create n.ipynb --on-file inbox", "on.path", "--on-file"),
        ("automations update n --on-run=n.ipynb", "on.path", "--on-run"),
        ("call automations.create", "on.path", "on.path"),
        ("channels create team --on none,failed", "rules.0.events", "--on"),
        ("automations create n.ipynb", "on.settle_seconds", "--settle"),
        ("artifacts create --input-file source=a", "parameters.source", "--input-file source"),
        ("artifacts create --parameters {}", "parameters.source", "--parameters source"),
        ("artifacts create --input-file a=1 source=a", "parameters.source", "--input-file source"),
        ("run n.ipynb -p n=1 --input-file in-m=f", "parameters.in-m", "--input-file in-m"),
        ("run n.ipynb --input-file=in-m=f -p n=1", "parameters.in-m", "--input-file in-m"),
        ("run n.ipynb --input-file in-m=f -p n=1", "parameters.n", "-p n"),
        ("--project sea automation fire load", "parameters.times", "-p times"),
        ("automations create n.ipynb", "values_from.times", "--value times"),
        ("automations create n.ipynb", "run.name", "run.name"),
        ("automations fire load", "parameters.times", "-p times"),
        ("environments create e", "requirements.3", "requirements, line 3"),
        ("call runs.list", "parameters.times", "parameters.times"),
        ("unheard of", "kernel", "kernel"),
        ("", "kernel", "kernel"),
    ],
)
def test_a_field_has_the_name_of_its_option(command, path, shown):
    assert shown_field(path, command.split()) == shown


def test_a_message_starts_with_the_option():
    argv = ["runs", "ls"]
    text = with_shown_field("state: must be one of queued", "state", argv)
    assert text.startswith("--state: ")
    for message, field in (("There is no run 3.", "run"), ("The server is busy.", "")):
        assert with_shown_field(message, field, argv) == message
