"""Read JUnit files and report the results of steps."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from checks.running import Outcome

SLOWEST = 30
QUICK_SECONDS = 0.1
NOTHING_COLLECTED = 5  # the exit code of pytest
SHOWN_LINES = 300
NAMED_FAILURES = 8
MESSAGE_LENGTH = 400
VERDICTS = {"failure": "failed", "error": "failed", "skipped": "skipped"}


@dataclass(frozen=True)
class Case:
    """One test of a JUnit file; `verdict` is passed, failed or skipped."""

    name: str
    seconds: float
    verdict: str
    message: str = ""


def cases(junit: Path) -> list[Case]:
    """Return the tests of a JUnit file; none if the step wrote no file.

    The file is one of pytest, Jest (jest-junit) or Playwright.
    """
    try:
        root = ElementTree.parse(junit).getroot()
    except (FileNotFoundError, ElementTree.ParseError):
        return []
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ElementTree.Element) -> Case:
    ending = next((child for child in element if child.tag in VERDICTS), None)
    name = "::".join(filter(None, (element.get("classname"), element.get("name"))))
    seconds = float(element.get("time") or 0)
    if ending is None:
        return Case(name, seconds, "passed")
    return Case(name, seconds, VERDICTS[ending.tag], _message(ending))


def _message(ending: ElementTree.Element) -> str:
    """Return the message with what follows it in the text: values of Playwright, pytest's line."""
    message, text = ending.get("message", ""), ending.text or ""
    start = text.find(message.partition("\n")[0])
    return message if start < 0 else text[start:]


def slowest(found: Iterable[Case], count: int = SLOWEST) -> Iterator[str]:
    """Yield the slowest tests, one line each, in seconds."""
    slow = (case for case in found if case.seconds >= QUICK_SECONDS)
    for case in sorted(slow, key=lambda case: -case.seconds)[:count]:
        yield f"{case.seconds:8.2f} s  {case.name[:150]}"


def failed(outcome: Outcome) -> bool:
    """Return whether a step failed; a part of a lane with only long tests did not."""
    return outcome.failed and not _left_out(outcome)


def _left_out(outcome: Outcome) -> tuple[str, ...]:
    """Return the lanes of long evidence that contain the whole selection."""
    return outcome.step.long_lanes if outcome.code == NOTHING_COLLECTED else ()


def report(outcome: Outcome) -> Iterator[str]:
    """Yield the lines printed after a step: its log if it failed, and its slowest tests."""
    lines = outcome.step.log.read_text(errors="replace").splitlines()
    yield from lines[-SHOWN_LINES:] if failed(outcome) else lines[-1:]
    if lanes := _left_out(outcome):
        yield f"All selected tests are long. To run them: ./check --full {' '.join(lanes)}"
    found = cases(outcome.step.junit)
    if found:
        yield f"Slowest of {len(found)} tests ({outcome.step.junit.name}):"
        yield from slowest(found)


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield one line for each step: wall and processor time, number of tests."""
    yield "    wall     cpu   tests  step"
    for outcome in outcomes:
        tests = len(cases(outcome.step.junit))
        yield (
            f"{outcome.wall_seconds:6.0f} s {outcome.cpu_seconds:5.0f} s {tests or '':>7}  "
            f"{outcome.step.name}{'  FAILED' if failed(outcome) else ''}"
        )


def cpu_seconds(outcomes: Iterable[Outcome]) -> float:
    """Return the processor time of all steps."""
    return sum(outcome.cpu_seconds for outcome in outcomes)


def processor(seconds: float, loop: float, idle: float) -> str:
    """Return the line with the processor time of a check, beside that of the fixed loop."""
    loops = f"{seconds / loop:,.0f} times the fixed loop, which took {loop:.3f} s"
    return f"{seconds:6.0f} s of processor in all, {loops}; the cores were idle for {idle:.0f} s"


def failures(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the failed tests and the beginning of their messages, two lines each.

    They come last: who sees only the end of a long output learns what failed.
    """
    found = [case for outcome in outcomes for case in cases(outcome.step.junit)]
    for case in [case for case in found if case.verdict == "failed"][:NAMED_FAILURES]:
        yield case.name
        yield f"    {' '.join(case.message.split())[:MESSAGE_LENGTH]}"


def totals(outcomes: Collection[Outcome]) -> str:
    """Return the closing line: how many steps and tests passed and failed.

    Steps are counted too, because a failed lint has no tests.
    """
    steps = [failed(outcome) for outcome in outcomes]
    found = verdicts(case for outcome in outcomes for case in cases(outcome.step.junit))
    tests = ", ".join(f"{count} {word}" for word, count in found.items())
    return f"Steps: {steps.count(False)} passed, {steps.count(True)} failed. Tests: {tests}"


def verdicts(found: Iterable[Case]) -> dict[str, int]:
    """Return how many tests passed, failed and were skipped."""
    each = [case.verdict for case in found]
    return {word: each.count(word) for word in ("passed", "failed", "skipped")}
