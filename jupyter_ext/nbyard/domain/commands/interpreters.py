"""How scripts and binaries are started: by their first line (`#!`), else by their suffix."""

import re
import shlex

import msgspec

from nbyard.domain.commands.command_line import FILE
from nbyard.reasons.structs import Reason, because, text_reason

PYTHON = "python3"
# Suffix: language and command.
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
SOURCES = frozenset({*STARTS, ".ipynb", ".so"})
LANGUAGES = {"Rscript": "R", "node": "javascript"}
PYTHONS = re.compile(r"python[23]?(\.\d+)?\Z")
UTF8_MARK, UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh"})
# first bytes of ELF and Mach-O files
BINARIES = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
# Linux reads no more of the first line
MAX_SHEBANG = 256
# Ways to read arguments that nbyard cannot follow: the name of each way, and its pattern.
READERS: dict[str, dict[str, re.Pattern[bytes]]] = {
    "python": {
        "fire": re.compile(rb"^\s*(import\s(.*,)?|from)\s*fire\b", re.M),
        "typer": re.compile(rb"^\s*(import\s(.*,)?|from)\s*typer\b", re.M),
        "docopt": re.compile(rb"^\s*(import\s(.*,)?|from)\s*docopt\b", re.M),
        "getopt": re.compile(rb"^\s*(import\s(.*,)?|from)\s*getopt\b", re.M),
        "optparse": re.compile(rb"^\s*(import\s(.*,)?|from)\s*optparse\b", re.M),
        "sys.argv": re.compile(rb"\bsys\.argv\b"),
    },
    "shell": {
        "getopts": re.compile(rb"^[^#\n]*\bgetopts?\s", re.M),
        "$1": re.compile(rb"\$(\{?[1-9@*]|#)"),
    },
    "R": {
        "optparse": re.compile(rb"\bOptionParser\("),
        "argparse": re.compile(rb"\bArgumentParser\(|\barg_parser\("),
        "commandArgs": re.compile(rb"\bcommandArgs\("),
    },
    "perl": {"@ARGV": re.compile(rb"@ARGV|\$ARGV|\bGetopt::")},
    "ruby": {"ARGV": re.compile(rb"\bARGV\b|\bOptionParser\b")},
    "javascript": {"process.argv": re.compile(rb"\bprocess\.argv\b")},
    "julia": {"ARGS": re.compile(rb"\bARGS\b|\bArgParse\b")},
}
# Syntax of bash that sh does not support.
BASH_ONLY = re.compile(
    rb"^[^#\n]*?(?P<word>\[\[|<\(|\bset -\w*o pipefail\b|\b(declare|shopt|mapfile)\b"
    rb"|\$\{\w+\[)",
    re.M,
)


# files that describe a project of NB Workflows
OF_NB_WORKFLOWS = frozenset({"labfile.yaml", "runtimes.yaml", "workflows.yaml"})


class Start(msgspec.Struct, frozen=True):
    """The command that starts a file. `{file}` in `command` stands for the file.

    `language` may be empty.
    """

    language: str
    command: list[str]
    is_binary: bool = False


def read_start(name: str, content: bytes) -> Start:
    """Determine the command that starts a file.

    The first line (`#!`) decides, else the suffix. Otherwise the file is its own program.
    """
    if content.startswith(BINARIES):
        return Start("", [FILE], is_binary=True)
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else ""
    language, command = STARTS.get(suffix, ("", [FILE]))
    interpreter = shebang(content)
    if not interpreter:
        return Start(language, list(command))
    program = interpreter[0].rpartition("/")[2]
    if PYTHONS.match(program):
        # The environment of the node decides which Python runs, not the path in the first line.
        return Start("python", [PYTHON, *interpreter[1:], FILE])
    known = program in SHELLS or program in LANGUAGES or not language
    return Start(LANGUAGES.get(program, program) if known else language, [*interpreter, FILE])


def shebang(content: bytes) -> list[str]:
    """Return the words after `#!` without `env`, or an empty list."""
    line = content.removeprefix(UTF8_MARK)[:MAX_SHEBANG].split(b"\n", 1)[0]
    if not line.startswith(b"#!"):
        return []
    try:
        words = shlex.split(line[2:].decode())
    except (UnicodeDecodeError, ValueError):
        return []
    if words and words[0].rpartition("/")[2] == "env":
        # `-S` makes env split its argument: `#!/usr/bin/env -S python3 -u`.
        words = [word for word in words[1:] if word != "-S"]
    return words


def is_utf16(content: bytes) -> bool:
    """Return whether a text begins like UTF-16 from a Windows editor."""
    return content.startswith(UTF16_MARKS)


def start_hints(name: str, content: bytes, start: Start) -> list[Reason]:
    """Return hints about encodings and first lines that break a script."""
    if is_utf16(content) and not start.is_binary:
        return [because("script-utf-16", name=name)]
    # Python skips the mark. The kernel and shells read it as the beginning of the first line.
    if content.startswith(UTF8_MARK) and start.language != "python":
        reader = text_reason(start.language) or because("read-by-system")
        return [because("script-with-bom", name=name, reader=reader)]
    # Shells read the carriage return as part of the last word.
    if start.language in SHELLS and b"\r\n" in content:
        return [because("windows-line-ends", name=name, language=start.language)]
    if start.language == "sh" and not shebang(content) and (match := BASH_ONLY.search(content)):
        return [because("sh-lacks-word", name=name, word=match["word"].decode())]
    return []


def description_hints(name: str, content: bytes, start: Start) -> list[Reason]:
    """Return hints about what a description must add: the program or unreadable arguments."""
    if name.lower().endswith(".pipeline"):
        return [because("file-of-elyra", name=name)]
    if name.rpartition("/")[2].lower() in OF_NB_WORKFLOWS:
        return [because("file-of-nb-workflows", name=name)]
    if start.command == [FILE] and not start.is_binary:
        return [because("script-names-no-program", name=name)]
    if start.is_binary:
        return [because("arguments-of-binary", name=name)]
    language = "shell" if start.language in SHELLS else start.language
    for way, pattern in READERS.get(language, {}).items():
        if pattern.search(content):
            return [because("arguments-by-other-way", name=name, way=way)]
    return []


def is_source(path: str) -> bool:
    """Return whether a file holds code by its name, such as a module that the code imports."""
    stem, dot, suffix = path.rpartition("/")[2].lower().rpartition(".")
    return bool(stem) and f"{dot}{suffix}" in SOURCES
