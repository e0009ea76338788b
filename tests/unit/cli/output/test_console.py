"""Data for people: aligned, short, harmless."""

from datetime import UTC, datetime, timedelta

import pytest

from nbyard.cli.output.console import (
    format_age,
    format_duration,
    format_number,
    format_size,
    show_table,
    start_text,
    warn_ignored_settings,
)
from nbyard.discover import Local

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (15_200, "15.2 kB"),
     (10**12, "1.0 TB"), (10**16, "10000.0 TB")],
)  # fmt: skip
def test_sizes(count, text):
    assert format_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (59.94, "59.9 s"), (65, "1:05"), (3600, "60:00")]
)
def test_durations(seconds, text):
    assert format_duration(NOW, NOW + timedelta(seconds=seconds)) == text
    assert format_duration(None, None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s ago"), (59, "59 s ago"), (180, "3 min ago"), (90_000, "1 d ago")],
)
def test_moments(seconds, text):
    assert format_age(NOW - timedelta(seconds=seconds), lambda: NOW) == text


def test_tables_are_aligned(capsys):
    show_table([["a", None], ["long\nname", 5]], ["name", "rows"])
    assert capsys.readouterr().out == "name       rows\na\nlong name  5\n"


def test_ignored_variables_are_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    others: dict[str, str] = {}
    monkeypatch.setattr(Local, "ignored_settings", lambda _: others)
    here = Local.__new__(Local)
    warn_ignored_settings(here)
    warn_ignored_settings(object())
    assert capsys.readouterr().err == ""
    others |= {"NBYARD_SLOTS": "4", "NBYARD_GPUS": ""}
    warn_ignored_settings(here)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("NBYARD_SLOTS is ignored") and lines[0].endswith("with 4.")
    assert lines[1].endswith("with no value.")
    assert len(lines) == 3 and "nbyard doctor" in lines[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.123456789, "0.1234568"),
        (27241.5, "27241.5"),
        (12345.678, "12345.68"),
        (-1234567.891, "-1234567.89"),
        (100000.001, "100000"),
        (123456789.0, "123456789"),
        (1.5e-9, "1.5e-09"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        ("Infinity", "Infinity"),
    ],
)
def test_numbers_have_seven_digits_and_large_ones_two_decimals(value, shown):
    assert str(format_number(value)) == shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.0, "now"), (0.2, "in 1 s"), (180.0, "in 3 min")]
)
def test_starts(seconds, text):
    assert start_text(seconds) == text
