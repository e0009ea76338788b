"""The guard refuses private addresses and programs, as the audit events of Python report them."""

import socket

import pytest

from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.transfer.notices.child import AddressRefused, Guard

NONE = AllowedHosts()


@pytest.mark.parametrize(
    "address",
    [
        ("127.0.0.1", 80),
        ("10.0.0.1", 25),
        ("169.254.169.254", 80),
        ("::1", 80, 0, 0),
        ("fe80::1%eth0", 80, 0, 2),
        ("::ffff:127.0.0.1", 80, 0, 0),
        ("example.org", 80),
        "/run/docker.sock",
        b"/run/docker.sock",
    ],
)
@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
def test_private_addresses_are_refused(event, address):
    guard = Guard(NONE)
    with pytest.raises(AddressRefused):
        guard.check(event, (None, address))
    assert guard.refused is not None


def test_public_addresses_and_connected_sockets_pass():
    guard = Guard(NONE)
    guard.check("socket.connect", (None, ("93.184.216.34", 443)))
    guard.check("socket.sendmsg", (None, None))
    guard.check("open", ("/etc/hosts", "r", 0))
    assert guard.refused is None


def test_allowed_names_lead_to_private_addresses(monkeypatch):
    guard = Guard(AllowedHosts.parse(["nas:8080"]))
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", 8080))]
    look_up = guard.recording_names(lambda *args, **kwargs: found)
    assert look_up(b"NAS.", 8080) == found
    guard.check_address(("10.0.0.5", 8080))
    with pytest.raises(AddressRefused):
        guard.check_address(("10.0.0.5", 8081))
    with pytest.raises(AddressRefused):
        guard.check_address(("10.0.0.6", 8080))


def test_metadata_services_are_refused_even_under_an_allowed_name():
    guard = Guard(AllowedHosts.parse(["nas"]))
    guard.names["169.254.169.254"] = "nas"
    with pytest.raises(AddressRefused):
        guard.check_address(("169.254.169.254", 80))


@pytest.mark.parametrize("event", ["subprocess.Popen", "os.system", "os.posix_spawn", "os.fork"])
def test_programs_are_not_started(event):
    with pytest.raises(PermissionError):
        Guard(NONE).check(event, ())
