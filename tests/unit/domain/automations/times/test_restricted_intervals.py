"""Cron expressions for intervals on some days or hours."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from nbyard.domain.automations.times.near_phrases import restricted_interval
from nbyard.domain.automations.times.phrases import read_phrase

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=ZoneInfo("Europe/Berlin"))
written = partial(restricted_interval, read=lambda phrase: read_phrase(phrase, NOW))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("every 15 minutes on weekdays", "*/15 * * * 1-5"),
        ("every 15 minutes on mon-fri", "*/15 * * * 1-5"),
        ("on weekdays every 15 min", "*/15 * * * 1-5"),
        ("every minute on sat and sun", "* * * * 0,6"),
        ("every 2 hours from monday to friday", "0 */2 * * 1-5"),
        ("every hour on monday", "0 * * * 1"),
        ("hourly 9-17 mon-fri", "0 9-17 * * 1-5"),
        # 17:30 is after the end
        ("every 30 minutes from 9 to 17 on weekdays", "*/30 9-16 * * 1-5"),
        ("every 15 minutes between 9 am and 5 pm", "*/15 9-16 * * *"),
        ("every 2 hours from 9:00 until 17:00", "0 9-17/2 * * *"),
    ],
)
def test_days_and_hours_restrict_an_interval(text, expression):
    assert written(text) == expression


@pytest.mark.parametrize(
    "text",
    [
        *("weekdays 8:00", "every 15 minutes", "every 15 minutes weekly", "hourly at night"),
        *("every 45 minutes on weekdays", "every 5 hours on weekdays", "every 2 days on weekdays"),
        *("every 15 minutes from 22 to 6", "hourly from 9:30 to 17:30"),
        *("every second monday", "every 30 seconds on weekdays"),
    ],
)
def test_cron_cannot_express_other_intervals(text):
    assert written(text) is None
