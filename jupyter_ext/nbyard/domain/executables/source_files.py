"""Files that Python code reads and writes, as far as its source names them. Nothing is run.

Statements are followed in their order: constants, paths, functions of the same code and of local
modules, loops over constants. A value that depends on anything else is unknown.
"""

import ast
import contextlib
import json
import posixpath
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from nbyard.domain.arguments.structs import Role
from nbyard.domain.inspection.constant_expressions import (
    PATHS,
    FilePath,
    NotConstant,
    evaluate_constant,
)
from nbyard.domain.inspection.file_access import Call, file_uses
from nbyard.domain.inspection.python_calls import parse_python
from nbyard.domain.notebooks.parameter_cells import whole_code
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.errors import Invalid

MAX_DEPTH = 8  # calls inside calls
MAX_ITEMS = 100  # of a loop
MAX_STEPS = 300_000  # parts of statements in all
MAX_LENGTH = 1000  # of a text, list or dict
MAX_BYTES = 100_000  # of a configuration
ANY_FILE = "*"  # in the path of a file that a loop over a folder opens
MAX_SPEC = 4  # characters of a format, which could demand any width
UNKNOWN = object()
PLACE = "_<file>"  # of a module among its names; code cannot bind this one
STARTED = ("__name__ == '__main__'", "'__main__' == __name__")

Names = dict[str, Any]
Read = Callable[[str], bytes | None]


