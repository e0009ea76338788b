"""Live progress on standard error: one line per node, redrawn on a terminal, else appended."""

import sys
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from nbyard.cli.output.clean_streams import without_control_characters
from nbyard.cli.output.console import format_duration, print_note
from nbyard.cli.output.views.views_by_noun import usual_duration_text
from nbyard.domain.runs.previews.estimates import Usual
from nbyard.domain.runs.structs import RunDetail, Task

UNDER_WAY = ("queued", "preparing", "running")
SIGNS = {
    "waiting": "·",
    "queued": "…",
    "preparing": "◌",
    "running": "▶",
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "■",
    "skipped": "–",
}


class Progress:
    """Shows the progress of a run; prints nothing if `quiet`."""

    def __init__(self, quiet: bool):
        self._quiet = quiet
        self._seen: dict[str, str] = {}
        self._warned: set[str] = set()
        self._live: Any = None

    def __enter__(self) -> "Progress":
        if not self._quiet and sys.stderr.isatty():
            # rich is slow to import and needed on terminals only.
            from rich.console import Console
            from rich.live import Live

            # rich moves the cursor.
            terminal = getattr(sys.stderr, "unchanged", sys.stderr)
            self._live = Live(console=Console(file=terminal), refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, detail: RunDetail, usual: Mapping[str, Usual]) -> None:
        """Draw the run as it is now, with the usual durations of its nodes.

        Of the elements of maps, only those that failed get a line.
        """
        if self._quiet:
            return
        ended = Counter(t.element.map for t in detail.tasks if t.element and t.finished_at)
        shown = [t for t in detail.tasks if t.element is None or t.state == "failed"]
        for task in [
            task for task in detail.tasks if task.warning and task.node not in self._warned
        ]:
            self._warned.add(task.node)
            line = without_control_characters(f"! {task.node}: {task.warning}")
            if self._live is not None:
                self._live.console.print(line, markup=False, highlight=False)
            else:
                print_note(line)
        if self._live is not None:
            from rich.text import Text

            # rich would read brackets in a plain string as markup. `Text` shows them.
            self._live.update(
                Text("\n".join(_line(t, usual.get(t.node), ended[t.node]) for t in shown))
            )
            return
        for task in shown:
            why = task.why if task.state in ("queued", "preparing") else ""
            state = f"{task.state}{task.cached}{why}"
            # Without a terminal, print a line only when something changed.
            if self._seen.get(task.node) != state:
                self._seen[task.node] = state
                if task.state != "waiting":
                    print_note(_line(task, usual.get(task.node), ended[task.node]))


def _line(task: Task, usual: Usual | None, ended: int = 0) -> str:
    word = "cached" if task.cached else task.state
    took = format_duration(task.started_at, task.finished_at)
    is_explained = task.cached or task.state in ("queued", "preparing", "failed", "skipped")
    reason = task.why if is_explained else ""
    about = usual_duration_text(usual, task.state) if task.state in UNDER_WAY else ""
    name = f"{task.node} ({task.element.label})" if task.element else task.node.ljust(16)
    elements = f"{ended:,} elements ended" if ended and task.state == "running" else ""
    parts = (SIGNS[task.state], name, word, took, elements, reason, about)
    return without_control_characters("  ".join(filter(None, parts)))
