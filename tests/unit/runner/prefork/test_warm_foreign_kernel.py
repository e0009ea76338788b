"""Which kernels may be started before their attempt is known."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.runner.kernels import specifications
from nbyard.runner.prefork.warm_foreign_kernel import origin_of

LAUNCH = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
STANDS_BY: dict[str, dict[str, Any]] = {
    "another interpreter": {},
    "options of the interpreter": {"argv": ["{python}", "-Xfrozen_modules=off", *LAUNCH]},
    "variables of its own": {"env": {"COLOUR": "red", "PATH": "/opt/bin:${PATH}"}},
    "our own interpreter, with variables": {"argv": ["python", *LAUNCH], "env": {"A": "1"}},
    "jupyter_client's own way to start it": {
        "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner"}}
    },
}
DOES_NOT: dict[str, dict[str, Any]] = {
    "another kernel": {"argv": ["{python}", "-m", "xpython", "-f", "{connection_file}"]},
    "more words": {"argv": ["{python}", *LAUNCH, "--matplotlib=inline"]},
    "a wrapper": {"argv": ["{python}", "-m", "wrap", "{python}", *LAUNCH]},
    "a script that chooses the interpreter": {"argv": ["{script}", *LAUNCH]},
    "no such interpreter": {"argv": ["/nowhere/python", *LAUNCH]},
    "an interpreter that PATH chooses": {"argv": ["python4", *LAUNCH]},
    "another way to start it": {"metadata": {"kernel_provisioner": {"provisioner_name": "yarn"}}},
    "a variable that attempts have": {"env": {"CUDA_VISIBLE_DEVICES": "0"}},
    "a variable that is made of an attempt's": {"env": {"HERE": "${NBYARD_ATTEMPT}"}},
    "startup by variable": {"env": {"PYTHONSTARTUP": "/some/file.py"}},
    "a language that is not known": {"argv": ["julia", "kernel.jl", "{connection_file}"]},
}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An interpreter in an environment of its own, and an empty profile."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    (tmp_path / "environment" / "bin").mkdir(parents=True)
    (tmp_path / "environment" / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexec python3 $@\n")
    script.chmod(0o755)
    specifications.specifications.cache_clear()
    yield
    specifications.specifications.cache_clear()


def declare(folder: Path, **more: Any) -> None:
    spec = {"argv": ["{python}", *LAUNCH], "language": "python", "display_name": "other", **more}
    named = {"{python}": folder / "environment" / "bin" / "python", "{script}": folder / "script"}
    spec["argv"] = [str(named.get(word, word)) for word in spec["argv"]]
    place = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / "other" / "kernel.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(spec))


@pytest.mark.parametrize("name", STANDS_BY)
def test_a_foreign_kernel_can_wait_ready(tmp_path: Path, name: str) -> None:
    declare(tmp_path, **STANDS_BY[name])
    assert origin_of("other") is not None


@pytest.mark.parametrize("name", DOES_NOT)
def test_a_ready_kernel_is_started_for_its_attempt(tmp_path: Path, name: str) -> None:
    declare(tmp_path, **DOES_NOT[name])
    assert origin_of("other") is None


def test_a_missing_kernel_cannot_wait() -> None:
    assert origin_of("nobody-has-it") is None


@pytest.mark.parametrize(
    "name",
    [
        *("ipython/profile_default/ipython_config.py", "ipython/profile_default/startup/1.ipy"),
        *(
            "ipython/profile_default/ipython_kernel_config.json",
            "ipython/profile_default/startup/a.py",
        ),
        *("environment/etc/ipython/ipython_config.py", "environment/etc/ipython/startup/b.py"),
    ],
)
def test_startup_files_run_for_attempts(tmp_path: Path, name: str) -> None:
    declare(tmp_path)
    assert origin_of("other") is not None
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    assert origin_of("other") is None


def test_a_changed_kernel_is_not_reused(tmp_path: Path) -> None:
    declare(tmp_path)
    first = origin_of("other")
    assert origin_of("other") == first
    declare(tmp_path, env={"A": "1"})
    second = origin_of("other")
    python = tmp_path / "environment" / "bin" / "python"
    python.unlink()
    python.write_bytes(Path(os.path.realpath(sys.executable)).read_bytes()[:4])
    third = origin_of("other")
    assert None not in (first, second, third) and len({str(o) for o in (first, second, third)}) == 3
