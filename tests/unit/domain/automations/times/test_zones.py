"""Time zones by name."""

from datetime import UTC, datetime

import pytest

from nbyard.domain.automations.times.zones import in_zone, zone_of
from nbyard.errors import Invalid


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_known_zones(name):
    assert zone_of(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/../UTC",
        "localtime",
        "posix/UTC",
        "x" * 300,
        "Mars",
        "a\0b",
    ],
)
def test_others_are_refused(name):
    with pytest.raises(Invalid) as refused:
        zone_of(name)
    assert [detail.path for detail in refused.value.details] == ["zone"]


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ("Europe/Berlinn", "Europe/Berlin"),
        ("New_York", "America/New_York"),
    ],
)
def test_similar_names_are_offered(given, offered):
    with pytest.raises(Invalid) as refused:
        zone_of(given)
    assert repr(offered) in str(refused.value.hint)


def test_a_moment_without_an_offset_is_of_the_zone():
    zone = zone_of("Asia/Tokyo")
    assert in_zone(datetime.fromisoformat("2026-01-01T09:00"), zone) == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    aware = datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert in_zone(aware, zone) == aware


@pytest.mark.parametrize(
    ("zone", "local", "moment"),
    [
        ("Europe/Berlin", "2027-03-28T02:00", "2027-03-28T01:00"),
        ("Europe/Berlin", "2027-03-28T02:30:15", "2027-03-28T01:00"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00"),
        ("Europe/Berlin", "2027-03-28T01:59", "2027-03-28T00:59"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),  # repeated: the first time
        ("Australia/Lord_Howe", "2027-10-03T02:10", "2027-10-02T15:30"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
    ],
)
def test_a_skipped_time_is_the_moment_of_the_change(zone: str, local: str, moment: str) -> None:
    """As the due times of cron expressions."""
    known, given = zone_of(zone), datetime.fromisoformat(local)
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert in_zone(given, known) == expected
    assert in_zone(given.replace(tzinfo=known), known) == expected
