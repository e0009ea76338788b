"""Find the Python files that a Python file needs.

These are its imports, the modules that it starts by name, and its fixtures.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

FOLDERS = ("jupyter_ext", "buildtools", "tests", "benchmarks")
SOURCES = ("jupyter_ext", "buildtools", "tests", "benchmarks", "")  # where absolute names begin
PLUGINS = ("jupyter_ext/nbyard/testing/plugin.py", "tests/support/fixtures.py")
SERVICES = "jupyter_ext/nbyard/services"
# Its functions import on demand for a host; importing the package imports none of it.
LAZY = "jupyter_ext/nbyard/__init__.py"
# It names every service. It is left out because each user of a service names it itself.
REGISTRY = f"{SERVICES}/registry.py"
# A test that starts JupyterLab also starts our server extension.
HOSTS = {"jupyter_server", "jupyterlab", "jp_fetch", "jp_serverapp", "jp_ws_fetch"}
EXTENSION = ("jupyter_ext/nbyard/extension.py", "jupyter_ext/nbyard/ydoc.py")
DOTTED = re.compile(r"nbyard(?:\.\w+)+")
WORD = re.compile(r"\w+")


@dataclass
class File:
    """The names in a file: modules, arguments of functions, and services."""

    imports: set[str] = field(default_factory=set)
    arguments: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


def _services(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the noun and the file of each service.

    The file is `services/NOUN.py` or `services/NOUN/service.py`.
    """
    for name in files:
        parts = Path(name).relative_to(SERVICES).parts if name.startswith(f"{SERVICES}/") else ()
        if len(parts) == 1:
            yield Path(name).stem, name
        elif len(parts) == 2 and parts[1] == "service.py":
            yield parts[0], name


class Graph:
    """The Python files below a folder, and what each of them needs."""

    def __init__(self, root: Path):
        self.root = root
        paths = (path for top in FOLDERS for path in (root / top).rglob("*.py"))
        self.files = {path.relative_to(root).as_posix() for path in paths}
        self._services = dict(_services(self.files))  # by noun

    @cached_property
    def needs(self) -> dict[str, set[str]]:
        """Map each file to the files that it needs directly."""
        return {name: self._needs(name) - {name} for name in self.files}

    def affected(self, changed: Iterable[str]) -> set[str]:
        """Return the changed files and all files that need one of them, however far away."""
        users = defaultdict(set)
        for name, needed in self.needs.items():
            for other in needed:
                users[other].add(name)
        found: set[str] = set()
        waiting = list(changed)
        while waiting:
            if (name := waiting.pop()) not in found:
                found.add(name)
                waiting += users[name]
        return found

    def _needs(self, name: str) -> set[str]:
        tree = ast.parse((self.root / name).read_bytes())
        if name == LAZY:
            tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
        read = _read(tree, name)
        found = {file for dotted in read.imports for file in self._files_of(dotted)}
        if name == REGISTRY:
            found = {file for file in found if not file.startswith(f"{SERVICES}/")}
        services = read.services
        if name.startswith("tests/"):
            found |= self._fixtures(name, read.arguments)
            found |= set(EXTENSION if HOSTS & (read.arguments | read.imports | read.words) else ())
            if not name.startswith("tests/support/"):
                services = services | read.words
        found |= {self._services[noun] for noun in services & set(self._services)}
        return found

    def _files_of(self, dotted: str) -> Iterator[str]:
        """Yield the file of a module, and those of the packages around it."""
        parts = dotted.split(".")
        for source in SOURCES:
            for end in range(1, len(parts) + 1):
                stem = "/".join([*filter(None, [source]), *parts[:end]])
                yield from {f"{stem}.py", f"{stem}/__init__.py"} & self.files

    def _fixtures(self, name: str, arguments: set[str]) -> set[str]:
        """Return the `conftest.py` files above a test, and what the plug-in's fixtures need."""
        above = {f"{folder.as_posix()}/conftest.py" for folder in Path(name).parents}
        waiting, seen = list(arguments), set()
        while waiting:
            if (fixture := waiting.pop()) in self._plugin and fixture not in seen:
                seen.add(fixture)
                waiting += self._plugin[fixture].arguments
        needed = {file for fixture in seen for file in self._plugin_files(fixture)}
        return needed | (above & self.files)

    def _plugin_files(self, fixture: str) -> Iterator[str]:
        for dotted in self._plugin[fixture].imports:
            yield from self._files_of(dotted)

    @cached_property
    def _plugin(self) -> dict[str, File]:
        """Map each fixture of the plug-ins to the names in it."""
        return {
            node.name: _read(node, plugin)
            for plugin in PLUGINS
            if plugin in self.files
            for node in ast.parse((self.root / plugin).read_bytes()).body
            if isinstance(node, ast.FunctionDef)
        }


def _read(tree: ast.AST, name: str) -> File:
    file = File()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                file.imports |= {alias.name for alias in names}
            case ast.ImportFrom(module=module, names=names, level=level):
                start = _package(name, level)
                base = ".".join(filter(None, (start, module)))
                file.imports |= {base} | {f"{base}.{alias.name}" for alias in names}
            case ast.Constant(value=str(text)):
                file.imports |= set(DOTTED.findall(text))
                if Path(name).name != "conftest.py":
                    file.words |= set(WORD.findall(text))
            case ast.Attribute(value=ast.Attribute(attr="services"), attr=noun):
                file.services.add(noun)
            case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
                file.arguments |= {argument.arg for argument in arguments.args}
    return file


def _package(name: str, level: int) -> str:
    """Return the dotted package that a relative import of that level starts from."""
    return ".".join(Path(name).parts[:-level]) if level else ""
