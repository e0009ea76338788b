"""The stages of `./check PATH…` and `./check --changed`: a part of the whole."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from checks.affected import LANES as FOLDERS
from checks.affected import Selection
from checks.plan import CORES, Stage, Step, everything, journeys, lints, pytest, typescript_tests

UNIT = ("tests/unit/", "tests/architecture/")
SPREAD = ("--numprocesses", str(CORES), "--dist", "loadfile")
PACKAGE = "jupyter_ext/nbyard/"


def stages_of(selection: Selection) -> tuple[Stage, ...]:
    """Return the stages that a selection of tests, journeys and languages needs."""
    if selection.everything:
        return everything()
    first = [*lints(selection.languages)]
    if selection.typescript:
        first.append(typescript_tests("--findRelatedTests", *sorted(selection.typescript)))
    if unit := sorted(test for test in selection.tests if test.startswith(UNIT)):
        first.append(pytest("unit-tests", *SPREAD, *unit, load=CORES))
    second = [_lane(folder, tests) for folder in FOLDERS if (tests := selection.of_lane(folder))]
    if "*" in selection.journeys:
        second.append(journeys())
    elif selection.journeys:
        second.append(journeys(*(f"/{name}.spec" for name in sorted(selection.journeys))))
    return (Stage(tuple(first), CORES), Stage(tuple(second), CORES * 1.5))


def _lane(folder: str, tests: Iterable[str]) -> Step:
    name = PurePosixPath(folder).name
    return pytest(name, "-m", "not long", *SPREAD, *tests)


def stages_of_paths(root: Path, paths: Iterable[str]) -> tuple[Stage, ...]:
    """Return what runs the tests of files and folders; tests marked `long` run when named.

    Raises:
        ValueError: a path does not exist, or has no tests.
    """
    python: set[str] = set()
    typescript: set[str] = set()
    specs: set[str] = set()
    for path in paths:
        name = _named(root, path)
        file = name.partition("::")[0]
        if file.startswith("ui-tests"):
            specs.add("/" + PurePosixPath(file).name if file.endswith(".ts") else "")
        elif file.startswith("src"):
            typescript.add(file)
        elif found := [name] if file.startswith("tests") else _tests_of(root, file):
            python |= set(found)
        else:
            raise ValueError(f"{path} has no tests of its own. Try ./check --changed.")
    steps = [typescript_tests(*sorted(typescript))] if typescript else []
    steps += [pytest("chosen", *sorted(python))] if python else []
    steps += [journeys(*sorted(specs - {""}))] if specs else []
    return (Stage(tuple(steps), CORES),)


def _named(root: Path, path: str) -> str:
    """Return a path as the repository names it; `FILE::TEST` keeps its test."""
    file, colons, test = path.partition("::")
    place = Path(file).resolve()
    if not place.exists() or not place.is_relative_to(root):
        raise ValueError(f"There is no {file} in this repository.")
    return place.relative_to(root).as_posix() + colons + test


def _tests_of(root: Path, name: str) -> list[str]:
    """Return the test files that mirror a source file or folder."""
    if name.startswith("benchmarks"):
        return ["tests/benchmarks"]
    inside = f"buildtools/{name.removeprefix('buildtools/')}"
    if name.startswith(PACKAGE):
        inside = name.removeprefix(PACKAGE)
    place = PurePosixPath(inside)
    mirror = place.with_name(f"test_{place.name}") if place.suffix else place
    suites = (f"tests/{suite}/{mirror}" for suite in ("unit", "integration"))
    return [suite for suite in suites if (root / suite).exists()]
