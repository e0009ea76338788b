"""Record how long tests take, and estimate how long a selection will take."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checks import plan
from checks.plan import Stage, Step, everything
from checks.results import Case, cases
from checks.running import Outcome

JOURNEYS = "ui-tests/journeys/"
Records = dict[str, dict[str, Any]]  # by step: `wall` in seconds, and by file [tests, seconds]


def place() -> Path:
    """Return the file with the records."""
    return plan.RECORDS / "durations.json"


def recorded() -> Records:
    """Return the records of earlier checks; none before the first check."""
    try:
        found: Records = json.loads(place().read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def remember(outcomes: Iterable[Outcome]) -> None:
    """Record the times of steps and of their test files, except those of long evidence."""
    records = recorded()
    wholes = {step for stage in everything() for step in stage.steps}
    for outcome in outcomes:
        step = outcome.step
        if step.name == "chosen" or "long" in step.environment.values():
            continue
        record = records.setdefault(step.name, {"wall": None, "files": {}})
        if step in wholes:
            record["wall"] = round(outcome.wall_seconds, 1)
        files: dict[str, list[float]] = {}
        for case in cases(step.junit):
            if file := file_of(case):
                tests, seconds = files.get(file, (0, 0))
                files[file] = [tests + 1, round(seconds + case.seconds, 2)]
        record["files"] |= files
    place().parent.mkdir(exist_ok=True)
    place().write_text(json.dumps(records))


def file_of(case: Case) -> str:
    """Return the file of a test of pytest or Playwright; empty for a test of Jest."""
    module = case.name.partition("::")[0]
    if module.endswith(".spec.ts"):
        return JOURNEYS + module
    parts = module.split(".")
    ends = [n for n, part in enumerate(parts, 1) if part.startswith("test_")]
    return f"{'/'.join(parts[: ends[0]])}.py" if ends else ""


def files_of(step: Step) -> list[str]:
    """Return the test files that a step names; none if it runs everything of its sort."""
    tests = [word for word in step.command if word.startswith("tests/") and word.endswith(".py")]
    specs = [word.strip("/") for word in step.command if word.startswith("/") and ".spec" in word]
    return tests + [f"{JOURNEYS}{spec.removesuffix('.ts')}.ts" for spec in specs]


def announced(stages: Iterable[Stage]) -> Iterator[str]:
    """Yield how many tests run in which lane, and about how long all of it takes."""
    stages, records = list(stages), recorded()
    steps = [step for stage in stages for step in stage.steps]
    lanes = {step.name for step in plan.LANES} | {"unit-tests", "typescript-tests"}
    for step in [step for step in steps if step.name in lanes]:
        yield f"  {step.name:18}{_size(step, records)}"
    yield f"  other steps: {sum(step.name not in lanes for step in steps)}"
    times = {step: _seconds(step, records) for step in steps}
    untimed = [step.name for step, seconds in times.items() if seconds is None]
    if len(untimed) < len(times):
        seconds = sum(_of_stage(stage, times) for stage in stages)
        without = f", without {', '.join(untimed)}" if untimed else ""
        yield f"About {_spoken(seconds)} by the last times in .check{without}."


def _size(step: Step, records: Records) -> str:
    files = files_of(step)
    if not files:
        return "related tests" if "--findRelatedTests" in step.command else "all tests"
    known = records.get(step.name, {"files": {}})["files"]
    tests = sum(known[file][0] for file in files if file in known)
    about = f", about {tests:,} tests" if tests and known.keys() >= {*files} else ""
    return f"{len(files)} test {'file' if len(files) == 1 else 'files'}{about}"


def _seconds(step: Step, records: Records) -> float | None:
    """Return the expected wall time; a file without a record takes as long as the mean."""
    record = records.get(step.name)
    files = files_of(step)
    if record is None:
        return None
    if not files:
        wall: float | None = record["wall"]
        return wall
    times = [record["files"][file][1] for file in files if file in record["files"]]
    return sum(times) / len(times) * len(files) / _workers(step) if times else None


def _workers(step: Step) -> int:
    words = list(step.command)
    if step.name == "journeys":
        return 2  # ui-tests/playwright.config.ts
    return int(words[words.index("--numprocesses") + 1]) if "--numprocesses" in words else 1


def _of_stage(stage: Stage, times: Mapping[Step, float | None]) -> float:
    known = [(times[step] or 0.0, step.load) for step in stage.steps]
    longest = max((seconds for seconds, _ in known), default=0.0)
    return max(longest, sum(seconds * load for seconds, load in known) / stage.capacity)


def _spoken(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
