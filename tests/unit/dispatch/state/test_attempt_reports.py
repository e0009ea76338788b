"""Reports on their way to the loop."""

from contextlib import ExitStack

from nbyard.dispatch.state.attempt_reports import Ended, Report, ReportInbox, Waits


def test_the_inbox_rings_once_until_it_is_read() -> None:
    inbox, rung = ReportInbox(), list[int]()
    inbox.ring = lambda: rung.append(1)
    first, second = Report("a", [Waits(None)]), Report("b", [])
    inbox.put(first)
    inbox.put(second)
    inbox.put(None)
    assert len(rung) == 1
    assert inbox.take() == [first, second]
    assert inbox.take() == []
    inbox.put(None)
    assert len(rung) == 2
    assert inbox.take() == []


def test_unwanted_reports_release_their_bytes() -> None:
    request_end: list[str] = []
    hold = ExitStack()
    hold.callback(request_end.append, "bytes")
    report = Report("a", [Waits(None), Ended("succeeded", hold=hold)])
    report.release()
    report.release()
    assert request_end == ["bytes"]
