"""R16: what is known of the links of an attempt, out of reach of its work."""

from pathlib import Path

from nbyard import monitors
from nbyard.domain.attempts.monitors import MonitorLink
from nbyard.monitors import Board, Monitor, Spot


def test_what_was_written_is_read_and_forgotten(tmp_path: Path) -> None:
    known = Monitor({"web": 1}, [Spot("web", 1, answers=True)], Board(7, 1.5, 2))
    assert monitors.read(tmp_path, "a") is None and monitors.present(tmp_path) == set()
    monitors.write(tmp_path, "a", Monitor())
    monitors.write(tmp_path, "a", known)
    with monitors.open_log(tmp_path, "a") as log:
        log.write(b"said")
    assert monitors.log_path(tmp_path, "a").read_text() == "said"
    assert monitors.read(tmp_path, "a") == known
    assert monitors.present(tmp_path) == {"a"}
    assert (tmp_path / monitors.FOLDER).stat().st_mode & 0o077 == 0
    monitors.forget(tmp_path, "a")
    monitors.forget(tmp_path, "a")
    assert list((tmp_path / monitors.FOLDER).iterdir()) == []


def test_links_are_told_without_where_they_lead(tmp_path: Path) -> None:
    spots = [Spot("web", 1, answers=True), Spot("tensorboard", 0, reason="gone")]
    monitors.write(tmp_path, "a", Monitor(spots=spots))
    assert monitors.links(tmp_path, "a") == [
        MonitorLink("web", "nbyard/attempts/a/web/", True),
        MonitorLink("tensorboard", "nbyard/attempts/a/tensorboard/", False, "gone"),
    ]
    assert monitors.links(tmp_path, "b") == []


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    monitors.write(tmp_path, "a", Monitor())
    (tmp_path / monitors.FOLDER / "a.json").write_text('{"spots": 1}')
    assert monitors.read(tmp_path, "a") is None
    assert monitors.links(tmp_path, "a") == []
