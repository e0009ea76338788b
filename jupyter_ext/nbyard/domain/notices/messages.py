"""The content of notices: a title and lines for people, a CloudEvent for programs."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from nbyard.domain.notices.structs import DigestLimit, Message, NoticeEvent
from nbyard.reasons.structs import Reason

# CSI sequences, such as colours, and OSC sequences, such as window titles and links.
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# The characters from U+202A and U+2066 reverse the shown order of a text. With them, a name could
# look like another one.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Chat services alert everyone in a channel when a message contains these.
MENTION = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#&])", re.IGNORECASE)
LAST_LINES = 12
LONGEST_LINE = 300
LONGEST_TITLE = 150
MOST_LISTED = 20
TITLES: Mapping[NoticeEvent, str] = {
    "succeeded": "“{}” succeeded",
    "failed": "“{}” failed",
    "cancelled": "“{}” was cancelled",
    "retried": "“{}” is retried",
    "running-long": "“{}” takes longer than usual",
    "recovered": "“{}” succeeded again",
    "drifted": "“{}” deviates from a contract",
    "automation-missed": "“{}” started no run",
    "deployment-expiring": "The deployment “{}” stops soon",
}
TYPES: Mapping[NoticeEvent, str] = {
    "succeeded": "nbyard.run.succeeded",
    "failed": "nbyard.run.failed",
    "cancelled": "nbyard.run.cancelled",
    "retried": "nbyard.task.retried",
    "running-long": "nbyard.run.running-long",
    "recovered": "nbyard.run.recovered",
    "drifted": "nbyard.task.drifted",
    "automation-missed": "nbyard.automation.missed",
    "deployment-expiring": "nbyard.deployment.expiring",
}
FAILURES = ("failed", "retried", "automation-missed")


def next_messages(
    waiting: Sequence[str],
    sent_at: Sequence[datetime],
    limit: DigestLimit,
    now: datetime,
    *,
    were_held: bool = False,
) -> tuple[list[list[str]], datetime | None]:
    """Return the groups of notices to send now; if none, also the time to check again.

    Each group is one message. `waiting` are IDs of notices, `sent_at` the times of earlier
    messages. No time window contains more than `limit.most` messages. If more notices wait than
    messages are left, all share one message. So do notices that this limit delayed before
    (`were_held`).
    """
    window = timedelta(seconds=limit.window_seconds)
    # A time in the future was written before the clock was set back; it must not block.
    recent = sorted(at for at in sent_at if now - window < at <= now)
    left = limit.most - len(recent)
    if not waiting:
        return [], None
    if left <= 0:
        # By then, only `limit.most` - 1 messages are left in the window, so that one more fits.
        return [], recent[-limit.most] + window
    if len(waiting) <= left and not were_held:
        return [[notice] for notice in waiting], None
    return [[*waiting]], None


class FailedNode(msgspec.Struct, frozen=True):
    """The node where a run failed. `cell` counts from 1, `lines` are the end of its log."""

    node: str
    reason: Reason | None = None
    cell: int | None = None
    lines: Sequence[str] = ()


class NoticeContent(msgspec.Struct, frozen=True):
    """The facts about an event from which its message is written.

    `file` is the name of the workflow's file, or of other code. `seconds` is the duration of the
    run so far, `usual_seconds` the usual duration of earlier successful runs. `automation`
    is the name of the automation of the run. `count` is the number of missed due times.
    """

    event: NoticeEvent
    event_id: str
    title: str
    at: datetime
    run_id: str = ""
    file: str = ""
    number: int = 0
    state: str = ""
    seconds: float | None = None
    usual_seconds: float | None = None
    failed: FailedNode | None = None
    reason: Reason | None = None
    due_at: datetime | None = None
    count: int = 1
    link: str = ""
    automation: str = ""


def message_of(contents: Sequence[NoticeContent], message_id: str, source: str) -> Message:
    """Return the message about one event, or the digest of several."""
    events = [cloud_event(content, source) for content in contents]
    is_failure = any(content.event in FAILURES for content in contents)
    if len(contents) == 1:
        title, body = title_of(contents[0]), harmless_text("\n".join(lines_of(contents[0])))
        # Many workflows are called “untitled”.
        title += f" (run {contents[0].number})" if contents[0].number else ""
        return Message(message_id, harmless_text(title)[:LONGEST_TITLE], body, events, is_failure)
    lines = [_list_item(content) for content in contents[:MOST_LISTED]]
    if len(contents) > MOST_LISTED:
        lines.append(f"… and {len(contents) - MOST_LISTED} more")
    lines.append(f"Message {message_id}")
    title = f"nbyard: {len(contents)} events"
    return Message(message_id, title, harmless_text("\n".join(lines)), events, is_failure)


def title_of(content: NoticeContent) -> str:
    """Return the title of a message about one event."""
    return TITLES[content.event].format(" ".join(content.title.split()))


def lines_of(content: NoticeContent) -> list[str]:
    """Return the lines of a message about one event."""
    lines = [_run_summary(content)]
    if content.automation:
        lines.append(f"Automation {content.automation}")
    if content.due_at is not None and content.event == "automation-missed":
        lines.append(f"Due at {content.due_at:%Y-%m-%d %H:%M:%S} UTC")
    if content.reason is not None:
        lines.append(f"Reason: {content.reason}")
    if content.failed is not None:
        # Tracebacks number cells by their execution.
        cell = f", cell {content.failed.cell} from the top" if content.failed.cell else ""
        why = f": {content.failed.reason}" if content.failed.reason else ""
        lines.append(f"Node {content.failed.node}{cell}{why}")
        lines += [f"    {line}" for line in content.failed.lines]
    if content.link:
        lines.append(content.link)
    lines.append(f"Event {content.event_id}")
    return [line for line in lines if line]


def _run_summary(content: NoticeContent) -> str:
    parts = [
        f"Run {content.number}" if content.number else "",
        f"of {content.file}" if content.file else "",
    ]
    parts.append(content.state)
    if content.seconds is not None:
        parts.append(f"after {duration_text(content.seconds)}")
    if content.usual_seconds is not None:
        parts.append(f"(usually {duration_text(content.usual_seconds)})")
    if content.count > 1:
        parts.append(f"{content.count} due times")
    return " ".join(filter(None, parts))


def _list_item(content: NoticeContent) -> str:
    why = content.failed.reason if content.failed else content.reason
    parts = [
        title_of(content),
        _run_summary(content),
        str(why or "").splitlines()[0] if why else "",
        content.link,
    ]
    return "• " + " · ".join(filter(None, parts))


def duration_text(seconds: float) -> str:
    """Return a duration such as `4.2 s`, `3 min 10 s` or `2 h 5 min`."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def last_lines(text: str, most: int = LAST_LINES) -> list[str]:
    """Return the last non-empty lines of a text, without colours and control characters."""
    plain = (CONTROL.sub("", line).rstrip() for line in ANSI.sub("", text).splitlines())
    return [line[:LONGEST_LINE] for line in plain if line][-most:]


