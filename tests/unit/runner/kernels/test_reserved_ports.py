"""Ports of a kernel that has not bound them yet."""

import errno
import socket
import sys

import pytest

from nbyard.runner.kernels.spawned_kernel import PORTS, ReservedPorts

HOST = "127.0.0.1"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are reserved on Linux only")


def bound(port: int, *, reuses: bool) -> socket.socket:
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuses))
    try:
        end.bind((HOST, port))
    except OSError:
        end.close()
        raise
    return end


def test_only_its_owner_can_use_a_reserved_port() -> None:
    """As a kernel does, and who chooses a free one does not."""
    ports = ReservedPorts(HOST)
    assert ports.by_name.keys() == set(PORTS) and len(set(ports.by_name.values())) == len(PORTS)
    for port in ports.by_name.values():
        with pytest.raises(OSError) as refused:
            bound(port, reuses=False)
        assert refused.value.errno == errno.EADDRINUSE
    kernels = [bound(port, reuses=True) for port in ports.by_name.values()]
    for end in kernels:
        end.listen()
    ports.release()
    for port, end in zip(ports.by_name.values(), kernels, strict=True):
        with end, socket.create_connection((HOST, port), timeout=10):
            pass


def test_without_support_no_port_is_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ReservedPorts("192.0.2.1").by_name == {}
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ReservedPorts(HOST).by_name == {}
