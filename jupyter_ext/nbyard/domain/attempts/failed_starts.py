"""Hints for runs whose program could not start, or that failed because of the form of its file."""

import re
from collections.abc import Iterator

from nbyard.domain.attempts.structs import Failure
from nbyard.domain.commands.command_line import FILE
from nbyard.domain.commands.interpreters import description_hints, read_start, shebang, start_hints
from nbyard.reasons.structs import Reason, because

MISSING = "program-missing"
NOT_EXECUTABLE = "program-not-executable"
NOT_RUNNABLE = "program-not-runnable"
# What engines print when the program of a container does not start.
ENGINE_SIGNS = {
    "exec format error": NOT_RUNNABLE,
    "permission denied": NOT_EXECUTABLE,
    "executable file not found": MISSING,
    "no such file or directory": MISSING,
}
# Messages of the loaders of glibc and musl, and of a C or C++ library that is too old.
LIBRARIES = (
    re.compile(r"error while loading shared libraries: ([^\s:]+): cannot open"),
    re.compile(r"Error loading shared library ([^\s:]+): No such file"),
    re.compile(r"version [`']((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found"),
)
# the processors of ELF files (e_machine)
MACHINES = {
    3: "x86",
    21: "PowerPC",
    22: "S390",
    40: "ARM",
    62: "x86-64",
    183: "ARM64",
    243: "RISC-V",
}
ELF, MACH_O, WINDOWS = b"\x7fELF", (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"), b"MZ"
# the program that the system loads first for a dynamically linked program (PT_INTERP)
LOADER = re.compile(rb"(/[\w./+-]*/ld[\w.+-]*\.so[\w.]*)\0")
BIG_ENDIAN = 2  # in byte 5 of ELF files (EI_DATA)
HEADER_BYTES = 1 << 16


def start_hint(name: str, content: bytes, failure: Failure) -> Reason | None:
    """Explain why a program did not start, or return None.

    `name` and `content` are those of the executable's file. After an exit code, the program has
    started. Then only missing libraries and the form of a script are checked.
    """
    if failure.kind == "exit-code":
        matches = (pattern.search(failure.traceback) for pattern in LIBRARIES)
        if library := next(filter(None, matches), None):
            return because("library-missing", library=library[1])
        return next(iter(start_hints(name, content, read_start(name, content))), None)
    params = failure.reason.params
    program = str(params.get("program") or params.get("message") or "")
    code, message = failure.reason.code, str(params.get("message", "")).lower()
    if code == "engine-refused":  # engines report a failed start in their own words
        # Engines report a missing mount in the same words. Messages about programs contain `exec`.
        signs = ENGINE_SIGNS if "exec" in message else {}
        code = next((code for sign, code in signs.items() if sign in message), "")
    if code == NOT_RUNNABLE:
        return next(_why_format(name, content), None)
    if code == NOT_EXECUTABLE and _is_named(program, name):
        # The processor of a Linux program is not known to be wrong here.
        wrong = None if content.startswith(ELF) else next(_why_format(name, content), None)
        return wrong or because("set-executable", name=name)
    if code == NOT_EXECUTABLE:
        return next(_why_interpreter(name, content, program), None)
    return next(_why_missing(name, content, program), None) if code == MISSING else None


def _why_missing(name: str, content: bytes, program: str) -> Iterator[Reason]:
    """Yield why there is no such program: the file's interpreter or loader is missing."""
    if _is_named(program, name):
        loader = LOADER.search(content[:HEADER_BYTES]) if content.startswith(ELF) else None
        if loader:
            yield because("loader-missing", name=name, loader=loader[1].decode())
        interpreter, (first, *_) = shebang(content), content.split(b"\n", 1)
        if interpreter and first.endswith(b"\r"):
            yield because("windows-line-ends", name=name, language=interpreter[0])
        elif interpreter:
            yield because("shebang-unusable", name=name, program=interpreter[0])
    yield from _why_interpreter(name, content, program)


def _why_interpreter(name: str, content: bytes, program: str) -> Iterator[Reason]:
    """Yield where the name of an unusable interpreter comes from."""
    chosen = read_start(name, content).command[0]
    if chosen != FILE and _is_named(program, chosen):
        code = "shebang-unusable" if shebang(content) else "suffix-program-missing"
        yield because(code, name=name, program=chosen)


def _why_format(name: str, content: bytes) -> Iterator[Reason]:
    """Yield why this system cannot execute the file."""
    start = read_start(name, content)
    # The processor is in bytes 18 and 19, in the byte order that byte 5 names.
    if content.startswith(ELF) and len(content) > 20:
        is_big = content[5] == BIG_ENDIAN
        machine = MACHINES.get(int.from_bytes(content[18:20], "big" if is_big else "little"))
        if machine:
            yield because("binary-of-processor", name=name, processor=machine)
    elif content.startswith(MACH_O):
        yield because("binary-of-system", name=name, system="macOS")
    elif content.startswith(WINDOWS):
        yield because("binary-of-system", name=name, system="Windows")
    else:
        yield from start_hints(name, content, start)
        if start.command == [FILE]:
            yield from description_hints(name, content, start)


def _is_named(program: str, name: str) -> bool:
    """Return whether a path, or the message of an engine, names this program."""
    return program == name or program.endswith(f"/{name}") or f'{name}"' in program
