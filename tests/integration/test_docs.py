"""The commands that the docs mark as run, run: in the folder of the example, on one store."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.testing.forked_shell import StoreShell

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# what the tutorial or the tests of these commands run, in other forms
PAGES = ["artifacts", "export", "jupyter-scheduler", "lineage", "projects", "schedules", "shell"]
PAGES += ["store", "triggers"]
RUNS_MORE = {f"how-to/{name}.md" for name in PAGES}
RUN = re.compile(r"<!-- run(?:: exit (\d))? -->\n```\n(.*?)```", re.DOTALL)


@pytest.fixture
def penguins(tmp_path: Path) -> Path:
    """The example in a folder of its own, with a project of NB Workflows."""
    shutil.copytree(ROOT / "examples/penguins", tmp_path / "penguins")
    shutil.copytree(ROOT / "examples/nb-workflows", tmp_path / "penguins" / "cellar")
    subprocess.run([sys.executable, "get_data.py"], cwd=tmp_path / "penguins", check=True)
    return tmp_path / "penguins"


def marked() -> Iterator[tuple[str, str, int]]:
    for page in sorted(DOCS.rglob("*.md")):
        for code, block in RUN.findall(page.read_text()):
            for line in block.splitlines():
                yield str(page.relative_to(DOCS)), line, int(code or 0)


@pytest.mark.parametrize(
    "left_out",
    [
        pytest.param(RUNS_MORE, marks=pytest.mark.timeout(300), id="some"),
        pytest.param(set(), marks=(pytest.mark.long, pytest.mark.timeout(1200)), id="all"),
    ],
)
def test_what_is_marked_as_run_runs(
    penguins: Path, store_shell: StoreShell, left_out: set[str]
) -> None:
    """G2, R1: the pages' own commands, in their order, on one store."""
    lines = sorted(marked(), key=lambda line: not line[0].startswith("tutorial"))
    assert left_out < {page for page, _, _ in lines}
    lines = [line for line in lines if line[0] not in left_out]
    for page, line, code in lines:
        said = store_shell(*shlex.split(line)[1:], folder=penguins)
        assert said.code == code, f"{page}: {line}\n{said.out}\n{said.err}"
