"""Record what a check ran on and how it ended, in `.check/result.json`."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checks import plan
from checks.plan import ROOT
from checks.results import cases, cpu_seconds, failed, verdicts
from checks.running import Outcome

NAMED_FILES = 5


@dataclass(frozen=True)
class State:
    """The files of a repository at one moment.

    `tree` is the Git tree of all files that Git does not ignore, also of those not committed. Both
    are empty outside of a repository.
    """

    commit: str
    tree: str
    time: str  # UTC, ISO 8601


def state(root: Path = ROOT) -> State:
    """Return the present state of the files of a repository."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with tempfile.TemporaryDirectory() as folder:
        # an index of its own leaves what is staged as it is
        own = {**os.environ, "GIT_INDEX_FILE": str(Path(folder, "index"))}
        git(root, own, "add", "--all")
        return State(git(root, own, "rev-parse", "HEAD"), git(root, own, "write-tree"), now)


def git(root: Path, variables: dict[str, str], *words: str) -> str:
    """Return the output of Git, or an empty text where Git fails."""
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def changed_files(before: State, root: Path = ROOT) -> list[str]:
    """Return the files that changed, appeared or disappeared since a state."""
    now = state(root)
    names = git(root, dict(os.environ), "diff", "--name-only", before.tree, now.tree)
    return names.splitlines()


def changes(files: Sequence[str]) -> Iterator[str]:
    """Yield the line of the summary that names the files that changed during a check."""
    if files:
        more = f" and {len(files) - NAMED_FILES} more" if len(files) > NAMED_FILES else ""
        names = ", ".join(files[:NAMED_FILES])
        yield f"FILES CHANGED during the check, so its result may not hold for them: {names}{more}"


def result(
    words: Sequence[str],
    began: State,
    seconds: float,
    outcomes: Collection[Outcome],
    *,
    loop: float,
    idle: float,
) -> dict[str, Any]:
    """Return the record of a check: commit, times, steps, tests and failures.

    `loop` is the processor time of the fixed loop, and `idle` how long the cores had nothing to do.
    """
    tests = [case for outcome in outcomes for case in cases(outcome.step.junit)]
    files = changed_files(began)
    committed = git(ROOT, dict(os.environ), "rev-parse", f"{began.commit}^{{tree}}")
    return {
        "command": ["./check", *words],
        **asdict(began),
        "is_committed": began.tree == committed,
        "changed_files": files,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds(outcomes), 1),
        "loop_seconds": round(loop, 4),
        "idle_seconds": round(idle, 1),
        "steps": [
            {
                "name": outcome.step.name,
                "failed": failed(outcome),
                "exit_code": outcome.code,
                "seconds": round(outcome.wall_seconds, 1),
                "cpu_seconds": round(outcome.cpu_seconds, 1),
                "tests": verdicts(cases(outcome.step.junit)),
            }
            for outcome in outcomes
        ],
        "tests": verdicts(tests),
        "failures": [case.name for case in tests if case.verdict == "failed"],
    }


def result_file() -> Path:
    """Return the path of the record of the last check."""
    return plan.RECORDS / "result.json"


def write(record: dict[str, Any]) -> None:
    """Write the record, whole or not at all."""
    path = result_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1) + "\n")
    part.replace(path)
