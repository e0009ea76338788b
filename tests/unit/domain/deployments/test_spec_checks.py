"""Refused variables and ports of a deployment."""

import msgspec
import pytest

from nbyard.domain.deployments.creation_form import (
    MAX_TEXT,
    complete_request,
    wrong_ports,
    wrong_variables,
)
from nbyard.domain.deployments.structs import OPEN_VARIABLE, NewDeployment, Port, RevisionSpec
from nbyard.errors import Detail


def spec(**changes) -> RevisionSpec:
    plain = complete_request(NewDeployment("a:1", "own", "x"))[1]
    return msgspec.structs.replace(plain, **changes)


def are_refused(details: list[Detail], wanted: list[str]) -> bool:
    return len(details) == len(wanted) and all(
        why in detail.message for detail, why in zip(details, wanted, strict=True)
    )


@pytest.mark.parametrize(
    ("service", "name", "value", "wanted"),
    [
        ("own", "COLOUR", "red", []),
        ("own", "1", "x", ["is not a valid"]),
        ("own", "HOME", "/", ["is set by nbyard"]),
        ("own", "JUPYTER_CONFIG_DIR", "/", []),
        ("jupyterlab", "JUPYTER_CONFIG_DIR", "/", ["is set by nbyard"]),
        ("own", OPEN_VARIABLE, "yes", ["or be left out"]),
        ("own", "LONG", "x" * (MAX_TEXT + 1), ["may have at most"]),
    ],
)
def test_each_refused_variable_has_its_reason(service, name, value, wanted):
    found = wrong_variables(spec(service=service, environment={name: value}))
    assert are_refused([*found], wanted)


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [
        ([Port("a", 1), Port("b", 2)], []),
        ([], []),
        ([Port("a", 1), Port("a", 1)], ["is used by another", "appears twice"]),
        ([Port("B", 0, "x")], ["is not a valid", "is not a valid", "must begin with /"]),
    ],
)
def test_each_refused_port_has_its_reason(ports, wanted):
    assert are_refused([*wrong_ports(spec(ports=ports))], wanted)


def test_the_port_of_ssh_is_refused():
    (detail,) = wrong_ports(spec(ports=[Port("a", 22)]))
    assert detail.path == "ports.0.port"


def test_only_an_own_command_needs_no_port():
    assert are_refused([*wrong_ports(spec(service="api", ports=[]))], ["at least one is"])
