"""Worked examples of docs/contribute: read from a page, laid over a copy of the sources, and run.

A comment before a fenced block says what the block is:

    <!-- example: file PATH -->    the whole new file
    <!-- example: change PATH -->  a change of an existing file, written as a diff
    <!-- example: run -->          commands with what they print; `…` stands for any text
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs/contribute"
SOURCES = "jupyter_ext/nbyard"
BLOCK = re.compile(
    r"^(?P<indent> *)<!-- example: (?P<act>file|change|run)(?: (?P<path>\S+))? -->\n+"
    r"(?P<body>(?P=indent)(?P<fence>```+)\w*\n.*?^(?P=indent)(?P=fence))$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"^ *<!-- example:", re.MULTILINE)
COMMAND = re.compile(r"^\$ ", re.MULTILINE)
PATIENCE_SECONDS = 300
STOP = """
import sys, pathlib
sys.path.append(sys.argv[2])
import tests.support.forked_shells as forked
forked.StoreShell(None, pathlib.Path(sys.argv[1])).close()
"""


class Block(NamedTuple):
    """One marked block of a page; `path` is empty for commands."""

    act: str
    path: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the marked blocks of a page, in order."""
    text = (PAGES / page).read_text("utf-8")
    found = list(BLOCK.finditer(text))
    assert len(found) == len(MARK.findall(text)), f"{page} has a mark without a block"
    return [Block(one["act"], one["path"] or "", _inside(one)) for one in found]


def _inside(found: re.Match[str]) -> str:
    lines = textwrap.dedent(found["body"]).split("\n")
    return "\n".join(lines[1:-1]) + "\n"


def changed(text: str, diff: str) -> str:
    """Apply a diff whose hunks, separated by `@@`, each fit one place of a text."""
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines()
        old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        if lines:
            assert text.count(old) == 1, f"fits {text.count(old)} places:\n{hunk}"
            text = text.replace(old, new)
    return text


class Workspace:
    """A folder in which the example of one page is written and run."""

    def __init__(self, folder: Path, page: str):
        self.folder = folder
        self.store = folder / "store"
        self._blocks = blocks(page)
        self.environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith("NBYARD_")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "NBYARD_STORE_DIR": str(self.store),
            "NBYARD_PREPARED_PARENT": "0",
        }

    def copy(self, *paths: str) -> None:
        """Copy files and folders of the repository, with their times: bytecode stays valid."""
        for path in paths:
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_dir():
                shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("labextension"))
            else:
                shutil.copy2(ROOT / path, target)

    def copy_sources(self, *more: str) -> None:
        """Copy the Python package and what its tests need, and let programs use that copy."""
        self.copy(SOURCES, "pyproject.toml", "tests/conftest.py", "tests/support", *more)
        self._import_from(self.folder / "jupyter_ext")

    def copy_browser(self) -> None:
        """Copy the sources of the browser, with what their tools and tests need."""
        ends = ("*.js", "*.mjs", "*.json", ".prettier*")
        settings = (path.name for end in ends for path in ROOT.glob(end))
        self.copy("src", "schema", "scripts", "style", "tests/cases", *settings)
        (self.folder / "node_modules").symlink_to(ROOT / "node_modules")

    def lay(self) -> list[Path]:
        """Write the files and changes of the page, and return their paths."""
        laid = []
        for act, path, text in self._blocks:
            target = self.folder / path
            if act == "file":
                assert not target.exists(), f"{path} is there already: choose another example"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
            elif act == "change":
                target.write_text(changed(target.read_text("utf-8"), text), "utf-8")
            else:
                continue
            laid.append(target)
        return list(dict.fromkeys(laid))

    def install(self) -> None:
        """Register the entry points of the laid pyproject.toml, as pip would."""
        project = tomllib.loads((self.folder / "pyproject.toml").read_text("utf-8"))["project"]
        info = self.folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(head)
        lines = []
        for group, points in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        self._import_from(self.folder)

    def _import_from(self, place: Path) -> None:
        self.environment["PYTHONPATH"] = str(place)

    def call(self, *words: str) -> str:
        """Run a command in the folder, and return what it prints."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(words)} failed:\n{done.stdout}"
        return done.stdout

    def pytest(self, *paths: str) -> str:
        """Run tests of the folder with the plug-ins of nbyard."""
        # In a folder of its own: pytest would tidy the shared one, and other programs work in it.
        plain = ("-p", "nbyard.testing.plugin", "-p", "no:cacheprovider", "-p", "no:randomly")
        scratch = f"--basetemp={self.folder / 'scratch'}"
        return self.call(sys.executable, "-m", "pytest", "-q", *plain, scratch, *paths)

    def lint(self, *paths: Path) -> None:
        """Hold the Python files of an example to the lints of this repository."""
        files = [str(path) for path in paths if path.suffix == ".py"]
        rules = ("--config", str(ROOT / "pyproject.toml"), "--no-cache")
        self.call("ruff", "check", *rules, *files)
        self.call("ruff", "format", "--check", *rules, *files)

    def lint_browser(self, paths: Iterable[Path]) -> None:
        """Check format, rules and types of the TypeScript files of an example."""
        files = [str(path) for path in paths if path.suffix in (".ts", ".tsx")]
        self.call("npx", "prettier", "--check", *files)
        self.call("npx", "eslint", *(file for file in files if ".spec." not in file))
        self.call("node", str(Path(__file__).with_name("types.cjs")), *files)

    def run(self) -> None:
        """Run the commands of the page, and compare what they print."""
        for command, expected in self.commands():
            printed = self.call("bash", "-euo", "pipefail", "-c", command)
            assert fits(expected, printed), f"{command} printed:\n{printed}"

    def close(self) -> None:
        """Stop the dispatcher that the commands started, with the schema of the example."""
        if (self.store / "dispatcher.log").exists():
            self.call(sys.executable, "-c", STOP, str(self.store), str(ROOT))

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command of the page, with what the page says it prints."""
        for block in self._blocks:
            if block.act == "run":
                starts = [*(one.start() for one in COMMAND.finditer(block.text)), len(block.text)]
                for start, end in pairwise(starts):
                    command, _, expected = block.text[start + 2 : end].partition("\n")
                    yield command, expected


def fits(expected: str, printed: str) -> bool:
    """Return whether a text is what a page shows; `…` stands for any text."""
    shown = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(shown, printed.strip(), re.DOTALL) is not None
