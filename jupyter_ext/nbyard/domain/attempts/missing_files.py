"""Relative paths that a failed task opened in vain, read from its error message."""

import posixpath
import re

from nbyard.domain.attempts.failure_reader import failure_text
from nbyard.domain.attempts.missing_modules import COLOURS
from nbyard.domain.attempts.structs import Failure

# messages of Python, Rust (as in polars), R and programs of the shell
MESSAGE = re.compile(
    r"No such file or directory(?: \(os error 2\))?: (?P<mark>['\"]?)(?P<python>[^'\"\n]{1,300})"
    r"(?P=mark)\s*$"
    r"|cannot open file '(?P<r>[^'\n]{1,300})': No such file"
    # GNU programs write ‘’ around names in UTF-8, mostly after words: cannot create directory ‘a’
    r"|: (?P<shell>[^:'\"\u2018\u2019\n]{1,300}): No such file or directory\s*$",
    re.MULTILINE,
)
# calls that write: they fail like this where the folder is missing
WRITES = re.compile(
    r"(?:,|\bopen\()\s*(?:\d+\s+)?(?:mode\s*=\s*)?['\"][bt]*[awx][bt+]*(?::\w*)?['\"]"
    r"|(?:save|[wW]rite|sink_|copy)\w{0,30}\((?!\))|dump(?!s\()\w{0,30}\("
    r"|(?:touch|makedirs|mkdir)\("
    r"|\.to_(?:csv|disk|excel|feather|file|hdf|html|json|netcdf|orc|parquet|pickle|sql|stata|xml"
    r"|zarr)\((?!\))"
)
# calls that delete or move a file, in a folder or not
DELETES = re.compile(
    r"\b(?:move|remove|rmtree|unlink)\(|(?:\bos\.|(?<![.\w]))(?:rename|replace)s?\("
)
# the failing lines in tracebacks of IPython, with the rest of the call, and of Python
FAILING = re.compile(
    r"^-+> .*(?:(?<=[(,])\n.*)*|^  File \"[^\"\n]+\", line \d+.*\n(?:    .*\n?)+", re.MULTILINE
)
# Python before 3.13 shows the first line of a call only: the mode of this one is unknown.
UNKNOWN = re.compile(
    r"^  File \"(?![^\"\n]*(?:site-packages|/lib/python))[^\"\n]+\", line .*\n +.*\bopen\($",
    re.MULTILINE,
)
# Shells and these programs have one message for reading and writing.
OF_SHELLS = re.compile(r"(?:(?:ba|da|a|k|mk|z|c|tc)?sh|cp|ln|mkdir|tee|touch)|.*\.(?:ba|k|z)?sh")
OF_DELETING = ("mv", "rm", "rmdir", "unlink")
IN_SCRIPT = re.compile(r": line \d+: $")


def missing_paths(failure: Failure | None) -> list[str]:
    """Return the relative path that the task did not find, from the folder of its code.

    The list is empty for other failures, for names without an extension (such as programs), and
    for files that exist beside the code but were not copied with it.
    """
    if failure is None or failure.left_out:
        return []
    # The message comes last: it names the file that ended the task.
    messages = [*MESSAGE.finditer(COLOURS.sub("", failure_text(failure)))]
    if not messages:
        return []
    named = next(filter(None, messages[-1].group("python", "r", "shell"))).strip()
    path = posixpath.normpath(named)
    folder, name = posixpath.split(path)
    if path.startswith(("/", "../", "~")) or "://" in named or "." not in name.strip("."):
        return []
    return [] if _is_changed(messages[-1], failure, bool(folder)) else [path]


def _is_changed(message: re.Match[str], failure: Failure, in_folder: bool) -> bool:
    """Return whether the task may have written or deleted the file instead of reading it."""
    if message["shell"]:
        before = message.string[: message.start("shell")].rpartition("\n")[2]
        program = before.partition(": ")[0].rpartition("/")[2].rpartition(" ")[2]
        is_shell = OF_SHELLS.fullmatch(program) or IN_SCRIPT.search(before)
        return program in OF_DELETING or bool(in_folder and is_shell)
    traceback = COLOURS.sub("", failure.traceback)
    statements = "\n".join(FAILING.findall(traceback))
    if DELETES.search(statements):
        return True
    return in_folder and bool(WRITES.search(statements) or UNKNOWN.search(traceback))
