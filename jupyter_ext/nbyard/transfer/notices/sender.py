"""Starts the process that sends a message, with a time limit: its requests and answers are JSON."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from nbyard.domain.notices.channel_urls import EXAMPLES, without_secrets
from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message, Receiver
from nbyard.errors import Invalid, Unavailable
from nbyard.reasons.structs import Reason, because, text_reason

CHILD = "nbyard.transfer.notices.child"
SECONDS = 20.0
LOOK_SECONDS = 0.2
# The process gets no secrets of ours, and no proxy: behind one the address is unknown.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
LONGEST_TEXT = 300
UNKNOWN = "unknown-channel-url"


class SendRequest(msgspec.Struct, frozen=True):
    """A request to send a message; without one, to describe the URL."""

    url: str
    kind: str = "apprise"  # of channel
    allowed: list[str] = []  # private hosts to which the process may connect
    service: str = ""  # the receiver's name in texts
    message: Message | None = None

    def __repr__(self) -> str:
        return f"SendRequest({self.service!r})"


class SendAnswer(msgspec.Struct, frozen=True):
    """The delivery of a message, or the receiver of a URL.

    `problem` says why that is unknown.
    """

    delivery: Delivery | None = None
    address: ChannelAddress | None = None
    problem: Reason | None = None


class SendingStopped(Exception):
    """The process was killed: it took too long, or the caller no longer wants the answer."""


def describe_url(url: str, allowed: Sequence[str] = ()) -> ChannelAddress:
    """Return the receiver of a channel's URL, without contacting it.

    Raises:
        Invalid: The URL is unknown, or needs a package that is not installed.
        Unavailable: The process does not answer.
    """
    try:
        answer = _ask(SendRequest(url, allowed=[*allowed]), SECONDS)
    except SendingStopped:
        silent = f"no answer in {SECONDS:g} s"
        raise Unavailable(because("sender-ended", cause=silent)) from None
    if answer.address is None:
        problem = answer.problem or because(UNKNOWN)
        raise Invalid.field("url", problem, hint=EXAMPLES if problem.code == UNKNOWN else None)
    return answer.address


def send_message(
    channel: Receiver,
    message: Message,
    seconds: float = SECONDS,
    stopping: Callable[[], bool] = lambda: False,
) -> Delivery:
    """Send a message. Return the delivery, which may be a failure with its reason.

    Once `stopping` returns True, the answer is no longer awaited.
    """
    to = channel
    try:
        answer = _ask(
            SendRequest(to.url, to.kind, to.allowed, to.service, message), seconds, stopping
        )
    except SendingStopped:
        return Delivery(because("channel-too-late", service=to.service, seconds=seconds))
    except Unavailable as error:
        return Delivery(error.reason)
    silent = because("sender-ended", cause=because("command-exited", exit_code=0))
    return answer.delivery or Delivery(silent)


def _ask(
    request: SendRequest, seconds: float, stopping: Callable[[], bool] = lambda: False
) -> SendAnswer:
    """Run the process for one request, and return its answer.

    Raises:
        SendingStopped: It was killed after `seconds`, or because `stopping` returned True.
        Unavailable: It ended without an answer.
    """
    own = {name: os.environ[name] for name in (*PASSED_ON, *CERTIFICATES) if name in os.environ}
    own["PYTHONDONTWRITEBYTECODE"] = "1"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", CHILD],  # -P: no modules of the working directory
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    end = time.monotonic() + seconds
    # The URL goes through a pipe: other users can read arguments and, as root, variables.
    content: bytes | None = msgspec.json.encode(request)
    try:
        while True:
            try:
                output, errors = process.communicate(content, LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                content = None  # it is on its way
                if time.monotonic() > end or stopping():
                    raise SendingStopped from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    try:
        return msgspec.json.decode(output, type=SendAnswer)
    except msgspec.MsgspecError:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        said = text_reason(without_secrets(last, request.url)[:LONGEST_TEXT])
        cause = said or because("command-exited", exit_code=process.returncode)
        raise Unavailable(because("sender-ended", cause=cause)) from None
