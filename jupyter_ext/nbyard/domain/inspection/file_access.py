"""Files that a script opens to read or write, read from its source."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from nbyard.domain.arguments.structs import Role
from nbyard.domain.inspection.python_calls import PythonModule

T = TypeVar("T")

OPENS = (
    *("open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open"),
    *("h5py.File", "rasterio.open", "tarfile.open", "zipfile.ZipFile"),
)
# Methods of a path.
READS = frozenset({"read_text", "read_bytes"})
WRITES = frozenset({"write_text", "write_bytes"})
# Functions and methods of any object, by the place of the path among their arguments.
# fmt: off
LOADS = frozenset({
    "fread", "genfromtxt", "imread", "load_model", "loadtxt", "open_dataset", "open_mfdataset",
    "open_zarr", "read_csv", "read_excel", "read_feather", "read_file", "read_hdf", "read_image",
    "read_ipc", "read_json", "read_ndjson", "read_orc", "read_parquet", "read_pickle", "read_stata",
    "read_table", "scan_csv", "scan_ndjson", "scan_parquet",
})
SAVES = frozenset({
    "imsave", "imwrite", "save_model", "savefig", "savetxt", "savez", "savez_compressed",
    "sink_csv", "sink_parquet", "to_csv", "to_excel", "to_feather", "to_file", "to_hdf", "to_html",
    "to_json", "to_latex", "to_markdown", "to_netcdf", "to_orc", "to_parquet", "to_pickle",
    "to_stata", "to_zarr", "write_csv", "write_excel", "write_html", "write_image", "write_json",
    "write_ndjson", "write_parquet",
})
# fmt: on
# Functions, with the index of the path argument.
FUNCTIONS: dict[str, tuple[int, Role]] = {
    "PIL.Image.open": (0, "input"),
    "joblib.load": (0, "input"),
    "numpy.load": (0, "input"),
    "torch.load": (0, "input"),
    "joblib.dump": (1, "output"),
    "numpy.save": (0, "output"),
    "pandas.ExcelWriter": (0, "output"),
    "pandas.read_sql": (1, "input"),
    "pandas.read_sql_query": (1, "input"),
    "pandas.read_sql_table": (1, "input"),
    "torch.save": (1, "output"),
    "urllib.request.urlretrieve": (1, "output"),
}
# Methods of the connection to a database file, with the path as the connection.
SQL = ("execute", "executemany", "executescript", "sql")
SQL_FILES = re.compile(r"\b(to|from|join|attach|read_\w+\()\s*'([^']+\.\w+)'", re.IGNORECASE)
CHANGES = re.compile(r"\s*(?:alter|create|delete|drop|insert|replace|update)\b", re.IGNORECASE)
_COPIES = "shutil.copy shutil.copy2 shutil.copyfile shutil.move os.rename os.replace"
COPIES = frozenset(_COPIES.split())
_PATHS = "path filename filepath_or_buffer path_or_buf path_or_buffer fname file io excel_writer"
PATH_KEYWORDS = _PATHS.split()


class Call(NamedTuple, Generic[T]):
    """A call: its function, the object of a method, and its arguments.

    `origin` is the full name of the function, `method` the last part if it belongs to `owner`.
    """

    origin: str
    method: str
    owner: T
    args: Sequence[T]
    keywords: Mapping[str, T]


def role_of_mode(mode: str) -> Role | None:
    """Return the role of a file opened in this mode; None if it is both read and written."""
    if "+" in mode:
        return None
    return "output" if set(mode) & set("wax") else "input"


def file_uses(call: Call[T], text_of: Callable[[T], str | None]) -> Iterator[tuple[T | str, Role]]:
    """Yield the paths that a call reads or writes. `text_of` returns the text of an argument."""
    if call.origin in OPENS or (call.method == "open" and call.origin not in FUNCTIONS):
        args = [*call.args] if call.origin in OPENS else [call.owner, *call.args]
        modes = [call.keywords[name] for name in ("mode",) if name in call.keywords] + args[1:2]
        mode = text_of(modes[0]) if modes else "r"
        role = role_of_mode(mode) if mode is not None else None
        if role and args:
            yield args[0], role
    elif call.method in SQL and call.args:
        text = text_of(call.args[0]) or ""
        yield call.owner, "output" if CHANGES.match(text) else "input"
        for word, path in SQL_FILES.findall(text):
            yield path, "output" if word.lower() == "to" else "input"
    elif call.method == "to_sql" and len(call.args) > 1:
        yield call.args[1], "output"
    elif call.method in READS | WRITES:
        yield call.owner, "input" if call.method in READS else "output"
    elif call.origin in COPIES and len(call.args) > 1:
        yield call.args[0], "input"
        yield call.args[1], "output"
    else:
        name = call.method or call.origin.rpartition(".")[2]
        place, role = FUNCTIONS.get(call.origin, (0, "input" if name in LOADS else "output"))
        if call.origin in FUNCTIONS or name in LOADS | SAVES:
            named = [call.keywords[name] for name in PATH_KEYWORDS if name in call.keywords]
            yield from ((path, role) for path in [*call.args[place : place + 1], *named][:1])


def opened_files(source: PythonModule, name_of: Callable[[ast.expr], str]) -> dict[str, Role]:
    """Return the roles of the files that a script opens, by parameter name.

    `name_of` returns the parameter that an expression refers to, or an empty text. Parameters that
    are both read and written are left out.
    """
    roles_by_name: dict[str, set[Role]] = {}
    for call in source.calls():
        method, owner = (
            (call.func.attr, call.func.value)
            if isinstance(call.func, ast.Attribute)
            else ("", call.func)
        )
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        made = Call(source.origin(call.func), method, owner, call.args, keywords)
        for path, role in file_uses(made, _text):
            name = "" if isinstance(path, str) else name_of(_path(path))
            roles_by_name.setdefault(name, set()).add(role)
    return {
        name: next(iter(roles)) for name, roles in roles_by_name.items() if name and len(roles) == 1
    }


def _text(node: ast.expr) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else None  # type: ignore[attr-defined]


def _path(node: ast.expr) -> ast.expr:
    """Return the argument of `Path(…)`, `str(…)` and similar calls."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if getattr(node.func, "id", name) in ("Path", "str", "fspath", "expanduser", "abspath"):
            return _path(node.args[0])
    return node
