"""Records of the links of an attempt, which its work cannot reach."""

from nbyard.attempts import monitor_link_files
from nbyard.attempts.monitor_link_files import LinkTarget, MonitorData, TensorBoardProcess
from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.reasons.structs import text_reason


def test_written_links_are_read_and_deleted(tmp_path):
    known = MonitorData(
        {"web": 1}, [LinkTarget("web", 1, answers=True)], TensorBoardProcess(7, 1.5, 2)
    )
    assert (
        monitor_link_files.read_monitor(tmp_path, "a") is None
        and monitor_link_files.stored_attempts(tmp_path) == set()
    )
    monitor_link_files.write_monitor(tmp_path, "a", MonitorData())
    monitor_link_files.write_monitor(tmp_path, "a", known)
    with monitor_link_files.open_log(tmp_path, "a") as log:
        log.write(b"said")
    assert monitor_link_files.log_path(tmp_path, "a").read_text() == "said"
    assert monitor_link_files.read_monitor(tmp_path, "a") == known
    assert monitor_link_files.stored_attempts(tmp_path) == {"a"}
    assert (tmp_path / monitor_link_files.FOLDER).stat().st_mode & 0o077 == 0
    monitor_link_files.remove_monitor(tmp_path, "a")
    monitor_link_files.remove_monitor(tmp_path, "a")
    assert list((tmp_path / monitor_link_files.FOLDER).iterdir()) == []


def test_links_are_shown_without_their_target(tmp_path):
    spots = [
        LinkTarget("web", 1, answers=True),
        LinkTarget("tensorboard", 0, reason=text_reason("gone")),
    ]
    monitor_link_files.write_monitor(tmp_path, "a", MonitorData(spots=spots))
    assert monitor_link_files.links_of_attempt(tmp_path, "a") == [
        MonitorLink("web", "nbyard/attempts/a/web/", True),
        MonitorLink("tensorboard", "nbyard/attempts/a/tensorboard/", False, text_reason("gone")),
    ]
    assert monitor_link_files.links_of_attempt(tmp_path, "b") == []


def test_an_unreadable_link_file_has_no_links(tmp_path):
    monitor_link_files.write_monitor(tmp_path, "a", MonitorData())
    (tmp_path / monitor_link_files.FOLDER / "a.json").write_text('{"spots": 1}')
    assert monitor_link_files.read_monitor(tmp_path, "a") is None
    assert monitor_link_files.links_of_attempt(tmp_path, "a") == []
