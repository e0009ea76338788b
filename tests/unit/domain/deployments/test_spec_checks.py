"""P2: why variables and ports of a deployment are refused."""

import msgspec
import pytest

from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.spec_checks import MAX_TEXT, wrong_ports, wrong_variables
from nbyard.domain.deployments.structs import OPEN_VARIABLE, NewDeployment, Port, RevisionSpec
from nbyard.errors import Detail


def spec(**changes) -> RevisionSpec:
    plain = complete_request(NewDeployment("a:1", "own", "x"))[1]
    return msgspec.structs.replace(plain, **changes)


def codes(details: list[Detail]) -> list[str]:
    return [detail.reason.code for detail in details if detail.reason is not None]


@pytest.mark.parametrize(
    ("service", "name", "value", "wanted"),
    [
        ("own", "COLOUR", "red", []),
        ("own", "1", "x", ["not-name-of-variable"]),
        ("own", "HOME", "/", ["set-by-nbyard"]),
        ("own", "JUPYTER_CONFIG_DIR", "/", []),
        ("jupyterlab", "JUPYTER_CONFIG_DIR", "/", ["set-by-nbyard"]),
        ("own", OPEN_VARIABLE, "yes", ["one-value-only"]),
        ("own", "LONG", "x" * (MAX_TEXT + 1), ["characters-allowed"]),
    ],
)
def test_each_refused_variable_has_its_reason(service, name, value, wanted):
    found = wrong_variables(spec(service=service, environment={name: value}))
    assert codes([*found]) == wanted


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [
        ([Port("a", 1), Port("b", 2)], []),
        ([], []),
        ([Port("a", 1), Port("a", 1)], ["port-name-taken", "port-twice"]),
        ([Port("B", 0, "x")], ["not-port-name", "not-port", "not-url-path"]),
    ],
)
def test_each_refused_port_has_its_reason(ports, wanted):
    assert codes([*wrong_ports(spec(ports=ports))]) == wanted


def test_the_port_of_ssh_is_refused():
    (detail,) = wrong_ports(spec(ports=[Port("a", 22)]))
    assert detail.path == "ports.0.port"


def test_only_an_own_command_needs_no_port():
    assert codes([*wrong_ports(spec(service="api", ports=[]))]) == ["port-needed"]
