"""Bad URLs and names of notice channels, and names that alert people in a chat."""

from datetime import UTC, datetime
from typing import Any

from nbyard.domain.notices.messages import NoticeContent, message_of

from .ground import Ground, Seen, seen

FIELDS = ("url", "name")


def create(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Create a channel that is refused at its field, or stored without showing its secret."""
    name = what.get("name", entry["id"])
    body = {"name": name, "url": what.get("url", "https://h.test/T/token")}
    answer = ground.send("POST", "/channels", body)
    if answer.status >= 400:
        assert answer.json["details"][0]["path"] in FIELDS, answer.json
        return seen(answer)
    shown = ground.send("GET", f"/channels/{answer.json['id']}")
    is_masked = b"s3cr3t" not in answer.content + shown.content
    kept = is_masked and shown.json["name"] == name and _is_harmless(name)
    assert ground.send("DELETE", f"/channels/{answer.json['id']}").status == 204
    return seen(answer, kept)


def _is_harmless(name: str) -> bool:
    """Return whether a message about a run with the name alerts no group."""
    content = NoticeContent("failed", "event", name, datetime.now(UTC))
    message = message_of([content], "message", "/")
    words = f"{message.title}\n{message.body}"
    return "@everyone" not in words and "<!" not in words
