"""Scripts and binaries as executables."""

import ast
import hashlib
import shlex
import warnings
from typing import Any

from nbyard.domain.attempts import CommandWork, ExitCodes
from nbyard.domain.commands import FILE, build_argv, expand_file, secret_variables
from nbyard.domain.environments import EnvironmentRef
from nbyard.domain.handed import MARK, handed_values
from nbyard.domain.invocations import ATTEMPT, TEMPORARY, WORK
from nbyard.domain.scripts import Script, read_script
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading

PYTHON = "python3"
# Suffix: language and how the file is started.
STARTS: dict[str, tuple[str, list[str]]] = {
    ".py": ("python", [PYTHON, FILE]),
    ".sh": ("sh", ["sh", FILE]),
    ".bash": ("bash", ["bash", FILE]),
    ".r": ("R", ["Rscript", FILE]),
    ".jl": ("julia", ["julia", FILE]),
    ".js": ("javascript", ["node", FILE]),
    ".pl": ("perl", ["perl", FILE]),
    ".rb": ("ruby", ["ruby", FILE]),
}
INTERPRETERS = {"python": "python", "python3": "python", "sh": "sh", "bash": "bash", "Rscript": "R"}
BINARIES = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
MAX_SHEBANG = 256
# What a command in a folder of its own finds (CWL v1.2, section 4.2 "Runtime environment").
APART = {"HOME": f"{ATTEMPT}/{WORK}", "TMPDIR": f"{ATTEMPT}/{TEMPORARY}"}


class CommandKind:
    name = "command"
    suffixes: tuple[str, ...] = tuple(STARTS)
    keeps_arguments = False

    def read(self, name: str, content: bytes) -> Reading:
        """How the file is started, and what a Python script takes by argparse or click. Else that
        is told by people, or by a description file."""
        language, command = _start(name, content)
        script = _script(name, content) if language == "python" else Script()
        return Reading(self.name, language, "", script.arguments, script.hints, command=command)

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> CommandWork:
        """The command line; a Python script is started by the environment's interpreter."""
        prefix = list(reading.command)
        if not prefix and not reading.invocation.words:
            raise Invalid.field("command", "it is not known how to start this file")
        if prefix[:1] == [PYTHON] and environment.interpreter:
            prefix[0] = environment.interpreter
        told = reading.invocation
        words = expand_file(prefix, file)
        line = build_argv(words, reading.arguments, values, told, reading.facts)
        secrets = secret_variables(reading.arguments, line.environment)
        plain = {n: value for n, value in line.environment.items() if n not in secrets}
        return CommandWork(
            line.argv,
            plain | (APART if told.apart else {}),
            line.stdin,
            line.stdout,
            line.stderr,
            list(line.files),
            ExitCodes(told.success_codes, told.temporary_codes, told.permanent_codes),
            handed=handed_values(reading.arguments, values),
            secrets=secrets,
        )

    def code_digest(self, content: bytes) -> str:
        return "sha256:" + hashlib.sha256(content).hexdigest()


def _start(name: str, content: bytes) -> tuple[str, list[str]]:
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in STARTS:
        language, command = STARTS[suffix]
        return language, list(command)
    if content.startswith(BINARIES):
        return "", [FILE]
    return _shebang(content) or ("", [FILE])


def _shebang(content: bytes) -> tuple[str, list[str]] | None:
    """The interpreter that the first line names, so that no executable bit is needed."""
    line = content[:MAX_SHEBANG].split(b"\n", 1)[0]
    if not line.startswith(b"#!"):
        return None
    try:
        words = shlex.split(line[2:].decode())
    except (UnicodeDecodeError, ValueError):
        return None
    if words and words[0].rpartition("/")[2] == "env":
        words = [word for word in words[1:] if word != "-S"]
    if not words:
        return None
    program = words[0].rpartition("/")[2]
    language = INTERPRETERS.get(program, program)
    if language == "python":
        words[0] = PYTHON
    return language, [*words, FILE]


def _script(name: str, content: bytes) -> Script:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_script(ast.parse(content, name), names_us=MARK in content)
    except SyntaxError as error:
        return Script(hints=[f"{name}, line {error.lineno or 1}: {error.msg}"])
    except (ValueError, RecursionError, MemoryError) as error:
        words = str(error) or type(error).__name__
        return Script(hints=[f"{name} cannot be read as Python: {words}"])
