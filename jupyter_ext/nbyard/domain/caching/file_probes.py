"""Names of files that code may look for beside those that it reads.

The names are in its text, or the code computes them. Files to which a run appends are recognized.
The code is read and never run.
"""

import ast
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from nbyard.domain.caching.path_mentions import code_of
from nbyard.domain.caching.probed_names import names_of
from nbyard.domain.file_formats import is_data
from nbyard.domain.notebooks.parameter_cells import parse_cell, read_parameters

_MODE = r"(?:[bt]?a[bt]?\+?[bt]?|[bt]?r[bt]?\+[bt]?|\+[bt]?[ar][bt]?|[bt]\+[ar]|a-|as|r\+s)"
MODE = re.compile(rf"{_MODE}|(?i:append)")
LOG_FILE = re.compile(r"FileHandler")
# in commands and magics
COMMANDS = re.compile(
    r"(?<!>)>>(?!>)|\btee\b(?:\s+-|\Z)|notrunc|--append|%%(?:write)?file +-|%logstart|%save\b"
)
# Quotes in notebooks are escaped.
WIDE = re.compile(
    rf"[(,=]\s*\\?[\"']{_MODE}\\?[\"']|(?i:mode)\w*\\?[\"']?\s*[:=]\s*\\?[\"']?{_MODE}(?![\w+-])"
    r"|>>|O_APPEND|O_RDWR|\bappend *=|\\?[\"'](?i:append)\\?[\"']|(?i:mode\w*\s*[:=]\s*append)"
    r"|FileHandler|basicConfig|loguru|HDFStore|to_hdf|\btee +-|notrunc|--append"
    r"|%%(?:write)?file +-|%logstart|%save\b"
)
CELL_MAGIC = re.compile(r"^\s*%%", re.MULTILINE)
FLAGS = re.compile(r"O_(?:APPEND|RDWR)|\w+_APPEND|A(?:ppend|PPEND)")
# Calls whose second argument may be a mode, and other calls that may have a mode
OPENS = re.compile(r"(?:\w*_)?(?:fd|x)?open(?:_\w*)?|\w*File(?:IO)?|HDFStore|memmap")
WRITES = re.compile(r"(?:to|write|save)_\w+|\w*Dataset|\w*Writer|mode")
# Calls whose first argument may be a mode, as those of a path
FIRST = frozenset({"open", "mode"})
APPEND_BY_DEFAULT = frozenset({"HDFStore", "to_hdf"})
LOG_OPTIONS = frozenset({"filename", "handlers", None})
RUN_TEXT = frozenset({"eval", "exec"})
LOOK_UP = frozenset({"getattr", "methodcaller"})
LOGURU = frozenset({"add", "configure"})
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


def text_appends(text: str) -> bool:
    """Return whether a text in any language contains a sign of appending."""
    return WIDE.search(text) is not None


def python_appends(code: str, parsed: str, tree: ast.AST) -> bool:
    """Return whether Python code contains a sign of appending.

    `code` is the whole code, and `parsed` the same without the lines that only IPython understands.
    """
    lines = itertools.zip_longest(code.split("\n"), parsed.split("\n"), fillvalue="")
    if any(COMMANDS.search(line) for line, left in lines if line != left):
        return True
    signs = _Signs(tree)
    # Cells in other languages may look like Python, and text that is run is not in the tree.
    is_wide = CELL_MAGIC.search(code) is not None or signs.runs_text
    return signs.appends() or (is_wide and text_appends(code))


