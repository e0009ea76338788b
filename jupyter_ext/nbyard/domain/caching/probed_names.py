"""Names of files that a Python module looks for, and whether it looks for computed names."""

import ast
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from nbyard.domain.inspection.argparse_scripts import ADD, PARSER, follow_parser
from nbyard.domain.inspection.cli_parameters import UnreadArguments
from nbyard.domain.inspection.constant_expressions import PATHS, NotConstant, evaluate_constant
from nbyard.domain.inspection.python_calls import PythonModule

PARSE = "parse_args"
_ACTIONS = "count help store store_const store_false store_true version"
ACTIONS = frozenset(_ACTIONS.split())
BOOLEAN = "argparse.BooleanOptionalAction"
# types that keep the word, or open the file of that name
TYPES = frozenset({"argparse.FileType", "bool", "float", "int", "open", "pathlib.Path", "str"})
# keywords that are neither in the values of options nor change them
SHOWN = frozenset({"choices", "deprecated", "dest", "help", "metavar", "required"})
# a value of another kind may be a list, which the script may extend
VALUES = (ast.Call, ast.Constant, ast.JoinedStr, ast.UnaryOp)
Bindings = Mapping[str, Sequence[ast.expr | None]]
# Last word of a call. Words that begin with BEGINNINGS count as well.
_PROBES = (
    # Python itself
    "BZ2File CDLL DirEntry FileCookieJar FileIO FileInput GzipFile LZMAFile LoadLibrary PyDLL"
    " SourceFileLoader TarFile ZipFile __import__ access chdir cmp cmpfiles connect dircmp dlopen"
    " eval exec exec_module execfile exists fileConfig find_spec fwalk get_data getctime getline"
    " getlines getmtime getsize getxattr glob hardlink_to iglob is_block_device"
    " is_char_device is_dir is_fifo is_file is_junction is_mount is_socket is_symlink is_tarfile"
    " is_zipfile isdir isfile isjunction islink ismount iter_modules iterdir iterparse lexists"
    " link_to listdir listxattr lstat mkfifo parse readlink reload removedirs rglob rmdir"
    " rmtree run_module run_path samefile scandir spec_from_file_location stat statvfs symlink_to"
    " unlink utime walk walk_packages which"
    # tables and arrays
    " DeltaTable Dataset ExcelFile File FileDataset FileSelector HDFStore MFDataset ORCFile OSFile"
    " ParquetDataset ParquetFile SQLContext create_engine dataset fromfile genfromtxt"
    " get_file_info input_stream memmap memory_map mmread netcdf_file whosmat"
    # pictures, sound, video, documents, maps and genomes
    " AlignmentFile AudioSegment Document FastaFile FileStorage ImageCollection PdfFileReader"
    " PdfReader Presentation SoundFile TFile VariantFile VideoCapture VideoFileClip addfont dcmread"
    " get_reader get_template imiter imopen imread imreadmulti mimread mvolread truetype volread"
    # machine learning and settings
    " CsvDataset DMatrix DatasetFolder FileSystemLoader GFile ImageFolder InferenceSession"
    " SentencePieceProcessor TFRecordDataset TextLineDataset audio_dataset_from_directory"
    " dotenv_values find_dotenv flow_from_directory image_dataset_from_directory"
    " text_dataset_from_directory torch_load"
)
PROBES = frozenset(_PROBES.split())
BEGINNINGS = ("from_", "import_", "load", "open", "read", "scan_")
NO_PROBES = frozenset({"loads", "openai"})  # exceptions to BEGINNINGS
# Calls that return a handle, which is read later.
OPENERS = frozenset({"Dataset", "ExcelFile", "File", "TarFile", "ZipFile", "connect", "open"})
# Texts and data frames have methods with these names as well.
_MOVES = "compile copy copy2 copyfile copytree link move remove rename replace symlink truncate"
MOVES = frozenset(_MOVES.split())
MOVING = frozenset({"os", "shutil"})
# Other objects have attributes with this name as well.
ATTRIBUTES = frozenset({"dataset"})
# These calls fail if the path exists, unless `exist_ok=True`.
MAKES = frozenset({"makedirs", "mkdir"})
# Methods of a path: the path itself counts as an argument.
_OF_PATHS = (
    "exists glob hardlink_to is_block_device is_char_device is_dir is_fifo is_file"
    " is_junction is_mount is_socket is_symlink iterdir link_to lstat makedirs mkdir open owner"
    " read_bytes read_text readlink rglob rmdir samefile stat symlink_to unlink walk"
)
OF_PATHS = frozenset(_OF_PATHS.split())
# Modules, not paths: only the arguments of their functions name files.
_LIBRARIES = (
    "PIL aifc aiofiles astropy builtins bz2 codecs dbm fiona fitz fsspec glob gzip imageio"
    " importlib io laspy lzma os pathlib pdfplumber posixpath pymupdf rasterio shelve shutil"
    " smart_open tarfile tensorflow tifffile tokenize torch uproot vaex wave zarr zipfile"
)
LIBRARIES = frozenset(_LIBRARIES.split())
# Modules whose functions open their arguments, whatever their names.
_ALL_OPEN = "dbm duckdb fileinput linecache runpy shelve"
ALL_OPEN = frozenset(_ALL_OPEN.split())
# Keyword arguments that name files in any call.
_KEYWORDS = (
    "data_dir data_files directory file_name file_path filename filenames filepath"
    " filepath_or_buffer fname path paths"
)
KEYWORDS = frozenset(_KEYWORDS.split())
# Modules whose SQL opens files.
SQL_FILES = frozenset({"duckdb"})
SQL = frozenset({"execute", "executemany", "query", "sql"})
# Calls that only write or show their texts.
QUIET = re.compile(
    r"print|pprint|debug|info|warn|warning|error|critical|log|display|Markdown|HTML|dump|title"
    r"|suptitle|[xy]label|set_(?:description|title|[xy]label)|imsave|imwrite|\w*(?:Error|Exception)"
    r"|(?:to|write|save|sink)(?:_\w*)?|save(?:fig|txt|z)"
)
# Calls that look up a function by its name.
NAMES = frozenset({"getattr", "methodcaller", "attrgetter"})
ENDING = r"[\w*-]*\.[A-Za-z][A-Za-z0-9]{0,8}(?![\w(.]|\s*=)"
# A computed part, and the end of a file name: "%d.csv", "{}.csv", "{year:02}_x.csv", "$year.csv"
TEMPLATE = re.compile(rf"(?:%(?:\(\w+\))?[-#0 +\d.]*[A-Za-z]|\{{[^{{}}\s]*\}}|\$\w+){ENDING}")
AFTER = re.compile(ENDING)
JOINS = PATHS | {"format", "join", "joinpath", "str", "with_suffix"}


