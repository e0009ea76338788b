"""A failed run shows why the program could not start, as far as its file shows it."""

from typing import Literal

import pytest

from nbyard.domain.attempts.failed_starts import start_hint
from nbyard.domain.attempts.structs import Failure
from nbyard.reasons.structs import Reason, because

PATH = "/store/attempts/1/code/"


def not_started(code: str, program: str) -> Failure:
    return Failure("preparation", because(code, program=program))


def exited(code: int, last_lines: str = "") -> Failure:
    reason = because("command-exited", exit_code=code)
    return Failure("exit-code", reason, exit_code=code, traceback=last_lines)


def refused(message: str) -> Failure:
    return Failure("preparation", because("engine-refused", message=message))


def elf(machine: int, loader: bytes = b"", *, is_big: bool = False) -> bytes:
    order: Literal["big", "little"] = "big" if is_big else "little"
    head = b"\x7fELF\x02" + (b"\x02" if is_big else b"\x01") + bytes(12)
    return head + machine.to_bytes(2, order) + bytes(44) + (loader + b"\0" if loader else b"")


def test_windows_line_ends_explain_an_exit_code_and_a_missing_program() -> None:
    script = b"#!/bin/bash\r\nset -e\r\n"
    expected = because("windows-line-ends", name="a.sh", language="bash")
    assert start_hint("a.sh", script, exited(2)) == expected
    # a command of its own starts the file directly
    expected = because("windows-line-ends", name="run", language="/bin/tool")
    missing = not_started("program-missing", f"{PATH}run")
    assert start_hint("run", b"#!/bin/tool\r\n", missing) == expected


@pytest.mark.parametrize(
    ("name", "script", "program"),
    [
        ("a.sh", b"#!/opt/none/tool -x\n", "/opt/none/tool"),
        ("run", b"#!/usr/bin/env nowhere\n", "nowhere"),
    ],
)
def test_the_first_line_names_a_missing_program(name: str, script: bytes, program: str) -> None:
    expected = because("shebang-unusable", name=name, program=program)
    assert start_hint(name, script, not_started("program-missing", program)) == expected
    assert start_hint(name, script, not_started("program-not-executable", program)) == expected
    own = not_started("program-missing", f"{PATH}{name}")
    assert start_hint(name, script, own) is not None


def test_the_suffix_chose_a_missing_program() -> None:
    missing = not_started("program-missing", "julia")
    expected = because("suffix-program-missing", name="a.jl", program="julia")
    assert start_hint("a.jl", b"println(1)", missing) == expected


def test_another_missing_program_is_not_the_fault_of_the_file() -> None:
    assert start_hint("a.jl", b"println(1)", not_started("program-missing", "mpirun")) is None
    other = because("program-not-started", program="sh", error="no")
    assert start_hint("a.sh", b"echo 1", Failure("preparation", other)) is None


def test_a_binary_lacks_its_loader_or_a_library() -> None:
    loader = b"/lib/ld-musl-x86_64.so.1"
    missing = not_started("program-missing", "fit")
    expected = because("loader-missing", name="fit", loader=loader.decode())
    assert start_hint("fit", elf(62, loader), missing) == expected
    assert start_hint("fit", elf(62), missing) is None


@pytest.mark.parametrize(
    ("code", "line", "library"),
    [
        (
            127,
            "fit: error while loading shared libraries: libgsl.so.27: cannot open shared object"
            " file: No such file or directory",
            "libgsl.so.27",
        ),
        (127, "Error loading shared library libm.so.6: No such file or directory", "libm.so.6"),
        (1, "fit: /lib/libc.so.6: version `GLIBC_2.38' not found (required by fit)", "GLIBC_2.38"),
    ],
)
def test_a_library_is_missing(code: int, line: str, library: str) -> None:
    expected = because("library-missing", library=library)
    assert start_hint("fit", elf(62), exited(code, f"one\n{line}\n")) == expected


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (elf(183), because("binary-of-processor", name="fit", processor="ARM64")),
        (elf(22, is_big=True), because("binary-of-processor", name="fit", processor="S390")),
        (b"\xcf\xfa\xed\xfe", because("binary-of-system", name="fit", system="macOS")),
        (b"MZ\x90", because("binary-of-system", name="fit", system="Windows")),
        (b"echo one\n", because("script-names-no-program", name="fit")),
    ],
)
def test_the_system_cannot_execute_the_file(content: bytes, hint: Reason) -> None:
    assert start_hint("fit", content, not_started("program-not-runnable", f"{PATH}fit")) == hint


def test_the_executable_bit_is_missing() -> None:
    failure = not_started("program-not-executable", "fit")
    assert start_hint("fit", elf(62), failure) == because("set-executable", name="fit")
    windows = because("binary-of-system", name="fit", system="Windows")
    assert start_hint("fit", b"MZ\x90", failure) == windows


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        (
            "a.jl",
            b"println(1)",
            'exec: "julia": executable file not found in $PATH: unknown',
            because("suffix-program-missing", name="a.jl", program="julia"),
        ),
        (
            "fit",
            elf(183),
            'exec: "/work/code/fit": exec format error: unknown',
            because("binary-of-processor", name="fit", processor="ARM64"),
        ),
        (
            "fit",
            elf(62),
            'exec: "/work/code/fit": permission denied: unknown',
            because("set-executable", name="fit"),
        ),
        ("a.jl", b"println(1)", "no such file or directory: /mnt", None),
    ],
)
def test_an_engine_refuses_to_start_the_program(
    name: str, content: bytes, message: str, hint: Reason | None
) -> None:
    assert start_hint(name, content, refused(message)) == hint


def test_a_program_that_failed_by_itself_gets_no_hint() -> None:
    assert start_hint("a.sh", b"#!/bin/sh\nexit 3\n", exited(3, "no data\n")) is None
    assert start_hint("fit", elf(62), exited(127, "sh: wc: not found")) is None
    raised = Failure("error", because("raised", name="OSError", text="no"))
    assert start_hint("a.sh", b"#!/bin/sh\r\n", raised) is None
