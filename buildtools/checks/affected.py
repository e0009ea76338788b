"""Find what a change affects: tests by the graph of imports, the rest by a map.

In doubt, more is selected.
"""

import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from checks.graph import FOLDERS, Graph

# A change of these files may affect everything.
EVERYTHING = (
    "check",
    "pyproject.toml",
    "package.json",
    "package-lock.json",
    "jest.config.js",
    "eslint.config.mjs",
    "scripts/layout.mjs",
    ".prettier*",
    ".stylelintrc.json",
    "tsconfig*.json",
    "MANIFEST.in",
    "install.json",
    ".npmrc",
    ".ci/*",
    "buildtools/*.sh",
    "buildtools/bundle.py",
    "buildtools/nbyard_backend.py",
    "tests/conftest.py",
    "jupyter_ext/nbyard/testing/plugin.py",
    "tests/support/fixtures.py",
)
BROWSER = ("src/*", "style/*", "schema/*")
GENERATED_FROM = "jupyter_ext/nbyard/rest/openapi.json"  # routes and schema of src/api
DOCUMENTS = (
    "docs/*",
    "*.md",
    ".github/*",
    ".editorconfig",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CITATION.cff",
    "LICENSE",
)
# Programs that a test starts without importing them.
EXAMPLES = "tests/integration/contribute/test_examples.py"
STARTED = {
    "docs/contribute/*": EXAMPLES,
    "benchmarks/*": "tests/benchmarks/test_benchmarks.py",
    "dev": "tests/integration/test_dev.py",
    "buildtools/dev*": "tests/integration/test_dev.py",
    "buildtools/command_table.py": EXAMPLES,
    "buildtools/name_completion.py": EXAMPLES,
    "buildtools/reference.py": EXAMPLES,
    "docs/conf.py": "tests/integration/test_site.py",
    "docs/site/*": "tests/integration/test_site.py",
}
# Every test of a store runs all migrations: these tests look at a migration itself.
MIGRATIONS = "jupyter_ext/nbyard/store/migrations/versions/*.py"
MIGRATED = ("tests/unit/store/*", "tests/faults/test_migrations.py")
CASES = "tests/cases/*.json"  # read by pytest and by Jest
# The journeys that cover a little of everything.
BROAD = ("accessible", "first-run", "penguins", "from-shell", "reload")
RUNS = ("artifacts", "capture", "docker", "executables", "metrics", "pins", "results", "versions")
# The journeys that show what a folder does; all journeys show a folder that is missing here.
SHOWN = {
    # they follow from the OpenAPI document: the step `generated-typescript` compares them
    "src/api/routes.ts": (),
    "src/forms/schema/declared.ts": (),
    "src/api/schema.ts": (),
    "src/runs/*": RUNS,
    "src/panels/runs/*": RUNS,
    "src/spelling/*": ("spelling",),
    "jupyter_ext/nbyard/services/spelling/*": ("spelling",),
    "src/panels/artifacts/*": ("artifacts",),
    "src/panels/credentials/*": ("credentials",),
    "src/panels/datasets/*": ("datasets",),
    "src/panels/deployments/*": ("deployments", "endpoint", "jupyterlab"),
    "src/panels/environments/*": ("environments", "images"),
    "src/panels/executables/*": ("executables", "capture", "cwl"),
    "jupyter_ext/nbyard/domain/runs/*": RUNS,
    "jupyter_ext/nbyard/store/runs/*": RUNS,
    "jupyter_ext/nbyard/services/runs/*": RUNS,
    "jupyter_ext/nbyard/rest/openapi.json": (),  # the browser gets its types from it
    "jupyter_ext/nbyard/services/artifacts.py": ("artifacts",),
    "jupyter_ext/nbyard/services/credentials.py": ("credentials",),
    "jupyter_ext/nbyard/services/datasets/*": ("datasets",),
    "jupyter_ext/nbyard/services/environments/service.py": ("environments", "images"),
    "jupyter_ext/nbyard/cli/*": ("from-shell",),
    "jupyter_ext/nbyard/magics/*": ("magics",),
    "jupyter_ext/nbyard/importers/*": ("cwl",),
    "jupyter_ext/nbyard/serving/*": ("endpoint",),
    "jupyter_ext/nbyard/tabular/*": ("datasets", "results"),
    # ui-tests/lab/run.ts starts the engine of all journeys with them
    "tests/support/private_engine.py": ("*",),
    "tests/support/images.py": ("*",),
    "tests/support/kept_folders.py": ("*",),
    "tests/support/*": (),
    "jupyter_ext/nbyard/testing/*": (),
}