def parsed_options(
    tree: ast.Module,
    bound: Bindings,
    shown: Collection[int],
    is_known: Callable[[ast.expr], bool],
) -> set[str]:
    """Return variables such as `options` of `options = parser.parse_args()`.

    Each attribute of such a variable is a word of the command line, or a default that `is_known`.
    `bound` has the expressions bound to each name, `shown` the IDs of nodes that are only shown.
    Without certainty, the result is empty.
    """
    source = PythonModule(tree)
    try:
        walk = follow_parser(source)
    except UnreadArguments:
        return set()
    # Other code with the parser, or `set_defaults`, may set values that are not words.
    if walk is None or walk.given_away or walk.defaults:
        return set()
    nodes = source.nodes
    names = [node for node in nodes if isinstance(node, ast.Name)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    added = [node for node in nodes if isinstance(node, ast.Call) and _method(node) == ADD]
    keywords = [keyword for call in added for keyword in call.keywords]
    if not all(_keeps_word(source, keyword.arg, keyword.value, is_known) for keyword in keywords):
        return set()
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    if TYPES & own.union(node.id for node in names if isinstance(node.ctx, ast.Store)):
        return set()  # such a type is not Python's
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "sys"]
    imported = {alias.name for node in imports for alias in node.names}
    if "*" in imported or "argv" in imported.union(node.attr for node in attributes):
        return set()  # the script may change the words before it parses them
    public = [node for node in attributes if not node.attr.startswith("_")]
    read = {id(node.value) for node in public if isinstance(node.ctx, ast.Load)}
    # names that are used in another way may be changed there
    used = [node for node in names if isinstance(node.ctx, ast.Load) and id(node) not in read]
    changeable = {node.id for node in used if id(node) not in shown}
    return {
        name
        for name, values in bound.items()
        if len(values) == 1 and name not in changeable and _is_parsed(source, bound, values[0])
    }


