"""Notices: channels, their rules, and the messages that wait or were sent."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from nbyard.domain.presentation import shown
from nbyard.reasons.structs import Reason

NoticeEvent = Literal[
    "succeeded",
    "failed",
    "cancelled",
    "retried",
    "running-long",
    "recovered",
    "drifted",
    "automation-missed",
    "deployment-expiring",
]
EVENTS: tuple[NoticeEvent, ...] = get_args(NoticeEvent)
# What an automation, its run or a deployment did, in the order of forms.
EVENT_LABELS: dict[str, str] = {
    "failed": "failed",
    "recovered": "succeeded again",
    "automation-missed": "did not start",
    "running-long": "takes long",
    "drifted": "deviates from a contract",
    "retried": "retried",
    "succeeded": "succeeded",
    "cancelled": "cancelled",
    "deployment-expiring": "is a deployment that stops soon",
}
# The events for a rule that names a channel without events.
DEFAULT_EVENTS: tuple[NoticeEvent, ...] = ("failed", "recovered", "automation-missed")
NoticeOutcome = Literal["waiting", "sent", "failed"]
# The pauses of 10 s to 640 s between eight attempts take 21 to 27 minutes in all.
MOST_ATTEMPTS = 8
FIRST_SECONDS = 10.0
LONGEST_ASKED = 24 * 3600.0
JITTER = 0.25


class NoticeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events that a channel reports.

    `path` limits the rule to the runs of one file, `project` to those of one project, by name or
    ID. A run is *running long* after `long_factor` times its usual duration, or after
    `long_seconds`, whichever is first.
    """

    events: Annotated[
        list[NoticeEvent], shown("Send a message when a run", order=3, labels=EVENT_LABELS)
    ]
    path: Annotated[
        str, shown("Only runs of this file", order=4, more=True, placeholder="all files")
    ] = ""
    long_factor: float | None = 2.0
    long_seconds: Annotated[
        float | None,
        shown(
            "A run takes long after (minutes)",
            order=6,
            more=True,
            widget="minutes",
            placeholder="twice its usual duration",
        ),
    ] = None
    project: Annotated[
        str,
        shown(
            "Only runs of this project",
            order=5,
            more=True,
            picker="project",
            placeholder="all projects",
        ),
    ] = ""


class AutomationNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel that reports events of one automation. `channel` is a name or an ID."""

    channel: str
    events: list[NoticeEvent] = msgspec.field(default_factory=lambda: [*DEFAULT_EVENTS])


class DigestLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `most` messages within `window_seconds`; more events wait and share one message."""

    most: int = 10
    window_seconds: int = 300


class NewChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice channel to create.

    `url` is an https:// URL, which receives CloudEvents, or a URL of Apprise such as
    slack://… or mailtos://… A URL openlineage+https://… receives the OpenLineage events of ended
    runs; a key before an @ is sent as a bearer token.
    """

    name: Annotated[str, shown("Name", order=1)]
    url: Annotated[
        str,
        shown(
            "URL",
            "Slack, Discord, Teams: the web address of a webhook (https://…). E-mail:"
            " mailtos://USER:PASSWORD@smtp.example.org?to=me@example.org",
            order=2,
            secret=True,
        ),
    ]
    rules: list[NoticeRule] = []
    digest: DigestLimit = DigestLimit()

    def __repr__(self) -> str:
        # The URL contains secrets, and such texts of objects end up in logs.
        return f"NewChannel({self.name!r})"


class ChannelPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a channel to change. `revision` is the revision that was read."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    url: Annotated[str | msgspec.UnsetType, shown("URL", secret=True)] = msgspec.UNSET
    rules: list[NoticeRule] | msgspec.UnsetType = msgspec.UNSET
    digest: DigestLimit | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        return f"ChannelPatch({self.revision})"


class ChannelCounts(msgspec.Struct, frozen=True):
    """The number of events of a channel that wait, and of those that could not be sent."""

    waiting: int = 0
    failed: int = 0


class Channel(msgspec.Struct, frozen=True):
    """A notice channel without its secrets. `service` is the service that gets its messages.

    `address` is its URL without secrets. `error` is why the last attempt to send failed; it is
    null after a success. No message is sent before `retry_at`. `automations` are the names of
    the automations that use the channel.
    """

    id: str
    name: str
    owner: str
    revision: int
    kind: str
    service: str
    address: str
    digest: DigestLimit
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    error: Reason | None = None
    retry_at: datetime | None = None
    rules: list[NoticeRule] = []
    automations: list[str] = []
    counts: ChannelCounts = ChannelCounts()


class Notice(msgspec.Struct, frozen=True):
    """One event for one channel. All attempts to send it have the same `event_id`.

    `title` names the run or automation. Events with the same `message_id` share a message.
    `attempts` counts the attempts to send the notice, `reason` is why the last one failed.
    """

    id: str
    channel_id: str
    event: NoticeEvent
    event_id: str
    title: str
    outcome: NoticeOutcome
    attempts: int
    created_at: datetime
    run_id: str = ""
    message_id: str = ""
    sent_at: datetime | None = None
    reason: Reason | None = None


class ChannelUrl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A URL to test before a channel is created or changed."""

    url: str

    def __repr__(self) -> str:
        return "ChannelUrl()"


class ChannelTest(msgspec.Struct, frozen=True):
    """The result of a test message. `reason` is why the channel did not accept it."""

    is_sent: bool
    reason: Reason | None = None


class ChannelAddress(msgspec.Struct, frozen=True):
    """The receiver that a channel's URL names: its kind, its service, the URL without secrets."""

    kind: str
    service: str
    address: str


class Receiver(msgspec.Struct, frozen=True):
    """A channel as its sender needs it, with the secret URL.

    `allowed` are the private hosts that the sender may connect to.
    """

    url: str
    kind: str
    service: str
    allowed: list[str] = []

    def __repr__(self) -> str:
        return f"Receiver({self.service!r})"


class ChannelSecret(msgspec.Struct, frozen=True):
    """The URL of a channel, with settings of the server where its owner set the URL.

    `allowed_hosts` are the private hosts that this server allowed. `base_url` is the public URL
    of this server, for links in messages.
    """

    url: str
    allowed_hosts: list[str] = []
    base_url: str = ""

    def __repr__(self) -> str:
        return "ChannelSecret()"


class Message(msgspec.Struct, frozen=True):
    """A message to send: title and body for people, and the same as events for programs."""

    id: str
    title: str
    body: str
    events: list[dict[str, Any]] = []
    is_failure: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """The result of sending a message. Without a `reason`, the channel accepted it.

    `is_final`: another attempt is useless. `retry_seconds` is the pause that the channel requested.
    `is_of_message`: the server failed with this message, and may accept others.
    """

    reason: Reason | None = None
    is_final: bool = False
    retry_seconds: float | None = None
    is_of_message: bool = False


def pause_seconds(attempts: int, delivery: Delivery, luck: float) -> float | None:
    """Return the seconds to wait before the next attempt, None if there is no other attempt.

    `attempts` is the number of attempts so far, `delivery` the result of the last one. A pause
    that the channel requested is obeyed up to a day. `luck` is a random number between 0 and 1.
    It lengthens the pause, so that the channels of a server do not retry at the same time.
    """
    if delivery.is_final or attempts >= MOST_ATTEMPTS:
        return None
    pause = FIRST_SECONDS * 2.0 ** (attempts - 1)
    pause *= 1 + JITTER * luck
    asked = min(max(delivery.retry_seconds or 0.0, 0.0), LONGEST_ASKED)
    return max(pause, asked)
