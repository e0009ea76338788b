"""Messages between a runner and its kernel."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from nbyard.runner.kernels import wire

FRAMES = [b"topic", b"", b"x" * 3 * wire.PACKET_BYTES, b"\0end"]


@pytest.fixture
def ends() -> Iterator[tuple[wire.Sender, socket.socket]]:
    ours, theirs = wire.pair()
    sender = wire.Sender()
    sender.end = theirs
    with ours, theirs:
        yield sender, ours


def heard(end: socket.socket, count: int) -> list[wire.Message]:
    assembler = wire.Assembler()
    found: list[wire.Message] = []
    end.settimeout(30)
    while len(found) < count:
        message = assembler.feed(end.recv(wire.PACKET_BYTES + 100))
        if message is not None:
            found.append(message)
    return found


def test_a_message_arrives_complete(ends: tuple[wire.Sender, socket.socket]) -> None:
    sender, ours = ends
    speaking = threading.Thread(target=sender.send, args=(wire.IOPUB, FRAMES))
    speaking.start()
    assert heard(ours, 1) == [(wire.IOPUB, FRAMES)]
    speaking.join()


def test_a_partial_message_is_dropped() -> None:
    assembler = wire.Assembler()
    torn = list(wire.packets(wire.SHELL, FRAMES))
    whole = list(wire.packets(wire.IOPUB, FRAMES))
    assert [assembler.feed(packet) for packet in torn[:-1]] == [None] * (len(torn) - 1)
    assert [assembler.feed(packet) for packet in whole][-1] == (wire.IOPUB, FRAMES)
    assert assembler.feed(torn[-1]) is None


def test_a_fork_can_send_too(ends: tuple[wire.Sender, socket.socket]) -> None:
    """Also one that was made while somebody spoke."""
    sender, ours = ends
    with sender.turn:
        child = os.fork()
        if child == 0:
            sender.send(wire.IOPUB, FRAMES)
            os._exit(0)
    threads = [threading.Thread(target=sender.send, args=(wire.IOPUB, [b"%d" % n])) for n in (1, 2)]
    for thread in threads:
        thread.start()
    found = heard(ours, 3)
    assert sorted(map(len, (frames for _, frames in found))) == [1, 1, 4]
    for thread in threads:
        thread.join()
    os.waitpid(child, 0)


def test_an_interrupt_waits_for_the_end_of_a_message(
    ends: tuple[wire.Sender, socket.socket],
) -> None:
    sender, ours = ends
    main = threading.main_thread().ident
    assert main is not None
    found: list[wire.Message] = []
    is_heard = threading.Event()

    def hear() -> None:
        ours.recv(1, socket.MSG_PEEK)
        signal.pthread_kill(main, signal.SIGINT)
        found.extend(heard(ours, 1))
        is_heard.set()

    hearing = threading.Thread(target=hear)
    hearing.start()
    with pytest.raises(KeyboardInterrupt):
        sender.send(wire.IOPUB, FRAMES)
        is_heard.wait()
    is_heard.wait()  # an interrupted `join` would take the thread for ended
    hearing.join()
    assert found == [(wire.IOPUB, FRAMES)]


def test_a_kernel_that_does_not_read_blocks_nothing(
    ends: tuple[wire.Sender, socket.socket],
) -> None:
    sender, ours = ends
    many = 50

    async def run() -> list[wire.Message]:
        come: asyncio.Queue[wire.Message] = asyncio.Queue()
        line = wire.Line(ours, lambda *message: come.put_nowait(message))
        for _ in range(many):
            line.send(wire.SHELL, FRAMES)
        assert sender.end is not None
        assembler = wire.Assembler()
        found: list[wire.Message] = []
        while len(found) < many:
            packet = wire.next_packet(sender.end)
            if packet is None:
                await asyncio.sleep(0)
                continue
            message = assembler.feed(packet)
            if message is not None:
                found.append(message)
        sender.send(wire.SHELL, [b"heard"])
        found.append(await come.get())
        line.close()
        return found

    assert asyncio.run(run()) == [(wire.SHELL, FRAMES)] * many + [(wire.SHELL, [b"heard"])]