def _keeps_word(
    source: PythonModule, name: str | None, value: ast.expr, is_known: Callable[[ast.expr], bool]
) -> bool:
    """Return whether an argument is one word or constant that the script cannot change."""
    if name == "type":
        return source.origin(value.func if isinstance(value, ast.Call) else value) in TYPES
    constant = value.value if isinstance(value, ast.Constant) else ""
    if name == "action":
        return constant in ACTIONS or source.origin(value) == BOOLEAN
    if name in ("const", "default"):
        return isinstance(value, VALUES) and is_known(value)
    return name in SHOWN or (name == "nargs" and constant == "?")


def _is_parsed(source: PythonModule, bound: Bindings, value: ast.expr | None) -> bool:
    """Return whether a value is the command line, parsed by the only parser."""
    if not isinstance(value, ast.Call) or _method(value) != PARSE or value.args or value.keywords:
        return False
    assert isinstance(value.func, ast.Attribute)
    parser: ast.expr | None = value.func.value
    if isinstance(parser, ast.Name):
        parsers = bound.get(parser.id, ())
        parser = parsers[0] if len(parsers) == 1 else None
    return isinstance(parser, ast.Call) and source.origin(parser.func) == PARSER


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def is_probe(word: str) -> bool:
    """Return whether a function of this name opens or tests a file passed to it."""
    lower = word.lower()
    return word in PROBES or (lower.startswith(BEGINNINGS) and lower not in NO_PROBES)


def names_of(
    tree: ast.Module, given: Mapping[str, Any], *, is_started: bool = False
) -> tuple[set[str], bool]:
    """Return the names that a module looks for, and whether it looks for computed names.

    `given` are the values of variables that are set from outside. With `is_started`, the task
    starts this module, and the caller knows every word of the command line.
    """
    return _Reader(tree, given).find(is_started=is_started)


