"""Kernels that jupyter_client starts."""

import asyncio
import select
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from nbyard.runner.kernels.spawned_kernel import look_after_sending

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
        look_after_sending(channel)
        channel.send(session.msg("execute_request"))
        identity, *_ = kernel.recv_multipart()
        waiting = asyncio.ensure_future(channel.get_msg())
        while ours.underlying and not waiting.done() and not ours._recv_futures:
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


def test_a_reply_is_seen_that_arrives_while_something_is_sent():
    assert asyncio.run(_reply_while_sending()) == "execute_reply"
