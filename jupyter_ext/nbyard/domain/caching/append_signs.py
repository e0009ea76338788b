"""Signs that code may add to a file, or change a part of it.

Python code is read as a syntax tree, other text by patterns. In doubt, code counts as appending:
this costs a run, while an overlooked sign costs a wrong result.
"""

import ast
import itertools
import re
from collections.abc import Iterator

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
    """Finds the signs in a syntax tree."""

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
        return is_unclear or any(map(_has_mode, call.args)) or not all(map(_is_clear, known))

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
    """Return whether a key is a name for modes."""
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and ("mode" in text.lower() or text in ("flag", "flags"))


def _has_mode(node: ast.expr) -> bool:
    """Return whether a value may be a mode that appends."""
    texts = [inner.value for inner in _parts(node) if isinstance(inner, ast.Constant)]
    return any(isinstance(text, str) and MODE.fullmatch(text) for text in texts)


def _is_clear(node: ast.expr) -> bool:
    """Return whether the values of an expression are known."""
    return all(
        isinstance(part, ast.Constant) or _word(part).startswith("O_") for part in _parts(node)
    )


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
