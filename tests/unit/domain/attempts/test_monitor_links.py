"""Links to ports that a node may declare."""

import pytest

from nbyard.domain.attempts.monitor_links import (
    container_ports,
    link_path,
    port_variables,
    wrong_monitors,
)


def test_a_container_has_its_declared_ports_and_a_free_one_for_0() -> None:
    assert container_ports({"web": 80, "a": 0, "taken": 8800, "b": 0}) == {
        "web": 80,
        "a": 8801,
        "taken": 8800,
        "b": 8802,
    }


def test_the_only_port_needs_no_name() -> None:
    told = {"NBYARD_HOST": "0.0.0.0", "NBYARD_PORT_MY_PAGE": "80"}
    assert port_variables({"my-page": 80}, "0.0.0.0") == {**told, "NBYARD_PORT": "80"}
    assert "NBYARD_PORT" not in port_variables({"a": 1, "b": 2}, "127.0.0.1")
    assert port_variables({}, "127.0.0.1") == {}


def test_a_link_is_below_the_attempt() -> None:
    assert link_path("0190", "web") == "nbyard/attempts/0190/web/"


@pytest.mark.parametrize(
    ("ports", "tensorboard", "field", "words"),
    [
        ({"Web": 80}, "", "ports", "'Web' is not a valid port name"),
        ({"a/b": 80}, "", "ports", "'a/b' is not a valid port name"),
        ({"": 80}, "", "ports", "'' is not a valid port name"),
        ({"web": -1}, "", "ports", "web must be from 0 (any) to 65535"),
        ({"web": 65536}, "", "ports", "web must be from 0 (any) to 65535"),
        ({"a": 80, "b": 80}, "", "ports", "two names have the port 80"),
        ({f"p{n}": 0 for n in range(9)}, "", "ports", "there may be at most 8 ports"),
        ({"tensorboard": 0}, "runs", "ports", "'tensorboard' is reserved for the link"),
        ({}, "/runs", "tensorboard", "must be a folder below the working directory"),
        ({}, "a/../..", "tensorboard", "must be a folder below the working directory"),
    ],
)
def test_invalid_ports_are_named(ports, tensorboard, field, words) -> None:
    ((where, reason),) = wrong_monitors(ports, tensorboard)
    assert where == field and str(reason).startswith(words)


def test_the_port_of_ssh_is_refused() -> None:
    assert [field for field, _ in wrong_monitors({"web": 22}, "")] == ["ports"]


def test_valid_ports_are_accepted() -> None:
    assert not list(wrong_monitors({"web": 0, "b": 0, "tensorboard": 80}, ""))
    assert not list(wrong_monitors({"web": 65535}, "logs/tb"))
