"""What channels look like for people."""

from datetime import UTC, datetime

from nbyard.cli.output.views.notice_views import show_channel
from nbyard.domain.notices.structs import Channel, DigestLimit


def test_the_end_of_a_pause_is_shown_in_local_time_without_fractions(capsys):
    at = datetime(2026, 11, 27, 16, 49, 56, 653821, tzinfo=UTC)
    limit = DigestLimit(most=3, window_seconds=30)
    address = "https://h.test/…"
    show_channel(
        Channel("id", "team", "ann", 1, "webhook", "webhook", address, limit, at, at, retry_at=at)
    )
    local = f"{at.astimezone():%a %Y-%m-%d %H:%M:%S %z}"
    assert f"not before  {local}\n" in capsys.readouterr().out
