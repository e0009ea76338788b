"""Names of files that code may look for beside those that it reads.

The names are in its text, or the code computes them. The code is read and never run.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from nbyard.domain.caching.append_signs import python_appends, text_appends
from nbyard.domain.caching.path_mentions import code_of
from nbyard.domain.caching.probed_names import names_of
from nbyard.domain.file_formats import is_data
from nbyard.domain.notebooks.parameter_cells import parse_cell, read_parameters

PYTHON = (".py", ".ipynb")
# Python programs that are not text
COMPILED = (".egg", ".pyc", ".whl", ".zip")
PROGRAM = b"\x7fELF"
# calls that run other programs, whose file access is unknown
SHELLS = re.compile(
    r"subprocess|popen|pexpect|posix_spawn|\bpty\b|get_ipython|\bos\.(?:exec|spawn|system\b)"
    r"|\bsystem\s*\(\s*[^)\s]|\bos import\b[^\n]*\bsystem\b|\bgetattr\(os\b"
    r"|(?:^|=)\s*[!%]",
    re.MULTILINE | re.IGNORECASE,
)
SHELL = (".bash", ".sh")
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[|;&(`]|\b(?:do|else|then)\b)\s*(?:\w+=\S*\s+)*([^\s|;&()<>=]+)", re.M)
# programs that read only the files passed to them
_READERS = (
    "cat cd cut do done echo exit export false fi for gunzip gzip head join mkdir paste printf"
    " seq set sleep sort tail tee tr true uniq wc zcat"
)
READERS = frozenset(_READERS.split())
# Magics that run no other program. The code after `%time` and `%timeit` stays.
HARMLESS = re.compile(
    r"^[ \t]*%(?:(?:matplotlib|autoreload|load_ext|reload_ext)\b.*$"
    r"|%?time(?:it)?\b(?:[ \t]+-(?:[nr][ \t]*\d+|\S+))*[ \t]*)",
    re.MULTILINE,
)
# Words such as `df.info()`, `sys.getsizeof` or a variable `stat` mean no files.
SIZES = re.compile(
    r"\.[lf]?stat\s*\(|\bos\.[lf]?stat\b|\bos import\b[^\n]*\b[lf]?stat\b|\bstat_result\b"
    r"|getsize\b|getmtime|getctime|\bst_size|\bst_mtime|scandir|sendfile|filecmp|X_OK|\bwhich\("
    r"|fsspec|file_?system|\bfs\.|get_file_info",
    re.IGNORECASE,
)
# what may read a file that was opened for writing
MAPPED = re.compile(r"mmap|memmap|memory_map|lmdb|[\"']r(?:\+b?|b\+)[\"']")
# what tests whether a file exists, or goes on without it
TESTS = re.compile(
    r"exists|is_?(?:dir|file)|\baccess\(|FileNotFound|\[ +(?:! +)?-\w|\btest +-|\|\|"
    r"|\bexcept\b[^:\n]{0,200}\b(?:OSError|IOError|EnvironmentError|(?:Base)?Exception)\b"
    r"|\bexcept *:|\bsuppress\(|\btry(?:Catch)?\("
)


class Probes(msgspec.Struct, frozen=True):
    """Names that a text may look for.

    `text` and the composed `names` are searched for names. With `is_open`, the text may look
    for any name. With `asks_sizes`, it may query sizes, times or modes of files that it does
    not open. With `appends`, it may add to files.
    """

    text: str = ""
    names: frozenset[str] = frozenset()
    is_open: bool = False
    asks_sizes: bool = False
    appends: bool = False


def probes_of(
    filename: str,
    content: bytes,
    given: Mapping[str, Any] = MappingProxyType({}),
    *,
    is_own: bool = False,
    is_python: bool = True,
    knows_words: bool = False,
) -> Probes:
    """Return the names that a file may look for when its code runs.

    `given` are the values of variables set from outside; in a notebook, only its parameters count.
    `is_own` marks the task's own code file. `is_python` states whether the notebook's language is
    Python. With `knows_words`, the caller knows every word of the script's command line. In
    languages other than Python and shell, the task's own file may look for any name. Other such
    files only contribute names, unless they are compiled.
    """
    suffix = filename[filename.rfind(".") :].lower()
    if suffix == ".ipynb" and not is_python:
        return _unknown(content)
    if suffix in SHELL:
        text = COMMENT.sub("", content.decode("utf-8", "replace"))
        is_unknown = "[" in text or any(word not in READERS for word in COMMAND.findall(text))
        is_open = is_unknown or "$" in text
        return Probes(text, is_open=is_open, asks_sizes=is_unknown, appends=text_appends(text))
    if suffix not in PYTHON:
        if is_own or suffix in COMPILED or content.startswith(PROGRAM):
            return _unknown(content)
        is_text = not is_data(filename) and b"\0" not in content
        return text_probes(content.decode("utf-8", "replace") if is_text else "")
    try:
        text = HARMLESS.sub("", code_of(filename, content))
        tree, parsed = parse_cell(text)
        if suffix == ".ipynb":
            notebook = json.loads(content)
            # format 3 and older have no tags
            own = read_parameters(notebook).arguments if "cells" in notebook else []
            given = {
                argument.name: given[argument.name] for argument in own if argument.name in given
            }
    except (SyntaxError, ValueError, KeyError, TypeError):
        return _unknown(content)
    names, is_open = names_of(tree, given, is_started=is_own and knows_words)
    runs_others = SHELLS.search(text) is not None
    asks = runs_others or SIZES.search(text) is not None
    appends = python_appends(text, parsed, tree)
    shown = _without_variables(text, tree)
    return Probes(shown, frozenset(names), is_open or runs_others, asks, appends)


def text_probes(text: str) -> Probes:
    """Return the probes of settings, values or other text that computes no names."""
    return Probes(text, appends=text_appends(text))


def _without_variables(text: str, tree: ast.AST) -> str:
    """Return Python code without the variables that it sets, which name no files.

    Other names remain: libraries may read files that are called like a class or its fields.
    """
    if "\r" in text:  # Python counts other lines
        return text
    nodes, names, fields = [tree], list[ast.Name](), set[str]()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ClassDef):
            fields.update(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))
        if isinstance(node, ast.Name):
            names.append(node)
        elif not isinstance(node, ast.JoinedStr):  # with other places before Python 3.12
            nodes.extend(ast.iter_child_nodes(node))
    variables = {node.id for node in names if isinstance(node.ctx, ast.Store)} - fields
    # Columns in the syntax tree count bytes of UTF-8.
    lines = [line.encode() for line in text.split("\n")]
    for node in names:
        line, start, end = lines[node.lineno - 1], node.col_offset, node.end_col_offset or 0
        if node.id in variables and line[start:end] == node.id.encode():
            lines[node.lineno - 1] = line[:start] + b" " * (end - start) + line[end:]
    return "\n".join(line.decode() for line in lines)


def _unknown(content: bytes) -> Probes:
    text = content.decode("utf-8", "replace")
    return Probes(text, is_open=True, asks_sizes=True, appends=text_appends(text))


def asks_for(probes: Iterable[Probes], name: str) -> bool:
    """Return whether one of the probes names a file or folder of the bundle.

    The last part of its path `name` counts, with or without extension. For `__init__.py` the folder
    counts.
    """
    parts = name.split("/")
    last = parts[-2] if parts[-1].startswith("__init__.") and len(parts) > 1 else parts[-1]
    stem = last.partition(".")[0] or last
    word = re.compile(rf"(?<!\w){re.escape(stem)}(?!\w)")
    return any(word.search(probe.text) or any(map(word.search, probe.names)) for probe in probes)