class _Reader:
    """Collects names with one constant value in a module, and open file handles."""

    def __init__(self, tree: ast.Module, given: Mapping[str, Any]) -> None:
        self._tree = tree
        self._nodes = list(ast.walk(tree))
        self._given = given
        self._known: dict[str, Any] = {}
        self._handles: set[str] = set()
        # names of parsed command lines, such as `options`
        self._parsed: set[str] = set()
        self._names: set[str] = set()
        # the possible full names of each imported name; `*` stands for unknown imports
        self._imported: dict[str, set[str]] = {}
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or _root(alias.name)
                    self._imported.setdefault(name, set()).add(alias.name)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    if alias.name != "*" or _root(module) not in LIBRARIES:
                        full = f"{module}.{alias.name}"
                        self._imported.setdefault(alias.asname or alias.name, set()).add(full)
        self._defined = {
            node.name
            for node in self._nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        self._bound: dict[str, list[ast.expr | None]] = {}
        for name, value in bindings_of(self._nodes):
            self._bound.setdefault(name, []).append(value)

    def find(self, *, is_started: bool) -> tuple[set[str], bool]:
        quiet = {id(part) for node in self._nodes for part in _written_or_shown(node)}
        self._find_known_names()
        others = {*self._imported, *self._defined}
        if is_started and "*" not in self._imported:
            bound = {name: values for name, values in self._bound.items() if name not in others}
            self._parsed = parsed_options(self._tree, bound, quiet, self._is_known)
        apart = {id(node.func) for node in self._nodes if isinstance(node, ast.Call)}
        apart |= {id(node.value) for node in self._nodes if isinstance(node, ast.Attribute)}
        open_flags = [
            self._is_open(node, apart) or (id(node) not in quiet and self._is_template(node))
            for node in self._nodes
        ]
        return self._names, any(open_flags)

    def _find_known_names(self) -> None:
        # what a method or an assignment to a part may modify
        changed = {
            _last(node.value)
            for node in self._nodes
            if isinstance(node, ast.Attribute)
            or (isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load))
        }
        is_constant = "*" not in self._imported  # a star import may replace any name
        for name, values in self._bound.items():
            if all(
                isinstance(expression, ast.Call) and _last(expression.func) in OPENERS
                for expression in values
            ):
                self._handles.add(name)
            elif len(values) > 1 or name in self._imported or name in self._defined:
                continue
            elif name in self._given:
                self._known[name] = self._given[name]
            elif values[0] is not None and is_constant:
                value = self._value(values[0])
                # methods and subscripts may modify a list
                if value is not None and not (isinstance(value, list | dict) and name in changed):
                    self._known[name] = value

    def _value(self, node: ast.expr) -> Any:
        try:
            return evaluate_constant(node, self._known)
        except NotConstant:
            return None

    def _is_open(self, node: ast.AST, apart: Collection[int]) -> bool:
        """Return whether a node probes an unknown name, or is a function that others may call.

        `apart` are the IDs of called nodes and of nodes whose attribute is accessed.
        """
        match node:
            case ast.Call():
                return self._is_open_call(node)
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                # A function passed on may be called with any name: `map(pd.read_csv, names)`.
                is_word = self._is_word(node)
                return id(node) not in apart and not is_word and self._is_function(node)
            case ast.ImportFrom(names=names):
                # `from pandas import read_csv as rc` hides the word by which calls are recognised.
                return any(alias.asname and is_probe(alias.name) for alias in names)
            case ast.Assign(targets=[*targets], value=value):
                places = [target for target in targets if isinstance(target, ast.Attribute)]
                # another module may open the path stored under that name
                return any(map(self._roots, places)) and not self._is_known(value)
        return False

    def _is_function(self, node: ast.Name | ast.Attribute) -> bool:
        word = _last(node)
        if isinstance(node, ast.Name):
            is_owned = word in self._bound or word in self._defined
            return is_probe(word) and (word in self._imported or not is_owned)
        if roots := self._roots(node):
            return is_probe(word) or (word in MOVES and roots <= MOVING)
        # `read_csv` is a function; `reader` and `loaded` are values
        is_long = "_" in word and is_probe(word)
        return word not in ATTRIBUTES and (word in PROBES | {"open"} or is_long)

    def _is_open_call(self, node: ast.Call) -> bool:
        word = _last(node.func)
        if word in NAMES:
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            is_named = any(isinstance(text, str) and is_probe(text) for text in texts)
            return is_named or (not texts and bool(node.args) and bool(self._roots(node.args[0])))
        if word == "setattr" and node.args and self._roots(node.args[0]):
            return not all(map(self._is_known, node.args[1:]))
        if self._is_probe(node, word):
            return not self._is_fixed(node, word)
        if QUIET.fullmatch(word) or word in self._defined:
            return False
        paths = [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS]
        return not all(map(self._is_known, paths))

    def _is_probe(self, node: ast.Call, word: str) -> bool:
        owner = getattr(node.func, "value", None)
        roots = self._roots(node.func)
        imported = itertools.chain.from_iterable(self._imported.values())
        if roots & ALL_OPEN or (word in SQL and any(_root(name) in SQL_FILES for name in imported)):
            return True
        if word in MAKES:
            accepted = [keyword.value for keyword in node.keywords if keyword.arg == "exist_ok"]
            return not any(
                isinstance(value, ast.Constant) and value.value is True for value in accepted
            )
        if word in MOVES:
            if owner is None or (roots and roots <= MOVING):
                return True
            is_path = isinstance(owner, ast.BinOp) or _last(getattr(owner, "func", owner)) in PATHS
            return is_path and word in ("rename", "replace")
        if owner is not None and _last(owner) == "read":
            return True  # spark.read.csv(…)
        # `handle.read()` reads an open file. The call that opened the file is checked itself.
        is_of_handle = owner is not None and word.startswith("read") and not node.args
        return is_probe(word) and not (is_of_handle and not word.startswith("read_"))

    def _is_fixed(self, node: ast.Call, word: str) -> bool:
        """Return whether every possible path in a call is known."""
        paths = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            roots = self._roots(node.func.value)
            # an imported name may be a path if paths have that method
            if not roots or (word in OF_PATHS | MOVES and not roots <= LIBRARIES):
                paths.append(node.func.value)
        # a list, so that _is_known records the names of every argument
        return all([self._is_known(path) for path in paths])

    def _roots(self, node: ast.expr) -> set[str]:
        """Return the top-level modules that a name may come from, or an empty set."""
        while isinstance(node, ast.Attribute):
            node = node.value
        full = self._imported.get(node.id, ()) if isinstance(node, ast.Name) else ()
        return {_root(name) for name in full}

    def _is_word(self, node: ast.expr) -> bool:
        """Return whether a node is a word of the command line, or a name with only that value."""
        if isinstance(node, ast.Attribute):
            return isinstance(node.value, ast.Name) and node.value.id in self._parsed
        # `table = options.table` only gives the word another name.
        match self._bound.get(getattr(node, "id", "")):
            case [ast.Attribute() as value]:
                return self._is_word(value)
        return False

    def _is_known(self, node: ast.expr) -> bool:
        if (isinstance(node, ast.Name) and node.id in self._handles) or self._is_word(node):
            return True
        if isinstance(node, ast.Call):
            owner = getattr(node.func, "value", None)
            is_owned = isinstance(owner, ast.Name) and owner.id == "nbyard"
            if is_owned or _last(node.func) in OPENERS:
                return True  # openers are checked themselves; inputs are not files of the code
        value = self._value(node)
        self._names.update(texts_of(value))
        return value is not None or isinstance(node, ast.Constant | ast.Lambda)

    def _is_template(self, node: ast.AST) -> bool:
        """Return whether a node composes a text that ends like a file name."""
        match node:
            case ast.JoinedStr(values=parts):
                pairs = itertools.pairwise(parts)
                is_one = any(
                    _is_end(two)
                    for previous, two in pairs
                    if not isinstance(previous, ast.Constant)
                )
            case ast.BinOp(op=ast.Add(), right=right):
                is_one = _is_end(right)
            case ast.Call(func=ast.Attribute(attr="with_suffix")):
                is_one = True
            case ast.Constant(value=str(text)):
                return TEMPLATE.search(text) is not None
            case _:
                return False
        return is_one and isinstance(node, ast.expr) and not self._is_known(node)


