"""How kernels of R are known, and what is written for them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.runner.kernels import specifications
from nbyard.runner.prefork.warm_foreign_kernel import LANGUAGES, Origin, origin_of

RUN = ["-e", "IRkernel::main()", "--args", "{connection_file}"]
STANDS_BY: dict[str, dict[str, Any]] = {
    "found in PATH": {},
    "named by its path": {"argv": ["{R}", "--slave", *RUN]},
    "as newer ones have it": {"argv": ["R", "--no-echo", "--no-save", *RUN]},
    "no option": {"argv": ["R", *RUN]},
    "variables of its own": {"env": {"COLOUR": "red"}},
}
DOES_NOT: dict[str, dict[str, Any]] = {
    "other code": {"argv": ["R", "-e", "setwd('x'); IRkernel::main()", *RUN[2:]]},
    "code before": {"argv": ["R", "-e", "source('x.R')", *RUN]},
    "an option that is not known": {"argv": ["R", "--file=x.R", *RUN]},
    "a script that chooses R by the directory": {"argv": ["{shim}", "--slave", *RUN]},
    "a path from the directory": {"argv": ["bin/R", "--slave", *RUN]},
    "no such program": {"argv": ["/nowhere/R", "--slave", *RUN]},
    "searched in the directory": {"env": {"PATH": "bin:/usr/bin"}},
    "searched in a place that is told later": {"env": {"PATH": "${HOME}/bin:/usr/bin"}},
    "a profile by variable": {"env": {"R_PROFILE_USER": "/some/file.R"}},
    "variables by variable": {"env": {"R_ENVIRON_USER": "names"}},
    "a variable that attempts have": {"env": {"HERE": "${NBYARD_ATTEMPT}"}},
}


@pytest.fixture(autouse=True)
def r(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Its home; its user has an empty one."""
    home, first = tmp_path / "lib" / "R", tmp_path / "bin"
    (home / "bin" / "exec").mkdir(parents=True)
    (home / "bin" / "exec" / "R").write_bytes(b"\x7fELF")
    for folder, text in ((home / "bin", f"R_HOME_DIR={home}\n"), (first, f'R_HOME_DIR="{home}"\n')):
        folder.mkdir(exist_ok=True)
        place_script(folder / "R", text)
    place_script(tmp_path / "shim", 'exec "$(cat .version)/R" "$@"\n')
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{first}:/usr/bin")
    specifications.specifications.cache_clear()
    yield home
    specifications.specifications.cache_clear()


def place_script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def declared(folder: Path, **more: Any) -> Origin | None:
    spec = {"argv": ["R", "--slave", *RUN], "language": "R", "display_name": "R", **more}
    named = {"{R}": folder / "lib" / "R" / "bin" / "R", "{shim}": folder / "shim"}
    spec["argv"] = [str(named.get(word, word)) for word in spec["argv"]]
    place = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / "ir" / "kernel.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(spec))
    return origin_of("ir")


@pytest.mark.parametrize("name", STANDS_BY)
def test_a_kernel_of_another_language_can_wait_ready(tmp_path: Path, name: str) -> None:
    origin = declared(tmp_path, **STANDS_BY[name])
    assert origin is not None and origin.language.name == "R"


@pytest.mark.parametrize("name", DOES_NOT)
def test_a_ready_kernel_is_started_for_its_attempt(tmp_path: Path, name: str) -> None:
    assert declared(tmp_path, **DOES_NOT[name]) is None


@pytest.mark.parametrize("name", [".Rprofile", ".Renviron", ".Rprofile.x86_64"])
def test_startup_files_of_the_user_run_for_attempts(tmp_path: Path, name: str) -> None:
    assert declared(tmp_path) is not None
    (tmp_path / "home" / name).touch()
    assert origin_of("ir") is None


def test_a_changed_kernel_is_not_reused(tmp_path: Path, r: Path) -> None:
    first = declared(tmp_path)
    assert origin_of("ir") == first
    (r / "bin" / "exec" / "R").write_bytes(b"\x7fELF2")
    second = origin_of("ir")
    place_script(tmp_path / "bin" / "R", f"# newer\nR_HOME_DIR={r}\n")
    third = origin_of("ir")
    assert None not in (first, second, third) and len({str(o) for o in (first, second, third)}) == 3


def test_texts_are_sent_as_bytes() -> None:
    _, of_r = LANGUAGES
    told = {"directory": "/a'b", "environment": {"A": "é", "B": "", "GONE": None}}
    code = of_r.request(told, {140737488347136: "ab"})["code"]
    _, _, words = code.rpartition("}\n)(")
    assert words == (
        "c(rawToChar(as.raw(c(47, 97, 39, 98)))),"
        " c(rawToChar(as.raw(c(65))), rawToChar(as.raw(c(66)))),"
        " c(rawToChar(as.raw(c(195, 169))), rawToChar(as.raw(c()))),"
        " c(rawToChar(as.raw(c(71, 79, 78, 69)))),"
        " c(140737488347136), c(rawToChar(as.raw(c(97, 98)))))"
    )


def test_replies_are_hexadecimal() -> None:
    _, of_r = LANGUAGES
    assert of_r.answer({"status": "ok"}, "34 32 0a 2f c3 a9") == [42, ["/é"]]
    with pytest.raises(ValueError):
        of_r.answer({"status": "error", "evalue": "not TRUE"}, "34 32")
    with pytest.raises(ValueError):
        of_r.answer({"status": "ok"}, "")