class Function(NamedTuple):
    """A function of the code. `names` are those of its module."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    names: Names
    is_method: bool = False


class Owner(NamedTuple):
    """A local module, a class of the code or one of its objects, with its attributes.

    `fields` are the annotated names of a class, in their order; None for modules and objects.
    """

    names: Names
    fields: tuple[str, ...] | None = None


class Foreign(NamedTuple):
    """A name that is imported from an installed package, or built in."""

    origin: str


class Content(str):
    """The text of the file with this path, or the open file."""


class TooLong(Exception):
    """The code has more statements, calls and iterations than are followed."""


@lru_cache(maxsize=100)  # the same code is read after each change of a workflow
def tree_of(file: str, content: bytes) -> ast.Module:
    """Return the syntax tree of a Python script, or of all code of a Python notebook.

    Raises:
        Invalid: the file is neither.
    """
    if file.endswith(".py"):
        return parse_python(content, file)
    try:
        notebook = json.loads(content)
        about = notebook["metadata"].get("kernelspec") or {}
        if about.get("language", "python") == "python":
            return whole_code(notebook).tree
    except (ValueError, LookupError, TypeError, AttributeError, MemoryError):
        pass
    raise Invalid.field(file, "is no notebook of Python")


def source_files(
    file: str, content: bytes, read: Read
) -> tuple[dict[str, set[Role]], set[str], dict[str, str]]:
    """Return the files of code by path, the local modules it imports, and files of its options.

    These files are the defaults of options of the command line, by the option's name.
    All paths are relative to the folder of the code. A file with both roles is changed in place.

    `file` is the name of the code file. `read` returns the bytes of another file at such a path,
    None if there is none. Absolute paths and addresses are left out. A path may be a pattern, that
    of the files in a loop over a folder.
    """
    code = _Code(read)
    # What was found so far is right.
    with contextlib.suppress(Invalid, TooLong, RecursionError):
        code.run(file, content, "__main__")
    texts = {name: text for name, text in code.defaults.items() if isinstance(text, str)}
    options = {name: posixpath.normpath(text) for name, text in texts.items()}
    files = {name: path for name, path in options.items() if path in code.found}
    return code.found, code.modules.keys() - {file}, files


def _parent(path: str) -> FilePath:
    plain = posixpath.normpath(path)
    if plain == "." or posixpath.basename(plain) == "..":
        return FilePath(posixpath.normpath(f"{plain}/.."))
    return FilePath(posixpath.dirname(plain) or ".")


def _parents(path: str) -> list[FilePath]:
    parents = [_parent(path)]
    while len(parents) < MAX_DEPTH:
        parents.append(_parent(parents[-1]))
    return parents


def _joined(*parts: str) -> FilePath:
    return FilePath(posixpath.normpath(posixpath.join(*parts)))


ATTRIBUTES: dict[str, Callable[[FilePath], Any]] = {
    "name": posixpath.basename,
    "parent": _parent,
    "parents": _parents,
    "stem": lambda path: posixpath.splitext(posixpath.basename(path))[0],
    "suffix": lambda path: posixpath.splitext(path)[1],
}
PATH_METHODS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("absolute", "expanduser", "resolve"), FilePath),
    **dict.fromkeys(("glob", "rglob"), lambda path, pattern: [_joined(path, pattern)]),
    "as_posix": str,
    "iterdir": lambda path: [_joined(path, ANY_FILE)],
    "joinpath": _joined,
    "with_name": lambda path, name: _joined(posixpath.dirname(path), name),
    "with_suffix": lambda path, end: FilePath(posixpath.splitext(path)[0] + end),
}
TESTS = frozenset({"exists", "isfile", "is_file"})
READERS = frozenset({"open", "read", "read_bytes", "read_text"})
LOADERS = frozenset({"json.load", "json.loads", "yaml.full_load", "yaml.load", "yaml.safe_load"})
TEXT_METHODS = frozenset({"lower", "replace", "rstrip", "strip", "title", "upper"})
_SAME = "fspath path.abspath path.expanduser path.normpath path.realpath"
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys((f"os.{name}" for name in _SAME.split()), str),
    **dict.fromkeys(("duckdb.connect", "sqlite3.connect", "str"), str),
    **dict.fromkeys(("os.environ.get", "os.getenv"), lambda _, default=None: default),
    "enumerate": lambda items, start=0: [[*pair] for pair in enumerate(items, start)],
    "glob.glob": lambda pattern: [pattern],
    "list": list,
    "os.listdir": lambda folder=".": [ANY_FILE],
    "os.getcwd": lambda: ".",
    "os.path.basename": posixpath.basename,
    "os.path.dirname": lambda path: str(_parent(path)),
    "os.path.join": lambda *parts: str(_joined(*parts)),
    "pathlib.Path.cwd": lambda: FilePath("."),
    "range": lambda *numbers: [*range(*numbers)[:MAX_ITEMS]],
    "sorted": sorted,
    "sqlalchemy.create_engine": lambda address: address.removeprefix("sqlite:///"),
    "zip": lambda *lists: [[*items] for items in zip(*lists, strict=False)],
}


class _Code:
    """The code and the local modules that it imports, with their names. `found` are its files."""

    def __init__(self, read: Read):
        self.found: dict[str, set[Role]] = {}
        self.tested: list[Any] = []
        self._read = cache(read)
        self.data = cache(self._data)
        self.modules: dict[str, Names] = {}
        self.defaults: Names = {}
        self._steps = 0

    def run(self, file: str, content: bytes, name: str) -> Names:
        """Follow a module once, and return the names that it binds."""
        tree = tree_of(posixpath.basename(file), content)
        names: Names = {PLACE: file, "__file__": FilePath(file), "__name__": name}
        self.modules[file] = names
        _Scope(self, names, 0).block(tree.body)
        return names

    def _data(self, path: str) -> Any:
        """Return the content of a YAML or JSON file, UNKNOWN if it is neither."""
        content = self._read(posixpath.normpath(path))
        if content is not None and len(content) <= MAX_BYTES:
            with contextlib.suppress(Invalid):
                return read_yaml(content, path)
        return UNKNOWN

    def step(self, count: int = 1) -> None:
        """Count parts of statements."""
        self._steps += count
        if self._steps > MAX_STEPS:
            raise TooLong

    def record(self, path: str, role: Role) -> None:
        """Keep a file, unless its path is absolute, an address or unprintable."""
        text = path.replace("\\", "/")
        is_plain = text.isprintable() and ":" not in text and not text.startswith(("/", "~"))
        if is_plain and text.strip("./"):
            roles = self.found.setdefault(posixpath.normpath(text), set())
            if role == "output" and path in self.tested:  # read if an earlier run has written it
                roles.clear()
            roles |= set() if "output" in roles else {role}

    def module(self, path: str, folder: str) -> Names | None:
        """Return the names of a module in a folder or one above it, None if it is foreign."""
        places = _parents(posixpath.join(folder, "_"))[:3]
        for place in (*places, *(f"{place}/src" for place in places)):
            for end in (".py", "/__init__.py"):
                file = posixpath.normpath(posixpath.join(place, path + end))
                if file in self.modules:
                    return self.modules[file]
                if (content := self._read(file)) is not None:
                    with contextlib.suppress(Invalid):
                        return self.run(file, content, path.replace("/", "."))
        return None


class _Scope(ast.NodeVisitor):
    """Follows statements and evaluates expressions with the names of a module or function.

    The methods for expressions return their value, UNKNOWN if the source does not settle it. The
    methods for statements return the value of a `return` inside, UNKNOWN without one.
    """

    def __init__(self, code: _Code, names: Names, depth: int):
        code.step(len(names) // 100)  # most scopes copy them
        self._code = code
        self._names = names
        self._depth = depth

    def block(self, body: Iterable[ast.stmt]) -> Any:
        """Follow statements up to a `return` with a known value."""
        for statement in body:
            returned = self.visit(statement)
            if returned is not UNKNOWN:
                return returned
        return UNKNOWN

    def visit(self, node: ast.AST) -> Any:
        """Follow a part of the code. A value that grows too long is unknown."""
        self._code.step()
        value = super().visit(node)
        is_long = isinstance(value, str | list | dict) and len(value) > MAX_LENGTH
        return UNKNOWN if is_long else value

    def generic_visit(self, node: ast.AST) -> Any:
        """Follow what is inside; the value is unknown."""
        super().generic_visit(node)
        return UNKNOWN

    # statements

    def visit_Expr(self, node: ast.Expr) -> Any:
        self.visit(node.value)
        return UNKNOWN

    def visit_Return(self, node: ast.Return) -> Any:
        return self.visit(node.value) if node.value else None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        self._names[node.name] = Function(node, self._names)
        return UNKNOWN

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        bound: Names = {}
        fields: list[str] = []
        for base in map(self.visit, node.bases):
            if isinstance(base, Owner):
                bound |= base.names
                fields += base.fields or ()
        inside = _Scope(self._code, {**self._names}, self._depth)
        for statement in node.body:
            inside.block([statement])
            for name in _bound_by(statement):
                value = inside._names.get(name, UNKNOWN)
                if isinstance(value, Function):
                    decorators = {getattr(each, "id", "") for each in value.node.decorator_list}
                    is_method = "staticmethod" not in decorators
                    value = Function(value.node, self._names, is_method)
                bound[name] = value
            if isinstance(statement, ast.AnnAssign):
                fields += _bound_by(statement)
        self._names[node.name] = Owner(bound, (*fields,))
        return UNKNOWN

    def visit_Import(self, node: ast.Import) -> Any:
        folder = posixpath.dirname(self._names[PLACE])
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = self._code.module(alias.name.replace(".", "/"), folder)
            origin = alias.name if alias.asname else name
            self._names[name] = Foreign(origin) if module is None else Owner(module)
        return UNKNOWN

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        folder = posixpath.dirname(self._names[PLACE])
        folder = posixpath.join(folder, *[".."] * (node.level - 1))
        path = (node.module or "").replace(".", "/")
        module = (self._code.module(path, folder) if path else None) or {}
        for alias in node.names:
            name = alias.asname or alias.name
            if alias.name == "*":
                self._names |= {k: v for k, v in module.items() if not k.startswith("_")}
            elif alias.name in module:
                self._names[name] = module[alias.name]
            elif part := self._code.module(posixpath.join(path, alias.name), folder):
                self._names[name] = Owner(part)
            else:
                self._names[name] = Foreign(f"{node.module}.{alias.name}")
        return UNKNOWN

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.visit(node.value)
        for target in node.targets:
            self._bind(target, value)
        return UNKNOWN

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            self._bind(node.target, self.visit(node.value))
        return UNKNOWN

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self._bind(node.target, self._computed(self.visit(node.target), node.op, node.value))
        return UNKNOWN

    def visit_For(self, node: ast.For | ast.AsyncFor) -> Any:
        for item in _items(self.visit(node.iter)):
            self._bind(node.target, item)
            self.block(node.body)
        return self.block(node.orelse)

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> Any:
        for item in node.items:
            value = self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value)
        return self.block(node.body)

    visit_AsyncWith = visit_With

    def visit_If(self, node: ast.If) -> Any:
        is_imported = self._names["__name__"] != "__main__"
        if ast.unparse(node.test) in STARTED and is_imported:
            return self.block(node.orelse)
        self.visit(node.test)
        return self._alternatives([node.body, node.orelse])

    def visit_Try(self, node: ast.Try) -> Any:
        handlers = [handler.body for handler in node.handlers]
        returned = self._alternatives([[*node.body, *node.orelse], *handlers])
        self.block(node.finalbody)
        return returned

    def _alternatives(self, bodies: Sequence[Sequence[ast.stmt]]) -> Any:
        """Follow alternative statements. Names that several bind have the value of the first."""
        before, returned, bound = {**self._names}, UNKNOWN, self._names
        for body in bodies:
            scope = _Scope(self._code, {**before}, self._depth)
            value = scope.block(body)
            returned = value if returned is UNKNOWN else returned
            changed = {
                name: value
                for name, value in scope._names.items()
                if before.get(name, UNKNOWN) is not value
            }
            for name, value in changed.items():
                if bound.get(name, UNKNOWN) is before.get(name, UNKNOWN):
                    bound[name] = value
        return returned

    def _bind(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self._names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                is_known = isinstance(value, list) and len(value) == len(parts)
                for part, item in zip(
                    parts, value if is_known else [UNKNOWN] * len(parts), strict=True
                ):
                    self._bind(part, item)
            case ast.Attribute(attr=name):
                owner = self.visit(target.value)
                if isinstance(owner, Owner):
                    owner.names[name] = value
            case ast.Subscript():
                owner, key = self.visit(target.value), self.visit(target.slice)
                if isinstance(owner, dict) and isinstance(key, str | int):
                    owner[key] = value

    # expressions

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value

    def visit_Name(self, node: ast.Name) -> Any:
        return self._names.get(node.id, UNKNOWN)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return UNKNOWN

    def visit_List(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        return [self.visit(item) for item in node.elts]

    visit_Tuple = visit_Set = visit_List

    def visit_Dict(self, node: ast.Dict) -> Any:
        keys = [self.visit(key) if key else UNKNOWN for key in node.keys]
        pairs = zip(keys, map(self.visit, node.values), strict=True)
        return {key: value for key, value in pairs if isinstance(key, str | int)}

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        texts = [self.visit(part) for part in node.values]
        return "".join(texts) if all(isinstance(text, str) for text in texts) else UNKNOWN

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        value = self.visit(node.value)
        spec = self.visit(node.format_spec) if node.format_spec else ""
        if isinstance(value, str | int) and isinstance(spec, str) and len(spec) <= MAX_SPEC:
            with contextlib.suppress(ValueError):
                return format(value, spec)
        return UNKNOWN

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        return self._computed(self.visit(node.left), node.op, node.right)

    def _computed(self, left: Any, operator: ast.operator, right_node: ast.expr) -> Any:
        right = self.visit(right_node)
        if isinstance(operator, ast.Div) and isinstance(right, FilePath) and isinstance(left, str):
            left = FilePath(left)
        names = {"left": left, "right": right}
        first, second = (ast.Name(name, ast.Load()) for name in names)
        if UNKNOWN not in (left, right):
            with contextlib.suppress(NotConstant):
                return evaluate_constant(ast.BinOp(first, operator, second), names)
        return UNKNOWN

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        self.visit(node.test)
        first, second = self.visit(node.body), self.visit(node.orelse)
        return second if first is UNKNOWN else first

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        values = [self.visit(value) for value in node.values]
        return next((value for value in values if value is not UNKNOWN and value), UNKNOWN)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        value = self.visit(node.value)
        self._bind(node.target, value)
        return value

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Any:
        return [scope.visit(node.elt) for scope in self._each(node.generators)]

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        pairs = [
            (scope.visit(node.key), scope.visit(node.value))
            for scope in self._each(node.generators)
        ]
        return {key: value for key, value in pairs if isinstance(key, str | int)}

    def _each(self, generators: Sequence[ast.comprehension]) -> list["_Scope"]:
        """Return a scope for each item of a comprehension."""
        scopes = [self]
        for generator in generators:
            inner = []
            for scope in scopes:
                for item in _items(scope.visit(generator.iter)):
                    inner.append(_Scope(self._code, {**scope._names}, self._depth))
                    inner[-1]._bind(generator.target, item)
            scopes = inner[:MAX_ITEMS]
        return scopes

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        owner, key = self.visit(node.value), self.visit(node.slice)
        if isinstance(owner, Owner) and isinstance(owner.names.get("__getitem__"), Function):
            return self._call(owner.names["__getitem__"], owner, [key], {})
        with contextlib.suppress(LookupError, TypeError):
            return owner[key] if isinstance(owner, dict | list) else UNKNOWN
        return UNKNOWN

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        return _attribute(self.visit(node.value), node.attr)

    def visit_Call(self, node: ast.Call) -> Any:
        method, owner = "", None
        if isinstance(node.func, ast.Attribute):
            method, owner = node.func.attr, self.visit(node.func.value)
            called = _attribute(owner, method)
        else:
            called = self.visit(node.func)
        given = [self.visit(argument) for argument in node.args]
        named = {each.arg or "**": self.visit(each.value) for each in node.keywords}
        if isinstance(called, Function):
            return self._call(called, owner, given, named)
        if isinstance(called, Owner) and called.fields is not None:
            return self._made(called, given, named)
        if called is UNKNOWN and isinstance(node.func, ast.Name):
            called = Foreign(node.func.id)
        origin = called.origin if isinstance(called, Foreign) else ""
        self._code.tested += [owner, *given] if method in TESTS else []
        made = Call(origin, method, owner, given, named)
        for path, role in file_uses(made, lambda value: value if isinstance(value, str) else None):
            if isinstance(path, str):
                self._code.record(path, role)
        if origin in LOADERS and given and isinstance(given[0], Content):
            return self._code.data(given[0])
        if origin == "argparse.ArgumentParser":
            return Owner(self._code.defaults)
        if isinstance(owner, Owner):
            return _of_parser(method, owner, given, named)
        return _returned(origin, method, owner, given, named)

    def _call(
        self, function: Function, owner: Any, given: list[Any], named: Mapping[str, Any]
    ) -> Any:
        """Follow a function of the code, and return what it returns."""
        if self._depth >= MAX_DEPTH:
            return UNKNOWN
        parameters = function.node.args
        places = [each.arg for each in (*parameters.posonlyargs, *parameters.args)]
        names = [each.arg for each in parameters.kwonlyargs]
        if function.is_method and isinstance(owner, Owner):
            given = [owner, *given]
        where = _Scope(self._code, function.names, self._depth)
        defaults = zip(places[::-1], parameters.defaults[::-1], strict=False)
        by_name = zip(names, parameters.kw_defaults, strict=True)
        values = dict.fromkeys((*places, *names), UNKNOWN)
        values |= {name: where.visit(node) for name, node in (*defaults, *by_name) if node}
        values |= dict(zip(places, given, strict=False))
        values |= {name: value for name, value in named.items() if name in values}
        return _Scope(self._code, {**function.names, **values}, self._depth + 1).block(
            function.node.body
        )

    def _made(self, made: Owner, given: list[Any], named: Mapping[str, Any]) -> Owner:
        """Return an object of a class of the code."""
        fields = dict(zip(made.fields or (), given, strict=False))
        result = Owner({**made.names, **fields, **named})
        start = made.names.get("__init__")
        if isinstance(start, Function):
            self._call(start, result, given, named)
        return result


def _bound_by(statement: ast.stmt) -> list[str]:
    """Return the names that a statement in a class binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


