"""The commands that the docs mark as run, run: in the folder of the example, on one store."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN = re.compile(r"<!-- run(?:: exit (\d))? -->\n```\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in a folder of its own."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples/penguins", folder / "penguins")
    subprocess.run([sys.executable, "get_data.py"], cwd=folder / "penguins", check=True)
    return folder / "penguins"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {
        **os.environ,
        "NBYARD_STORE_DIR": str(folder.parent / "store"),
        "NBYARD_IDLE_SECONDS": "2",
    }
    words = [sys.executable, "-m", "nbyard.cli.main", *shlex.split(command)[1:]]
    return subprocess.run(
        words, cwd=folder, env=variables, capture_output=True, text=True, timeout=100, check=False
    )


def marked() -> Iterator[tuple[str, str, int]]:
    for page in sorted(DOCS.rglob("*.md")):
        for code, block in RUN.findall(page.read_text()):
            for line in block.splitlines():
                yield str(page.relative_to(DOCS)), line, int(code or 0)


@pytest.mark.timeout(300)
def test_what_is_marked_as_run_runs(penguins):
    """G2, R1: the pages' own commands, in their order, on one store."""
    lines = sorted(marked(), key=lambda line: not line[0].startswith("tutorial"))
    assert lines
    for page, line, code in lines:
        done = shell(line, penguins)
        assert done.returncode == code, f"{page}: {line}\n{done.stdout}\n{done.stderr}"
