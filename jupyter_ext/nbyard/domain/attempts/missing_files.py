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
    r"|: (?P<shell>[^:'\"\n]{1,300}): No such file or directory\s*$",
    re.MULTILINE,
)
# statements that write: they fail like this where the folder is missing
WRITES = re.compile(r",\s*(?:mode=)?['\"][awx][bt+]*['\"]|\.to_\w+\(|save|dump|write|mkdir")
# the failing lines in tracebacks of IPython
FAILING = re.compile(r"^-+> .*$", re.MULTILINE)


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
    statements = "\n".join(FAILING.findall(COLOURS.sub("", failure.traceback)))
    return [] if folder and WRITES.search(statements) else [path]
