"""Keep the check quick: how many tests a lane may have, and which tests may take long.

Only numbers of tests fail a check: they are the same on every machine. Seconds are not, so slow
tests are named.
"""

from collections.abc import Iterable, Iterator

from checks.durations import file_of
from checks.plan import EVIDENCE, everything
from checks.results import cases
from checks.running import Outcome

# Each limit leaves room for some changes.
MAX_TESTS = {
    "unit-tests": 15_675,
    "journeys": 60,
    "integration": 900,
    "docker": 140,
    "benchmarks": 19,
    "postgresql": 655,
    "faults": 60,
    "dask": 50,
    "acceptance": 25,
}
SLOW_SECONDS = 20.0
# A journey shows a whole feature, and a benchmark repeats what it measures.
SLOW_SECONDS_OF = {"journeys": 40.0, "benchmarks": 60.0}
# The files that may have slower tests, and why.
SLOW_FILES = {
    "tests/faults/test_databases.py": "requests wait for a locked database, and give up",
    "tests/faults/test_hub_kills.py": "a hub starts, with its database, proxy and service",
    "tests/faults/test_random_kills.py": "a dispatcher starts after each kill",
    "tests/faults/test_two_of_each.py": "four callers send each request to two servers",
    "tests/integration/contribute/test_examples.py": "a page is followed from its start to its end",
    "tests/integration/docker/test_two_users.py": "a hub starts, and a server of each user",
    "tests/integration/docker/test_models.py": "an image is built that answers requests",
    "tests/integration/test_docs.py": "the commands of the tutorial, one after the other",
    "tests/integration/test_hub_administration.py": "a hub starts, with a service for all users",
    "tests/integration/test_jupyterhub.py": "a hub starts, and a server of each user",
    "tests/integration/test_observed_reads.py": "rounds of changes, with a run after each",
    "tests/integration/test_reasons.py": "twenty runs of one workflow",
    "tests/integration/test_used_environments.py": "pip makes an environment",
    "tests/benchmarks/test_benchmarks.py": "other programs run the same work",
    "ui-tests/journeys/accessible.spec.ts": "axe scans every view in three themes",
    "ui-tests/journeys/endpoint.spec.ts": "the image of a model is built, which installs packages",
    "ui-tests/journeys/first-run.spec.ts": "from an upload to the results of two notebooks",
    "ui-tests/journeys/notifications.spec.ts": "dialogs scanned by axe, and runs that send notices",
    "ui-tests/journeys/prefix.spec.ts": "a JupyterLab of its own starts",
    "ui-tests/journeys/projects.spec.ts": "dialogs scanned by axe, and the run of a workflow",
}


def too_many(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line for each whole lane with more tests than it may have."""
    wholes = [step for stage in everything() for step in stage.steps]
    for step in [outcome.step for outcome in outcomes if outcome.step in wholes]:
        tests, limit = len(cases(step.junit)), MAX_TESTS.get(step.name)
        if limit and tests > limit:
            yield (
                f"TOO MANY TESTS: {step.name} has {tests:,}, at most {limit:,}. "
                "docs/contribute/check.md says what to do (Keep it quick)."
            )


def slow_tests(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the slow tests of lanes without a reason in SLOW_FILES, one line each."""
    for outcome in outcomes:
        name = outcome.step.name
        if name not in MAX_TESTS or outcome.step in EVIDENCE:
            continue
        limit = SLOW_SECONDS_OF.get(name, SLOW_SECONDS)
        for case in sorted(cases(outcome.step.junit), key=lambda case: -case.seconds):
            if case.seconds > limit and file_of(case) not in SLOW_FILES:
                yield f"SLOW: {case.seconds:.0f} s, above {limit:.0f} s: {case.name[:150]}"
