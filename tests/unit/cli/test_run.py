"""G8: who follows a run in a shell."""

from types import SimpleNamespace
from typing import Any

from nbyard.cli.run import PAGE, Followed
from nbyard.domain.runs import TaskPage


class Runs:
    """Answers what it is given, and remembers what it was asked."""

    def __init__(self, *pages: TaskPage):
        self._pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def tasks(self, **asked: Any) -> TaskPage:
        self.asked.append(asked)
        return self._pages.pop(0)

    def get(self, run: str) -> Any:
        return f"all of {run}"


def page(state: str, last: int, after: str | None = None, **tasks: str) -> Any:
    items = [SimpleNamespace(node=node, state=told) for node, told in tasks.items()]
    return SimpleNamespace(run=SimpleNamespace(state=state), items=items, last=last, next=after)


def states(detail: Any) -> dict[str, str]:
    return {task.node: task.state for task in detail.tasks}


def test_only_what_changed_is_asked_for():
    runs = Runs(
        page("running", 7, "b", a="running", b="waiting"),
        page("running", 9, c="waiting"),
        page("succeeded", 12, b="succeeded"),
    )
    followed = Followed(SimpleNamespace(runs=runs), "r")
    assert states(followed.look()) == {"a": "running", "b": "waiting", "c": "waiting"}
    found = followed.look()
    assert found.run.state == "succeeded"
    assert states(found) == {"a": "running", "b": "succeeded", "c": "waiting"}
    assert [(one["after"], one["since"]) for one in runs.asked] == [("", 0), ("b", 0), ("", 7)]
    assert {one["limit"] for one in runs.asked} == {PAGE}


def test_when_nothing_moved_somebody_waits_for_another_reason():
    runs = Runs(page("running", 7, a="queued"), page("running", 7))
    followed = Followed(SimpleNamespace(runs=runs), "r")
    followed.look()
    found: Any = followed.look()
    assert found == "all of r"