class _Signs:
    def __init__(self, tree: ast.AST) -> None:
        self._nodes = [*ast.walk(tree)]
        calls = [node for node in self._nodes if isinstance(node, ast.Call)]
        self._called = {id(call.func) for call in calls}
        self._docs = {id(node.value) for node in self._nodes if isinstance(node, ast.Expr)}
        imports = [node for node in self._nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        aliases = [alias for node in imports for alias in node.names]
        self._aliases = aliases
        self._imported = {(alias.asname or alias.name).split(".")[0] for alias in aliases}
        modules = {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
        modules.update(alias.name for alias in aliases)
        self._has_loguru = "loguru" in modules
        self._used_names = {word for node in self._nodes if (word := _word(node))}
        self.runs_text = any(
            isinstance(call.func, ast.Name) and call.func.id in RUN_TEXT for call in calls
        )

    def appends(self) -> bool:
        """Return whether one of the nodes is a sign."""
        # Without truncation, such a file keeps the bytes that are not written.
        if "O_WRONLY" in self._used_names and "O_TRUNC" not in self._used_names:
            return True
        renamed = (alias.name for alias in self._aliases if alias.asname)
        names = self._used_names | {alias.name for alias in self._aliases}
        return (
            any(OPENS.fullmatch(name) and name in APPEND_BY_DEFAULT | FIRST for name in renamed)
            or any(LOG_FILE.search(name) or FLAGS.fullmatch(name) for name in names)
            or any(map(self._is_sign, self._nodes))
        )

    def _is_sign(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            is_sign = text.lower() == "append" or LOG_FILE.search(text) or COMMANDS.search(text)
            return id(node) not in self._docs and bool(is_sign)
        if isinstance(node, ast.Name):  # `open` is passed on, with a mode that is unknown here
            return node.id == "open" and id(node) not in self._called
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return any(_is_mode_name(key) and _has_mode(value) for key, value in pairs)
        return isinstance(node, ast.Call) and self._is_call_a_sign(node)

    def _is_call_a_sign(self, call: ast.Call) -> bool:
        name = _word(call.func)
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        modes = [value for key, value in keywords.items() if _is_mode_name(ast.Constant(key))]
        option = keywords.get("append")
        is_off = isinstance(option, ast.Constant) and not option.value
        if (option and not is_off) or any(map(_has_mode, modes)) or "append_dim" in keywords:
            return True
        if name == "basicConfig":
            return not LOG_OPTIONS.isdisjoint(keywords)
        if name in LOGURU and self._has_loguru:
            return isinstance(call.func, ast.Attribute)
        if name in LOOK_UP:
            looked_up = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
            return any(OPENS.fullmatch(str(text)) for text in looked_up)
        is_file_call = OPENS.fullmatch(name) or WRITES.fullmatch(name)
        return is_file_call is not None and self._may_open_to_append(call, modes)

    def _may_open_to_append(self, call: ast.Call, modes: list[ast.expr]) -> bool:
        """Return whether a call that opens or writes a file may append. `modes` are keywords."""
        name = _word(call.func)
        if name in APPEND_BY_DEFAULT and not modes and (name == "to_hdf" or len(call.args) < 2):
            return True
        # The values in a dictionary are looked at where it stands.
        options = (keyword.value for keyword in call.keywords if keyword.arg is None)
        is_unclear = any(not isinstance(value, ast.Dict) for value in options)
        known = [*modes, *self._may_be_modes(call)]
        parts = (part for value in known for part in _parts(value))
        is_clear = all(isinstance(p, ast.Constant) or _word(p).startswith("O_") for p in parts)
        return is_unclear or any(map(_has_mode, call.args)) or not is_clear

    def _may_be_modes(self, call: ast.Call) -> Iterator[ast.expr]:
        """Yield the positional arguments of a call that are likely to be a mode."""
        yield from (arg for arg in call.args if isinstance(arg, ast.Starred))
        if len(call.args) > 1 and OPENS.fullmatch(_word(call.func)):
            yield call.args[1]
        if len(call.args) != 1 or not isinstance(call.func, ast.Attribute):
            return
        base, only = call.func.value, call.args[0]
        is_module = isinstance(base, ast.Name) and base.id in self._imported
        is_variable = isinstance(only, ast.Attribute | ast.Name | ast.Subscript)
        if call.func.attr in FIRST and is_variable and not is_module:
            yield only


def _word(node: ast.AST) -> str:
    """Return the last word of a name, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_mode_name(node: ast.expr | None) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and ("mode" in text.lower() or text in ("flag", "flags"))


def _has_mode(node: ast.expr) -> bool:
    """Return whether a value may be a mode that appends."""
    texts = [inner.value for inner in _parts(node) if isinstance(inner, ast.Constant)]
    return any(isinstance(text, str) and MODE.fullmatch(text) for text in texts)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the values that an expression may have."""
    if isinstance(node, ast.IfExp):
        yield from (*_parts(node.body), *_parts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _parts(value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from (*_parts(node.left), *_parts(node.right))
    else:
        yield node


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
