"""Define the steps of `./check`, and the lanes that they run in."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / ".check"
# Private to this check: pytest would delete the folders of earlier sessions, which can take
# minutes.
SCRATCH = Path(tempfile.gettempdir()) / f"nbcheck-{os.getpid()}"
CORES = os.cpu_count() or 1
PYTEST = ("python", "-m", "pytest", "--quiet")


@dataclass(frozen=True)
class Step:
    """One command of the check.

    `load` is the number of cores that the command uses on average. Steps run side by side while the
    sum of their loads fits the machine.
    """

    name: str
    command: tuple[str, ...]
    load: float = 1.0
    environment: dict[str, str] = field(default_factory=dict, hash=False)
    long_lanes: tuple[str, ...] = ()  # of `--full`: they run what this part of a lane leaves out

    @property
    def log(self) -> Path:
        """Return the path of the log."""
        return RECORDS / f"{self.name}.log"

    @property
    def junit(self) -> Path:
        """Return the path of the JUnit file."""
        return RECORDS / f"{self.name}.xml"

    def variables(self) -> dict[str, str]:
        """Return the environment of the command, with the paths of the JUnit files."""
        places = {
            "JEST_JUNIT_OUTPUT_FILE": str(self.junit),
            "PLAYWRIGHT_JUNIT_OUTPUT_NAME": str(self.junit),
            "TMPDIR": str(SCRATCH),
        }
        return {**os.environ, **places, **self.environment}


@dataclass(frozen=True)
class Stage:
    """Steps that may run side by side while their loads stay within `capacity` cores."""

    steps: tuple[Step, ...]
    capacity: float


def pytest(name: str, *words: str, load: float = 1.0, **environment: str) -> Step:
    """Return a step that runs pytest and records the duration of each test."""
    records = ("--junitxml", str(RECORDS / f"{name}.xml"), "-o", f"cache_dir=.pytest_cache/{name}")
    scratch = f"--basetemp={SCRATCH / name}"
    return Step(name, (*PYTEST, *records, scratch, *words), load, environment)


def lane(name: str, *words: str, load: float, workers: int = 2) -> Step:
    """Return a pytest step without long evidence, each file on one of the workers.

    The files keep their order: xdist would start those with the most tests first, and end with a
    few long tests on one worker.
    """
    spread = ("--numprocesses", str(workers), "--dist", "loadfile", "--no-loadscope-reorder")
    return pytest(name, "-m", "not long", *spread, *words, load=load)


def evidence(name: str, *words: str, workers: int = 1) -> Step:
    """Return a step of long evidence: the tests marked `long` of some files."""
    spread = ("--numprocesses", str(workers), "--dist", "loadfile") if workers > 1 else ()
    return pytest(name, "-m", "long", *spread, *words, load=CORES, NBYARD_TEST_PROFILE="long")


def npm(name: str, script: str, *words: str, load: float = 1.0) -> Step:
    """Return a step that runs an npm script."""
    return Step(name, ("npm", "run", "--silent", script, *(("--", *words) if words else ())), load)


PYTHON_LINTS = (
    Step("python-types", ("mypy",)),
    Step("python-lint", ("ruff", "check", ".")),
    Step("python-format", ("ruff", "format", "--check", ".")),
    Step("import-contracts", ("lint-imports",)),
    Step("figures", ("python", "buildtools/figures.py")),
)
TYPESCRIPT_LINTS = (
    npm("typescript-lint", "lint"),
    npm("generated-typescript", "gen:api", "--check"),
    Step("generated-reasons", ("python", "buildtools/reason_catalogue.py", "--check")),
    npm("bundle-size", "budget"),
)
SPHINX = ("python", "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-c", "docs")
SITE = Step("documentation", (*SPHINX, ".", "build/docs"))
UNIT = ("tests/architecture", "tests/unit")
# The folders of unit tests with cases on PostgreSQL; to collect all of them takes 10 s.
# `FOLDERS` of tests/support/postgres.py repeats them for tests without this module.
ON_POSTGRESQL = tuple(
    f"tests/unit/{folder}"
    for folder in ("backup", "dispatch", "freezing/runs", "services/runs", "store")
)
JEST = ("--silent", "--reporters=default", "--reporters=jest-junit")
PLAYWRIGHT = ("npm", "--prefix", "ui-tests", "--silent", "test", "--")


def unit_tests(profile: str) -> Step:
    """Return the step of the unit tests, with a profile for property tests.

    The profile `fast` leaves out those marked `slow`.
    """
    marks = "not postgresql and not slow" if profile == "fast" else "not postgresql"
    workers = str(CORES + 1)  # now and then one waits
    words = ("-m", marks, "--numprocesses", workers, "--dist", "worksteal", *UNIT)
    return pytest("unit-tests", *words, load=CORES, NBYARD_TEST_PROFILE=profile)


def typescript_tests(*words: str) -> Step:
    """Return the step of the TypeScript tests."""
    return Step("typescript-tests", ("npm", "run", "--silent", "test", "--", *words, *JEST))


def journeys(*words: str, long: bool = False) -> Step:
    """Return the step of all journeys, or of those that `words` name.

    Those with the tag `@long` run only if `long` is set.
    """
    short = () if long else ("--grep-invert", "@long")
    return Step("journeys", (*PLAYWRIGHT, *words, *short), 1.6)


def lints(languages: Iterable[str]) -> tuple[Step, ...]:
    """Return the lints of some languages: python, typescript, documents."""
    of = {"python": PYTHON_LINTS, "typescript": TYPESCRIPT_LINTS, "documents": (SITE,)}
    return tuple(step for language, steps in of.items() if language in languages for step in steps)


def fast(profile: str = "quick") -> Stage:
    """Return the unit tests, with types, TypeScript tests and lints beside them one by one.

    The profile `fast` leaves out the documentation, too.
    """
    site = () if profile == "fast" else (SITE,)
    others = (*PYTHON_LINTS, typescript_tests(), *TYPESCRIPT_LINTS, *site)
    return Stage((unit_tests(profile), *others), CORES + 1)


# The longest first, and last the short ones, so that no single lane is left over at the end.
LANES = (
    journeys(),
    lane(
        "integration",
        "--ignore=tests/integration/docker",
        "--ignore=tests/integration/dask",
        "tests/integration",
        load=1.2,
    ),
    lane("docker", "tests/integration/docker", load=0.8),
    lane("benchmarks", "tests/benchmarks", load=1.0, workers=1),
    pytest("postgresql", "-m", "postgresql and not long", *ON_POSTGRESQL, load=0.8),
    lane("faults", "tests/faults", load=0.8),
    lane("dask", "tests/integration/dask", load=0.6, workers=1),
    lane("acceptance", "tests/acceptance", load=0.8, workers=1),
)
# Each lane takes less than 60 minutes; they run one after the other.
EVIDENCE = (
    evidence("soak", "tests/faults/test_soak.py"),
    evidence("kills", "tests/faults/test_random_kills.py"),
    evidence("engine-faults", "tests/faults/test_engines.py"),
    evidence(
        "faults",
        "--ignore=tests/faults/test_soak.py",
        "--ignore=tests/faults/test_random_kills.py",
        "--ignore=tests/faults/test_engines.py",
        "tests/faults",
        workers=2,
    ),
    evidence("podman", "tests/integration/docker/test_podman.py"),
    evidence("job-queues", "tests/integration/dask/test_job_queue.py"),
    evidence("dask", "--ignore=tests/integration/dask/test_job_queue.py", "tests/integration/dask"),
    evidence("foreign-images", "tests/integration/docker/test_strangers.py"),
    evidence(
        "docker",
        "--ignore=tests/integration/docker/test_podman.py",
        "--ignore=tests/integration/docker/test_strangers.py",
        "tests/integration/docker",
        workers=2,
    ),
    evidence(
        "integration",
        "--ignore=tests/integration/docker",
        "--ignore=tests/integration/dask",
        "tests/integration",
        "tests/acceptance",
        workers=2,
    ),
    evidence("benchmarks", "tests/benchmarks"),
    Step("journeys", (*PLAYWRIGHT, "--grep", "@long"), CORES),
    Step(
        "code-server",
        (*PLAYWRIGHT, "code-server"),
        CORES,
        {"NBYARD_TEST_PROFILE": "long"},
    ),
    pytest("examples", "-n", "auto", *UNIT, load=CORES, NBYARD_TEST_PROFILE="long"),
    Step("peers", ("python", "benchmarks/against_peers.py", "--rounds", "3"), CORES),
    Step("serving-peers", ("python", "benchmarks/serving.py", "--rounds", "1"), CORES),
)


def holds(step: Step, file: str) -> bool:
    """Return whether pytest collects a test file in a step."""
    ignored = [word.removeprefix("--ignore=") for word in step.command if _is_ignored(word)]
    named = [word for word in step.command if word.startswith("tests/")]
    return _within(file, named) and not _within(file, ignored)


def _is_ignored(word: str) -> bool:
    return word.startswith("--ignore=")


def _within(file: str, places: Iterable[str]) -> bool:
    return any(PurePosixPath(file).is_relative_to(place) for place in places)


def part(step: Step, files: Iterable[str]) -> Step:
    """Return a lane that runs only some of its test files."""
    words = (word for word in step.command if not _is_ignored(word))
    words = (word for word in words if not word.startswith("tests/"))
    files = sorted(files)
    long = (other.name for other in EVIDENCE if any(holds(other, file) for file in files))
    return replace(step, command=(*words, *files), long_lanes=tuple(long))


def programs(stages: Iterable[Stage]) -> list[str]:
    """Return the groups of programs of `set_up.sh` that the steps of some stages start."""
    steps = {step for stage in stages for step in stage.steps}
    light = {step.name for step in fast().steps} - {"unit-tests"}
    others = {step for step in steps if step.name not in light} - {*fast("fast").steps}
    units = {step for step in others if _has_only_units(step)}
    groups = {
        "postgresql": bool(others),
        "services": others != units,
        "evidence": bool(steps & {*EVIDENCE}),
    }
    return [group for group, is_needed in groups.items() if is_needed]


def _has_only_units(step: Step) -> bool:
    tests = [word for word in step.command if word.startswith("tests/")]
    return bool(tests) and all(_within(test.partition("::")[0], UNIT) for test in tests)


def everything() -> tuple[Stage, ...]:
    """Return what a change has to pass before it lands."""
    return (fast(), Stage(LANES, CORES * 1.5))


def evidence_of(names: Iterable[str]) -> Stage:
    """Return the named lanes of long evidence.

    Raises:
        ValueError: no lane has that name.
    """
    known = {step.name: step for step in EVIDENCE}
    names = tuple(names)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"No lane {', '.join(unknown)}. There are: {', '.join(known)}")
    return Stage(tuple(known[name] for name in names or known), CORES)
