"""Files that a script opens to read or write, read from its source."""

import ast
from collections.abc import Callable

from nbyard.domain.arguments.structs import Role
from nbyard.domain.inspection.python_calls import PythonModule

OPENS = ("open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open")
# Methods of a path.
READS = frozenset({"read_text", "read_bytes"})
WRITES = frozenset({"write_text", "write_bytes"})
# Methods of any object whose first argument is the path.
# fmt: off
LOADS = frozenset({
    "imread", "loadtxt", "read_csv", "read_excel", "read_feather", "read_ipc", "read_json",
    "read_ndjson", "read_parquet", "read_pickle", "read_table", "scan_csv", "scan_parquet",
})
SAVES = frozenset({
    "imsave", "imwrite", "savefig", "savetxt", "savez", "sink_csv", "sink_parquet", "to_csv",
    "to_excel", "to_feather", "to_html", "to_json", "to_netcdf", "to_parquet", "to_pickle",
    "write_csv", "write_html", "write_image", "write_json", "write_parquet",
})
# fmt: on
# Functions, with the index of the path argument.
FUNCTIONS: dict[str, tuple[int, Role]] = {
    "joblib.load": (0, "input"),
    "numpy.load": (0, "input"),
    "torch.load": (0, "input"),
    "joblib.dump": (1, "output"),
    "numpy.save": (0, "output"),
    "torch.save": (1, "output"),
}


def role_of_mode(mode: str) -> Role | None:
    """Return the role of a file opened in this mode; None if it is both read and written."""
    if "+" in mode:
        return None
    return "output" if set(mode) & set("wax") else "input"


def opened_files(source: PythonModule, name_of: Callable[[ast.expr], str]) -> dict[str, Role]:
    """Return the roles of the files that a script opens, by parameter name.

    `name_of` returns the parameter that an expression refers to, or an empty text. Parameters that
    are both read and written are left out.
    """
    roles_by_name: dict[str, set[Role]] = {}
    for call in source.calls():
        origin = source.origin(call.func)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        paths: list[ast.expr] = []
        role: Role | None = None
        if origin in OPENS and call.args:
            paths, role = call.args[:1], _mode(call, 1)
        elif isinstance(call.func, ast.Attribute) and method == "open":
            paths, role = [call.func.value], _mode(call, 0)
        elif isinstance(call.func, ast.Attribute) and method in READS | WRITES:
            paths, role = [call.func.value], "input" if method in READS else "output"
        elif method in LOADS | SAVES:
            paths, role = call.args[:1], "input" if method in LOADS else "output"
        elif origin in FUNCTIONS:
            at, role = FUNCTIONS[origin]
            paths = call.args[at : at + 1]
        if paths and role is not None:
            roles_by_name.setdefault(name_of(_path(paths[0])), set()).add(role)
    return {
        name: next(iter(roles)) for name, roles in roles_by_name.items() if name and len(roles) == 1
    }


def _mode(call: ast.Call, place: int) -> Role | None:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    node = (given or call.args[place : place + 1] or [ast.Constant("r")])[0]
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return role_of_mode(str(node.value)) if is_text else None  # type: ignore[attr-defined]


def _path(node: ast.expr) -> ast.expr:
    """Return the argument of `Path(…)`, `str(…)` and similar calls."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if getattr(node.func, "id", name) in ("Path", "str", "fspath", "expanduser", "abspath"):
            return _path(node.args[0])
    return node
