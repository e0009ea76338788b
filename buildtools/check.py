"""The command line of the check: what it runs, and its setup."""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from checks import durations
from checks.affected import affected, changed_since
from checks.budget import slow_tests, too_many
from checks.chosen import stages_of, stages_of_paths
from checks.graph import Graph
from checks.plan import ROOT, Stage, Step, everything, evidence_of, fast, programs
from checks.records import changes, result, result_file, state, write
from checks.results import (
    NAMED_FAILURES,
    cases,
    failed,
    failures,
    processor,
    report,
    table,
    totals,
)
from checks.running import (
    Outcome,
    Runner,
    drop_scratch,
    idle_seconds,
    kept_scratch,
    loop_seconds,
    make_scratch,
)

USAGE = """\
  ./check                     every step: what a change passes before it lands
  ./check --fast              lints, types, unit tests and TypeScript tests
  ./check --changed [REV]     what the changes since REV affect (default HEAD: uncommitted changes)
  ./check PATH...             the tests of these files or folders, or of the sources they name
  ./check --full [LANE...]    every step and the long evidence, or only the named lanes of evidence
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        "./check",
        description="Check this project. Logs and JUnit files lie in .check/.",
        usage=USAGE.lstrip(),
    )
    modes = made.add_mutually_exclusive_group()
    modes.add_argument("--fast", action="store_true", help=argparse.SUPPRESS)
    modes.add_argument("--changed", nargs="?", const="HEAD", help=argparse.SUPPRESS)
    modes.add_argument("--full", nargs="*", metavar="LANE", help=argparse.SUPPRESS)
    made.add_argument("paths", nargs="*", metavar="PATH", help=argparse.SUPPRESS)
    return made


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line; exit with code 2 if it names paths and a mode."""
    made = parser()
    given = made.parse_args(words)
    if given.paths and (given.fast or given.changed is not None or given.full is not None):
        made.error("name paths, or one of --fast, --changed and --full: not both")
    return given


def stages(given: argparse.Namespace) -> tuple[Stage, ...]:
    """Return the stages that the command line selects.

    Raises:
        ValueError: an unknown path, revision or lane.
    """
    if given.paths:
        return stages_of_paths(ROOT, given.paths)
    if given.fast:
        return (fast("fast"),)
    if given.full is not None:
        whole = () if given.full else everything()
        return (*whole, evidence_of(given.full))
    if given.changed is None:
        return everything()
    changed = changed_since(ROOT, given.changed)
    if not changed:
        _say(f"Nothing changed since {given.changed}. Name a revision: ./check --changed REV")
        return ()
    selection = affected(Graph(ROOT), changed)
    selected = stages_of(selection)
    if selection.everything:
        _say(f"Everything runs: {selection.everything}.")
    _say(f"Selected for {len(changed)} changed files:", *durations.announced(selected))
    return selected


def main(words: Sequence[str] | None = None) -> int:
    """Run the check and return its exit code.

    The code is 1 after a failure, 2 for bad arguments, and 130 after Ctrl-C.
    """
    given = arguments(words)
    try:
        chosen = stages(given)
    except ValueError as error:
        _say(str(error))
        return 2
    outcomes: list[Outcome] = []
    try:
        _say("Set-up: packages and programs that are missing (some minutes the first time)")
        if not set_up(programs(chosen)):
            return 1
        result_file().unlink(missing_ok=True)  # an interrupted check leaves no older record
        loop = loop_seconds()
        begin, began, idle = time.monotonic(), state(), idle_seconds()
        make_scratch(in_memory=not given.paths and given.full is None)  # long tests fill it
        runner = Runner(lambda step: _started(step, begin), lambda outcome: _ended(outcome, begin))
        for stage in chosen:
            outcomes += runner.run(stage)
    except KeyboardInterrupt:
        _say("", "Interrupted: every step is stopped.")
        drop_scratch()
        return 130
    durations.remember(outcomes)
    seconds = time.monotonic() - begin
    command = sys.argv[1:] if words is None else words
    idle = idle_seconds() - idle
    record = result(command, began, seconds, outcomes, loop=loop, idle=idle)
    write(record)
    return summarise(given, outcomes, record)


def summarise(
    given: argparse.Namespace, outcomes: Sequence[Outcome], record: dict[str, Any]
) -> int:
    """Print how the steps ended and return the exit code: 1 after a failure."""
    steps = [outcome.step.name for outcome in outcomes if failed(outcome)]
    _say("", "=== Summary", *table(outcomes))
    _say(f"{record['seconds']:6.0f} s in all, recorded in .check/result.json")
    _say(processor(record["cpu_seconds"], record["loop_seconds"], record["idle_seconds"]))
    _say(*slow_tests(outcomes))
    if steps:
        _say(f"FAILED: {', '.join(steps)} (logs: .check/NAME.log)", *failures(outcomes))
        _say(*hints(given, outcomes), *kept_scratch())
    else:  # what a failed test leaves helps to find the reason
        drop_scratch()
    grown = list(too_many(outcomes))
    _say(*grown, *changes(record["changed_files"]), totals(outcomes))
    return 1 if steps or grown else 0


def hints(given: argparse.Namespace, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield how to see whether the failed tests of a part fail without the change, too.

    The change has to be uncommitted: otherwise, `git stash pop` restores something older.
    """
    tests = [case for outcome in outcomes for case in cases(outcome.step.junit)]
    files = {durations.file_of(case) for case in tests if case.verdict == "failed"} - {""}
    is_part = bool(given.paths) or given.changed == "HEAD"
    if files and is_part and changed_since(ROOT, "HEAD"):
        some = " ".join(sorted(files)[:NAMED_FAILURES])
        yield f"Without your change? git stash -u && {{ ./check {some}; git stash pop; }}"


def set_up(groups: Sequence[str]) -> bool:
    """Install .venv, node_modules and groups of programs; return whether that succeeded."""
    return subprocess.run([ROOT / "buildtools/set_up.sh", *groups], check=False).returncode == 0


def _started(step: Step, begin: float) -> None:
    _say(f"[{_clock(begin)}] started   {step.name}")


def _ended(outcome: Outcome, begin: float) -> None:
    verdict = "FAILED  " if failed(outcome) else "passed  "
    times = f"{outcome.wall_seconds:.0f} s, {outcome.cpu_seconds:.0f} s of processor"
    _say(f"[{_clock(begin)}] {verdict}  {outcome.step.name}  ({times})")
    _say(*(f"    {line}" for line in report(outcome)))


def _clock(begin: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - begin), 60)
    return f"{minutes:3}:{seconds:02}"


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