def harmless_text(text: str) -> str:
    """Escape a text so that it alerts no group in a chat and adds no header to an e-mail."""
    plain = CONTROL.sub(" ", ANSI.sub("", text))
    # The blank without width breaks the mention, but the text looks the same.
    return MENTION.sub(lambda match: f"{match[0]}\u200b", plain)


def cloud_event(content: NoticeContent, source: str) -> dict[str, Any]:
    """Return an event in the JSON format of CloudEvents 1.0. `source` names the store.

    Its texts are not escaped as in messages for people.
    """
    fields = {
        "title": content.title,
        "run_id": content.run_id,
        "file": content.file,
        "number": content.number or None,
        "state": content.state,
        "automation": content.automation,
        "seconds": content.seconds,
        "usual_seconds": content.usual_seconds,
        "reason": str(content.reason) if content.reason else None,
        "node": content.failed.node if content.failed else None,
        "cell": content.failed.cell if content.failed else None,
        "failure": str(content.failed.reason) if content.failed and content.failed.reason else None,
        "last_lines": [*content.failed.lines] if content.failed else [],
        "due_at": content.due_at.isoformat() if content.due_at else None,
        "count": content.count if content.count > 1 else None,
        "link": content.link,
    }
    subject = f"runs/{content.run_id}" if content.run_id else ""
    event = {
        "specversion": "1.0",
        "id": content.event_id,
        "source": source,
        "type": TYPES[content.event],
        "time": content.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {name: value for name, value in fields.items() if value not in (None, "", [])},
    }
    return event | ({"subject": subject} if subject else {})