@dataclass
class Selection:
    """What has to run: everything, or test files, journeys and lints of some languages."""

    everything: str = ""  # why everything runs
    tests: set[str] = field(default_factory=set)
    lanes: set[str] = field(default_factory=set)  # that run as a whole
    journeys: set[str] = field(default_factory=set)
    specs: set[str] = field(default_factory=set)  # journeys that changed themselves
    typescript: set[str] = field(default_factory=set)  # changed sources, for Jest
    languages: set[str] = field(default_factory=set)  # python, typescript, documents


def changed_since(root: Path, revision: str) -> list[str]:
    """Return the files that differ from a revision of git, and untracked files.

    Raises:
        ValueError: the revision does not exist.
    """
    differing = _git(root, "diff", "--name-only", "--no-renames", revision, "--")
    return sorted({*differing, *_git(root, "ls-files", "--others", "--exclude-standard")})


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return done.stdout.splitlines()


def affected(graph: Graph, changed: Collection[str]) -> Selection:
    """Return what has to run for changed files, named from the root of the repository."""
    selection, python = Selection(), set()
    for name in changed:
        needed = _python_of(graph, name)
        mapped = _choose(selection, name)
        known = needed or (mapped and not name.startswith("jupyter_ext/"))
        if _matches(name, EVERYTHING):
            selection.everything = f"{name} may change anything"
        elif not (graph.root / name).exists():
            selection.everything = f"{name} is deleted"
        elif fnmatch(name, MIGRATIONS):
            selection.tests |= {test for test in graph.files if _is_migrated(test)}
            selection.lanes.add("postgresql")
        elif not known:
            selection.everything = f"no test reaches {name}"
        if selection.everything:
            return selection
        python |= needed
    needed = graph.affected(python)
    selection.tests |= {name for name in needed if _is_test(name)}
    for name in needed.union(changed):
        selection.tests |= {test for each, test in STARTED.items() if fnmatch(name, each)}
    pages = "".join(page.read_text() for page in (graph.root / "docs/contribute").glob("*.md"))
    if any(f"example: change {name} " in pages for name in changed):
        selection.tests.add(EXAMPLES)
    if selection.languages & {"python", "documents"}:
        selection.tests |= {name for name in graph.files if name.startswith("tests/architecture/t")}
    return selection


def _is_test(name: str) -> bool:
    return name.startswith("tests/") and PurePosixPath(name).name.startswith("test_")


def _is_migrated(name: str) -> bool:
    return _is_test(name) and _matches(name, MIGRATED)


def _python_of(graph: Graph, name: str) -> set[str]:
    """Return the Python files whose tests a change needs: the file itself, or its users.

    Users that mention the name count where imports do not exist: for files that are not Python, and
    for programs that a test starts by path.
    """
    if _matches(name, (*BROWSER, *STARTED)):
        return {name} & graph.files
    if any(_is_test(user) for user in graph.affected([name])):
        return {name}
    if name.startswith("jupyter_ext/") and name.endswith(".py"):
        return set()  # such as `python -m nbyard.dispatch`: too many files name `__main__.py`
    place = PurePosixPath(name)
    words = {place.name}
    if place.parts[0] not in FOLDERS:
        words |= {str(folder) for folder in place.parents if len(folder.parts) > 1}
    texts = {other: (graph.root / other).read_text() for other in graph.files}
    return {other for other, text in texts.items() if any(word in text for word in words)}


def _choose(selection: Selection, name: str) -> bool:
    """Add languages and journeys; return whether the map knows the file."""
    if name.endswith(".py"):
        selection.languages.add("python")
    if _matches(name, DOCUMENTS):
        selection.languages.add("documents")
    elif fnmatch(name, CASES):
        selection.typescript.add(name)
    elif name.startswith("ui-tests/journeys/"):
        selection.specs.add(PurePosixPath(name).name.split(".")[0])
        selection.languages.add("typescript")
    elif _matches(name, BROWSER):
        selection.languages.add("typescript")
        selection.typescript.add(name)
        selection.journeys |= set() if "__tests__" in name else _journeys(name)
    elif name.startswith(("jupyter_ext/", "ui-tests/", "examples/", "tests/support/")):
        selection.journeys |= set() if fnmatch(name, MIGRATIONS) else _journeys(name)
        selection.languages |= {"typescript"} if name == GENERATED_FROM else set()
    else:
        return _matches(name, STARTED)
    return True


def _journeys(name: str) -> set[str]:
    """Return the journeys that show a file; `*` means all."""
    shown = [journeys for pattern, journeys in SHOWN.items() if fnmatch(name, pattern)]
    return {*BROAD, *shown[0]} if shown else {"*"}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
