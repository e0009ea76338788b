"""Absolute paths that code names: in texts and commands, or composed of literals."""

import ast
import os.path
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from nbyard.domain.caching.path_mentions import COMMANDS, QUOTED, code_of, literal_folder
from nbyard.domain.caching.probed_names import bindings_of, texts_of
from nbyard.domain.inspection.constant_expressions import NotConstant, evaluate_constant
from nbyard.domain.notebooks.parameter_cells import parse_cell
from nbyard.domain.parsing.strict_json import is_utf8

# A word of a command, a setting or a sentence: `/data/a` in `DIR=/data/a`, `~/b` in `cat ~/b`.
# `a/b` and `https://host/c` contain none.
WORD = re.compile(
    r"(?:^|(?<=[\s\"'`=:,;(\[|&>]))(?:~(?![\w~])|~?/(?=[\w.$*?]))[^\s\"'`;,|&<>(){}\[\]\\]*",
    re.MULTILINE,
)
HOME = re.compile(r"\bhome\(|expanduser|\bHOME\b")
# most files name no path, and finding none must be fast
HINT = re.compile(rb"(?<![\w./])~?/[\w.$*?]|~[\"'\s]|home\(|expanduser|HOME|file://")
SHELL_HOME = re.compile(r"\$HOME\b|\$\{HOME\}")
URL = re.compile(r"\bfile://(?=/)")
PYTHON = (".py", ".ipynb")
# programs and libraries of the system, and paths that are no files
SYSTEM = re.compile(
    r"/(?:(?:usr/)?(?:s?bin|lib(?:32|64|exec)?|include)|boot|dev(?!/shm(?:/|$))|proc|sys)(?:/|$)"
    r"|.*/(?:site|dist)-packages(?:/|$)"
)
MOST_CHARS = 1000


def path_texts_in(
    filename: str,
    content: bytes,
    variables: Mapping[str, Any] | None = None,
    *,
    is_own: bool = False,
) -> list[str]:
    """Return the absolute paths that the text of a file may name.

    A path may begin with `~`, the home folder. A path with wildcards or placeholders is cut to its
    fixed folders. `variables` are the values of Python variables that are set from outside.
    `is_own` marks the task's own Python code, which no other code imports. Paths there that only
    serve to compose known paths are left out.
    """
    if b"\0" in content or not (variables or HINT.search(content)):
        return []
    suffix = filename[filename.rfind(".") :].lower()
    try:
        text = code_of(filename, content)
    except (ValueError, KeyError, TypeError):
        text = content.decode("utf-8", "replace")
    text = SHELL_HOME.sub("~", URL.sub("", text))
    candidates = [match["text"] for match in QUOTED.finditer(text) if is_path(match["text"])]
    candidates += WORD.findall(text)
    if suffix in PYTHON and (candidates or variables or HOME.search(text)):
        with suppress(SyntaxError, ValueError, RecursionError):  # then the literals remain
            reader = _Reader(parse_cell(text)[0], variables or {})
            # commands may use the variables, too
            parts = reader.parts if is_own and not COMMANDS.search(text) else ()
            candidates = [
                candidate for candidate in candidates if candidate not in parts
            ] + reader.named
    return list(dict.fromkeys(map(literal_folder, candidates)))


def is_path(text: str) -> bool:
    """Return whether a text begins like an absolute path."""
    return text.startswith(("/", "~"))


def names_outside(values: Iterable[Any]) -> bool:
    """Return whether one of the values contains an absolute path."""
    # Any home folder will do: only the presence of a path counts.
    return any(absolute_paths([text], "/home") for value in values for text in texts_of(value))


def absolute_paths(named: Iterable[str], home: str) -> list[str]:
    """Return the absolute paths among texts.

    `home` replaces `~`. Paths of the system and of installed packages are left out.
    """
    paths = dict[str, None]()
    for text in named:
        path = f"{home}{text[1:]}" if text == "~" or text.startswith("~/") else text
        # `//host/data` is an address without a scheme, or a Windows share.
        if not path.startswith("/") or path.startswith("//") or len(path) > MOST_CHARS:
            continue
        path = os.path.normpath(path.replace("\0", ""))
        if path != "/" and not SYSTEM.match(path) and is_utf8(path):
            paths[path] = None
    return list(paths)


class _Reader:
    """Reads which paths a module names, as literals or composed of them.

    `parts` are values of variables that only occur in compositions of known value.
    """

    def __init__(self, tree: ast.Module, given: Mapping[str, Any]) -> None:
        self._known = dict(given)
        self._assigned: set[int] = set()
        self.named: list[str] = []
        tree = _Composing().visit(tree)
        bound: dict[str, list[ast.expr | None]] = {}
        for name, value in bindings_of([*ast.walk(tree)]):
            bound.setdefault(name, []).append(value)
        values = []
        for name, (value, *others) in bound.items():
            if others or value is None or name in given:
                continue
            if (text := self._text(value)) is not None:
                self._known[name] = text
                self._assigned.add(id(value))
                values.append(text)
        self._collect_values(tree)
        texts = {text for value in values for text in texts_of(value) if is_path(text)}
        self.parts = texts - {*self.named}

    def _text(self, node: ast.expr) -> Any:
        try:
            return evaluate_constant(node, self._known)
        except (NotConstant, RecursionError):
            return None

    def _collect_values(self, tree: ast.AST) -> None:
        """Collect the values of the largest expressions that are known."""
        left = [tree]
        while left:
            node = left.pop()
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                continue
            value = self._text(node) if isinstance(node, ast.expr) else None
            if value is None:
                # a later part of a text begins no path
                rest = node.values[1:] if isinstance(node, ast.JoinedStr) else []
                ends = [part for part in rest if isinstance(part, ast.Constant)]
                left += [child for child in ast.iter_child_nodes(node) if child not in ends]
            elif id(node) not in self._assigned:
                self.named += filter(is_path, texts_of(value))
            beside = None  # another path in the folder of this path
            if isinstance(node, ast.Attribute) and node.attr.startswith(("parent", "with_")):
                beside = node.value
            elif isinstance(node, ast.Call) and node.args:
                is_split = getattr(node.func, "attr", "") in ("dirname", "split")
                beside = node.args[0] if is_split else None
            if beside is not None:
                self.named += map(os.path.dirname, filter(is_path, texts_of(self._text(beside))))


class _Composing(ast.NodeTransformer):
    """Replaces calls that compose paths by `Path(…)`, for `evaluate_constant`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        owner = getattr(node.func, "value", None)
        word = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
        parts: list[ast.expr]
        match word, node.args:
            case ("home", []) | ("get" | "getenv", [ast.Constant(value="HOME"), *_]):
                parts = [ast.Constant("~")]
            case "abspath" | "expanduser" | "fspath" | "realpath" | "str", [argument]:
                parts = [argument]
            case "absolute" | "as_posix" | "expanduser" | "resolve", [] if owner:
                parts = [owner]
            case "join", [_, _, *_]:
                parts = node.args
            case "joinpath", _ if owner:
                parts = [owner, *node.args]
            case _:
                return node
        return ast.Call(ast.Name("Path", ast.Load()), parts, [])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        is_home = isinstance(node.slice, ast.Constant) and node.slice.value == "HOME"
        return ast.Constant("~") if is_home else node
