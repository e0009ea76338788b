"""Build the stages of `./check PATH…` and `./check --changed`: a part of the whole."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

from checks.affected import Selection
from checks.plan import (
    CORES,
    LANES,
    Stage,
    Step,
    everything,
    holds,
    journeys,
    lane,
    lints,
    part,
    pytest,
    typescript_tests,
)

UNIT = ("tests/unit/", "tests/architecture/")
PACKAGE = "jupyter_ext/nbyard/"


def stages_of(selection: Selection) -> tuple[Stage, ...]:
    """Return the stages that a selection of tests, journeys and languages needs."""
    if selection.everything:
        return everything()
    first = [*lints(selection.languages)]
    if selection.typescript:
        first.append(typescript_tests("--findRelatedTests", *sorted(selection.typescript)))
    second: list[Step] = []
    if "*" in selection.journeys:
        second.append(journeys())
    elif chosen := selection.journeys | selection.specs:
        words = (f"/{name}.spec" for name in sorted(chosen))
        second.append(journeys(*words, long=bool(selection.specs)))
    return _staged(first, selection.tests, second, selection.lanes)


def _staged(
    first: Iterable[Step],
    tests: Collection[str],
    second: Iterable[Step],
    whole: Collection[str] = (),
) -> tuple[Stage, ...]:
    """Return the two stages of the whole check, with some test files in their lanes."""
    units = sorted(test for test in tests if test.startswith(UNIT))
    # Includes cases that need PostgreSQL: most selections have none, so a lane of their own would
    # be empty.
    others = ("-m", "not long and not postgresql") if "postgresql" in whole else ()
    unit = [lane("unit-tests", *others, *units, load=CORES, workers=CORES)] if units else []
    lanes = [step for step in LANES if step.name in whole]
    lanes += _lanes({*tests} - {*units})
    return (Stage((*first, *unit), CORES), Stage((*second, *lanes), CORES * 1.5))


def _lanes(tests: Collection[str]) -> Iterator[Step]:
    for step in LANES:
        if held := [test for test in tests if holds(step, test)]:
            yield part(step, held)


def stages_of_paths(root: Path, paths: Iterable[str]) -> tuple[Stage, ...]:
    """Return the stages for files and folders; tests marked `long` run only for named files.

    Raises:
        ValueError: a path does not exist, or has no tests.
    """
    files: set[str] = set()
    inside: set[str] = set()  # the test files of folders
    typescript: set[str] = set()
    specs: set[str] = set()
    for path in paths:
        name = _named(root, path)
        file = name.partition("::")[0]
        if file.startswith("ui-tests"):
            specs.add("/" + PurePosixPath(file).name if file.endswith(".ts") else "")
        elif file.startswith("src"):
            typescript.add(file)
        else:
            found = {name} if file.startswith("tests") else _tests_of(root, file)
            folders = {each for each in found if (root / each).is_dir()}
            below = _below(root, folders)
            if found == folders and not below:
                raise ValueError(f"{path} has no tests of its own. Try ./check --changed.")
            files |= found - folders
            inside |= below
    first = [typescript_tests(*sorted(typescript))] if typescript else []
    first += [pytest("chosen", *sorted(files))] if files else []
    return _staged(first, inside, _named_journeys(specs))


def _named_journeys(specs: Collection[str]) -> list[Step]:
    """Return the step of specs; an empty word stands for all of them."""
    words = sorted({*specs} - {""})
    return [journeys(*words, long=bool(words))] if specs else []


def _named(root: Path, path: str) -> str:
    """Return a path as the repository names it; `FILE::TEST` keeps its test."""
    file, colons, test = path.partition("::")
    place = Path(file).resolve()
    if not place.exists() or not place.is_relative_to(root):
        raise ValueError(f"There is no {file} in this repository.")
    return place.relative_to(root).as_posix() + colons + test


def _below(root: Path, folders: Iterable[str]) -> set[str]:
    tests = (test for folder in folders for test in (root / folder).rglob("test_*.py"))
    return {test.relative_to(root).as_posix() for test in tests}


def _tests_of(root: Path, name: str) -> set[str]:
    """Return the test files or folders that mirror a source file or folder."""
    if name.startswith("benchmarks"):
        return {"tests/benchmarks"}
    inside = f"buildtools/{name.removeprefix('buildtools/')}"
    if name.startswith(PACKAGE):
        inside = name.removeprefix(PACKAGE)
    place = PurePosixPath(inside)
    mirror = place.with_name(f"test_{place.name}") if place.suffix else place
    suites = (f"tests/{suite}/{mirror}" for suite in ("unit", "integration"))
    return {suite for suite in suites if (root / suite).exists()}
