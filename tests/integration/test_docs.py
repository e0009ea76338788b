"""The commands of README and of all pages run as written, in the order of their page.

A comment before a block of commands says how it runs:

<!-- run -->, <!-- run: exit 1 -->, <!-- run: exit 0 or 1 -->   in the folder of the example
<!-- run: docker -->      tests/integration/docker runs it
<!-- not run: REASON -->   the block needs what a check does not have
<!-- file: NAME -->        the block is the content of that file
<!-- before … -->          commands that prepare what the page takes for granted
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.forked_shells import StoreShell

pytestmark = pytest.mark.first
ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SCENES = Path(__file__).with_name("docs_scenes")
README, TUTORIAL = ROOT / "README.md", DOCS / "tutorial/penguins.md"
PAGES = [README, *sorted((DOCS / "how-to").glob("*.md"))]
PAGES += sorted({*(DOCS / "tutorial").glob("*.md")} - {TUTORIAL})
# what the tutorial or the tests of these commands run, in other forms
LONG = {"artifacts", "check-run", "compare", "cwl", "export", "jupyter-scheduler", "lineage"}
LONG |= {"automations", "notifications", "papermill", "projects", "shell", "store"}
PART = re.compile(
    r"^ *<!-- before\n(?P<before>.*?)-->"
    r"|(?:^ *<!-- (?P<mark>(?:not )?(?:run|file)\b[^\n]*?) -->\n)?"
    r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^ *(?:\$ |%?nbyard |%load_ext )", re.MULTILINE)
SHELL_WORDS = re.compile(r"[|<>;&$`{]|^\w+=|^(?!nbyard )")
# Commands in the rows of README.
INLINE = re.compile(r"`%?(nbyard [^`]*)`")
ELSEWHERE = {
    "nbyard doctor": "finds what this machine lacks",
    "nbyard environments create": "needs a package index",
    "nbyard models deploy": "needs a Docker engine",
    "nbyard deployments": "needs a Docker engine",
    "nbyard dataset ": "a magic only",
    "nbyard why": "a magic only",
    "nbyard schedule ": "a magic only",
    "nbyard deploy ": "a magic only",
    "nbyard runs log -f": "follows a live run",
    "nbyard automations create report.ipynb --on-dataset sales": "needs a dataset of that name",
}
REFUSED = "nbyard contracts accept"  # no output broke its contract


class Block(NamedTuple):
    """A part of a page: its preparation, a file, or commands with the expected exit codes."""

    mark: str
    language: str
    text: str

    @property
    def runs_here(self) -> bool:
        return self.mark.startswith("run") and self.mark != "run: docker"

    @property
    def codes(self) -> list[int]:
        return [int(code) for code in re.findall(r"\d", self.mark)] or [0]

    @property
    def lines(self) -> list[str]:
        """Return the commands, without prompts and output."""
        lines = [line.strip() for line in self.text.replace("\\\n", " ").splitlines()]
        prompted = [line[2:] for line in lines if line.startswith("$ ")]
        return prompted or [line for line in lines if line and not line.startswith("#")]


def blocks_of(page: Path) -> Iterator[Block]:
    for part in PART.finditer(page.read_text()):
        if part["before"] is not None:
            yield Block("before", "", part["before"])
        else:
            yield Block(part["mark"] or "", part["language"], part["text"])


@pytest.fixture
def penguins(tmp_path: Path) -> Path:
    """Copy the example into a folder of its own, with a project of NB Workflows."""
    shutil.copytree(ROOT / "examples/penguins", tmp_path / "penguins")
    shutil.copytree(ROOT / "examples/nb-workflows", tmp_path / "penguins" / "cellar")
    return tmp_path / "penguins"


def run_block(block: Block, folder: Path, shell: StoreShell, page: str) -> None:
    if any(SHELL_WORDS.search(line) for line in block.lines):
        own = {"NBYARD_STORE_DIR": str(shell.store), "SCENES": str(SCENES)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ec", "\n".join(block.lines)],
            cwd=folder,
            env={**os.environ, **own, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in block.codes, f"{page}: {block.text}\n{done.stdout}{done.stderr}"
        return
    for line in block.lines:
        said = shell(*shlex.split(line, comments=True)[1:], folder=folder)
        assert said.code in block.codes, f"{page}: {line}\n{said.out}\n{said.err}"


def run_page(page: Path, folder: Path, shell: StoreShell) -> None:
    for block in blocks_of(page):
        if block.mark.startswith("file: "):
            (folder / block.mark.removeprefix("file: ")).write_text(block.text)
        elif block.runs_here or block.mark == "before":
            run_block(block, folder, shell, page.name)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=page.stem,
            marks=[pytest.mark.timeout(600), *([pytest.mark.long] if page.stem in LONG else [])],
        )
        for page in PAGES
        if any(block.runs_here for block in blocks_of(page))
    ],
)
def test_commands_of_each_page_run(page: Path, penguins: Path, store_shell: StoreShell) -> None:
    """In their order, on one store."""
    run_page(page, penguins, store_shell)


def commands_of_readme() -> list[str]:
    """Return the commands in the rows of README that run here."""
    rows = re.findall(r"^\| \*\*.*", README.read_text(), re.MULTILINE)
    commands = INLINE.findall("\n".join(rows))
    return [command for command in commands if not command.startswith(tuple(ELSEWHERE))]


def test_the_commands_of_the_tutorial_and_of_readme_run(
    penguins: Path, store_shell: StoreShell
) -> None:
    """On one store, as readers type them. README has two of the runs of the tutorial."""
    subprocess.run([sys.executable, "get_data.py"], cwd=penguins, check=True)
    run_page(TUTORIAL, penguins, store_shell)
    for command in commands_of_readme():
        if "--sweep" not in command:
            mark = "run: exit 1" if command.startswith(REFUSED) else "run"
            run_block(Block(mark, "", command), penguins, store_shell, README.name)


@pytest.mark.long  # the page on maps has sweeps, too
def test_the_sweep_of_readme_runs(penguins: Path, store_shell: StoreShell) -> None:
    (sweep,) = (command for command in commands_of_readme() if "--sweep" in command)
    run_block(Block("run", "", sweep), penguins, store_shell, README.name)
