"""Waking whoever waits."""

import itertools
import os
import resource
import socket
import threading

import pytest

from nbyard.host.wakeup import FOLDER, Listener, open_listener, wake_listeners
from nbyard.runner.attempt_folder import AttemptFolder


def test_a_poke_wakes_every_listener(tmp_path):
    with open_listener(tmp_path) as one, open_listener(tmp_path) as other:
        wake_listeners(tmp_path)
        assert one.wait(5)
        assert other.wait(5)
    assert os.listdir(tmp_path / FOLDER) == []


def test_many_pokes_count_as_one(tmp_path):
    with open_listener(tmp_path) as listener:
        for _ in range(2000):  # more than fit into its queue
            wake_listeners(tmp_path)
        assert listener.wait(5)
        assert not listener.wait(0)


def test_waiting_ends_after_its_time(tmp_path):
    with open_listener(tmp_path) as listener:
        assert not listener.wait(0.01)
        assert not listener.wait(-1)


def test_a_poke_ends_a_running_wait(tmp_path):
    with open_listener(tmp_path) as listener:
        poker = threading.Timer(0.05, wake_listeners, [tmp_path])
        poker.start()
        assert listener.wait(30)
        poker.join()


def test_poking_without_listeners_is_no_error(tmp_path):
    wake_listeners(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sockets_of_the_dead_are_removed(tmp_path):
    dead = Listener(tmp_path)
    os.link(dead.path, dead.path.with_name("left"))
    dead.close()
    (tmp_path / FOLDER / "no-socket").write_bytes(b"")
    with open_listener(tmp_path) as listener:
        wake_listeners(tmp_path)
        assert os.listdir(tmp_path / FOLDER) == [listener.path.name]
        assert listener.wait(5)


@pytest.mark.parametrize("length", [85, 100, 250])
def test_stores_with_long_names_have_listeners(tmp_path, length):
    """The address of a socket has room for 108 bytes only."""
    store = tmp_path / ("s" * length)
    descriptors = len(os.listdir("/proc/self/fd"))
    with open_listener(store) as listener:
        assert listener.path.exists()
        wake_listeners(store)
        assert listener.wait(5)
    assert os.listdir(store / FOLDER) == []
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_listening_works_with_many_open_files(tmp_path, monkeypatch):
    """Descriptors above 1023 are beyond what select() can watch."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2000:
        pytest.skip("no process may have that many here")
    plain, high = socket.socket, itertools.count(1500)

    def above_1023(*kind):
        with plain(*kind) as made:
            return plain(fileno=os.dup2(made.fileno(), next(high)))

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", above_1023)
        listener = Listener(tmp_path)
    try:
        assert listener.fileno() >= 1500
        wake_listeners(tmp_path)
        assert listener.wait(5)
    finally:
        listener.close()


def test_the_folder_is_private(tmp_path):
    with open_listener(tmp_path / "store") as listener:
        for folder in (listener.path.parent, tmp_path / "store"):
            assert folder.stat().st_mode & 0o077 == 0


def test_progress_does_not_wake_listeners_for_news(tmp_path):
    with open_listener(tmp_path) as one, open_listener(tmp_path) as other:
        folder = AttemptFolder(str(tmp_path))
        folder.poke(str(tmp_path / FOLDER), ".")
        assert not one.receive_words(0.05)
        assert other.wait(5)
        folder.poke(str(tmp_path / FOLDER), ".")
        folder.poke(str(tmp_path / FOLDER), "attempt")
        assert one.receive_words(5) == {b"attempt"}


def test_messages_of_work_do_not_wake_store_readers(tmp_path):
    with (
        open_listener(tmp_path) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as work,
    ):
        work.sendto(b"an attempt", str(listener.path))
        assert not listener.wait_for_news(0.0)
        wake_listeners(tmp_path)
        assert listener.wait_for_news(5.0)


def test_a_listener_sweeps_the_sockets_of_the_dead(tmp_path):
    """Without waking those who live."""
    with open_listener(tmp_path) as other:
        dead = Listener(tmp_path)
        os.link(dead.path, dead.path.with_name("left"))
        dead.close()
        with open_listener(tmp_path) as listener:
            assert sorted(os.listdir(tmp_path / FOLDER)) == sorted(
                [other.path.name, listener.path.name]
            )
        assert not other.wait(0)
