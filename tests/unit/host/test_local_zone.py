"""The zone of this machine, by its environment or its files."""

from pathlib import Path

import pytest

from nbyard.host.clock import local_zone


@pytest.mark.parametrize(
    ("variable", "link", "zone"),
    [
        ("", "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("Asia/Tokyo", "/usr/share/zoneinfo/Europe/Berlin", "Asia/Tokyo"),
        (":Asia/Tokyo", "", "Asia/Tokyo"),
        ("CET-1CEST", "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("", "/usr/share/zoneinfo/../etc/passwd", "UTC"),
        ("", "", "UTC"),
    ],
)
def test_the_zone_of_the_machine(tmp_path: Path, monkeypatch, variable, link, zone):
    monkeypatch.setenv("TZ", variable)
    place = tmp_path / "localtime"
    if link:
        place.symlink_to(link)
    assert local_zone(place) == zone