def _items(value: Any) -> list[Any]:
    """Return the items of a loop; one unknown item if they are unknown."""
    if isinstance(value, dict | list):
        return [*value][:MAX_ITEMS]
    return [UNKNOWN]


def _formatted(text: str, *given: Any, **named: Any) -> Any:
    """Return `text.format(…)` of plain fields, without attributes, items and widths."""
    fields = [part[1:3] for part in string.Formatter().parse(text) if part[1] is not None]
    is_plain = all(not spec and not set(name or "") & set(".[") for name, spec in fields)
    return text.format(*given, **named) if is_plain else UNKNOWN


def _attribute(owner: Any, name: str) -> Any:
    if isinstance(owner, Owner):
        return owner.names.get(name, UNKNOWN)
    if isinstance(owner, Foreign):
        return Foreign(f"{owner.origin}.{name}")
    if isinstance(owner, FilePath) and name in ATTRIBUTES:
        return ATTRIBUTES[name](owner)
    return UNKNOWN


def _of_parser(method: str, parser: Owner, given: list[Any], named: Mapping[str, Any]) -> Any:
    """Add an argument to the parser of a command line; return its defaults if it parses."""
    names = [name for name in (*given, named.get("dest")) if isinstance(name, str)]
    if method == "add_argument" and names:
        name = names[-1].lstrip("-").replace("-", "_")
        parser.names[name] = named.get("default", UNKNOWN)
    elif method == "set_defaults":
        parser.names.update(named)
    return parser if method == "parse_args" else UNKNOWN