def bindings_of(nodes: Collection[ast.AST]) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each bound name, with its value if that is one expression.

    The value is None for other bindings, such as function arguments.
    """
    yielded = set()
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name() as target], value=value)
                | ast.AnnAssign(target=ast.Name() as target, value=value)
                | ast.withitem(context_expr=value, optional_vars=ast.Name() as target)
            ):
                yielded.add(target)
                yield target.id, value
            case (
                ast.arg(arg=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name, None
            case ast.Name(id=name, ctx=ast.Store()) if node not in yielded:
                yield name, None


def _written_or_shown(node: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes that a call only writes or shows, and texts that are only documentation."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if not isinstance(node, ast.Call) or not QUIET.fullmatch(_last(node.func)):
        return
    left: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
    while left:
        part = left.pop()
        yield part
        if isinstance(part, ast.Call):
            if _last(part.func) in JOINS:
                left += part.args
                left += [part.func.value] if isinstance(part.func, ast.Attribute) else []
        elif isinstance(part, ast.BinOp | ast.JoinedStr | ast.FormattedValue | ast.Tuple):
            left += ast.iter_child_nodes(part)


def _is_end(node: ast.expr) -> bool:
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    text = first.value if isinstance(first, ast.Constant) else None
    return isinstance(text, str) and AFTER.match(text) is not None


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts in a value, such as the value of a parameter."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for element in value.values() if isinstance(value, dict) else value:
            yield from texts_of(element)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _last(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
