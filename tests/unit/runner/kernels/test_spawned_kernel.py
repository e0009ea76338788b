"""Kernels that jupyter_client starts."""

import asyncio
import select
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from nbyard.runner.kernels.spawned_kernel import StartedKernel, check_after_sending

PATIENCE_SECONDS = 20.0


async def _reply_while_sending() -> str:
    """Return the type of a reply that arrives just before the channel sends something else."""
    session = Session(key=b"key")
    context = zmq.asyncio.Context()
    ours: Any = context.socket(zmq.DEALER)
    kernel: Any = zmq.Context.instance().socket(zmq.ROUTER)
    try:
        ours.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
        channel = AsyncZMQSocketChannel(ours, session)
        check_after_sending(channel)
        channel.send(session.msg("execute_request"))
        identity, *_ = kernel.recv_multipart()
        waiting = asyncio.ensure_future(channel.get_msg())
        for _ in range(10):  # until it waits at the socket
            await asyncio.sleep(0)
        session.send(kernel, "execute_reply", ident=identity)
        signal: Any = zmq.Socket.shadow(ours.underlying).getsockopt(zmq.FD)
        assert select.select([signal], [], [], PATIENCE_SECONDS)[0], "the reply did not arrive"
        channel.send(session.msg("comm_msg"))
        reply = await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        return str(reply["msg_type"])
    finally:
        for socket in (ours, kernel):
            socket.close(linger=0)
        context.term()


def test_a_reply_that_arrives_while_sending_is_read():
    assert asyncio.run(_reply_while_sending()) == "execute_reply"


class Answers:
    """A client whose kernel answers each request once."""

    def __init__(self) -> None:
        self.outstanding: list[dict[str, Any]] = []
        self.shell_channel: Any = SimpleNamespace(
            send=self.execute, socket=SimpleNamespace(poll=self._poll, EVENTS=0)
        )
        self.iopub_channel = self.shell_channel
        self.start_channels = lambda **_: None

    async def _poll(self, _milliseconds: float) -> bool:
        return bool(self.outstanding)

    def kernel_info(self) -> None:
        content = {"language_info": {"name": "python"}}
        self.outstanding.append({"msg_type": "kernel_info_reply", "content": content})

    def execute(self, *_: object, **__: object) -> None:
        self.outstanding.append({"msg_type": "execute_reply", "content": {}})

    async def get_shell_msg(self, timeout: float) -> dict[str, Any]:
        return self.outstanding.pop(0)


def test_no_reply_is_outstanding_when_the_first_cell_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """ipykernel 7 overlooks a request that arrives while it sends a reply."""
    answers = Answers()

    async def started(**_: object) -> None: ...

    async def lives() -> bool:
        return True

    manager = SimpleNamespace(client=lambda: answers, is_alive=lives)
    client: Any = SimpleNamespace(km=manager, async_start_new_kernel=started)
    kernel = StartedKernel("python3", "python", str(tmp_path), "the kernel")
    monkeypatch.setattr(kernel, "_check", lambda: None)
    assert asyncio.run(kernel.connect(client)) == {"name": "python"}
    assert answers.outstanding == []