def _returned(
    origin: str, method: str, owner: Any, given: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Return what a foreign function returns that only computes paths, texts or lists."""
    if origin == "open" and given:
        return Content(given[0]) if isinstance(given[0], str) else UNKNOWN
    if method in READERS and isinstance(owner, FilePath | Content):
        return Content(owner)
    function: Callable[..., Any] | None = FUNCTIONS.get(origin)
    if origin.rpartition(".")[2] in PATHS:
        function = _joined if given else FUNCTIONS["pathlib.Path.cwd"]
    elif isinstance(owner, FilePath) and method in PATH_METHODS:
        function, given = PATH_METHODS[method], [owner, *given]
    elif isinstance(owner, str) and method == "format":
        function = partial(_formatted, owner)
    elif isinstance(owner, str) and method in TEXT_METHODS:
        function = getattr(str(owner), method)
    elif isinstance(owner, dict) and method == "get":
        function = owner.get
    elif isinstance(owner, dict) and method in ("items", "keys", "values"):
        pairs = {"keys": [*owner], "values": [*owner.values()]}
        return pairs.get(method, [[*pair] for pair in owner.items()])
    if function and UNKNOWN not in (*given, *named.values()):
        # wrong arguments: the code would fail here
        with contextlib.suppress(TypeError, ValueError, LookupError, AttributeError):
            return function(*given, **named)
    return UNKNOWN
