"""Reports on their way to the loop."""

from contextlib import ExitStack

from nbyard.dispatch.state.attempt_reports import Ended, Report, ReportInbox, Waits


def test_it_rings_once_until_somebody_looks() -> None:
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


def test_what_is_not_wanted_is_let_go() -> None:
    let_go: list[str] = []
    hold = ExitStack()
    hold.callback(let_go.append, "bytes")
    report = Report("a", [Waits(None), Ended("succeeded", hold=hold)])
    report.release()
    report.release()
    assert let_go == ["bytes"]
