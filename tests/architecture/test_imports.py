"""Heavy libraries are loaded by what needs them, never at start."""

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"
HEAVY = {"papermill", "docker", "distributed", "pandas", "polars"}


def added_by(statement: str, before: str = "pass") -> set[str]:
    """Top-level modules that `statement` adds to an interpreter that has run `before`."""
    code = f"import json, sys\n{before}\nbefore = set(sys.modules)\n{statement}\n"
    code += "print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy():
    added = added_by("import nbyard")
    assert not added & (
        HEAVY | {"sqlalchemy", "nbformat", "tornado", "jinja2", "fsspec", "click", "rich"}
    )
