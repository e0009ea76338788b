"""The packages that the code of nodes imports, and those that are missing where it runs."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.attempts.missing_modules import package_of
from nbyard.domain.caching.path_mentions import COMMENT
from nbyard.domain.environments.requirements import normal_name
from nbyard.domain.executables.structs import is_python
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.notebooks.parameter_cells import parse_cell, source_of
from nbyard.errors import NbyardError, NotFound
from nbyard.host import kernels
from nbyard.reasons.structs import Reason, because
from nbyard.serving.installed_packages import Imports, imports_of

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.domain.environments.references import UsedEnvironment
    from nbyard.domain.environments.structs import EnvironmentRef
    from nbyard.domain.executables.structs import ExecutableVersion, ReadCode
    from nbyard.freezing.executable_versions import Code
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.host.project_files import ProjectFiles

    Read = Callable[[str], bytes | None]

MODEL = "model"  # the kind of model files, which declare their packages
# Every environment has these, or nbyard adds them. Packages of the last ones have longer names.
NEVER_MISSING = {*sys.stdlib_module_names, "nbyard", "IPython", "ipykernel", "azure", "google"}
# Code with these installs packages, writes modules or finds them elsewhere.
UNKNOWN = re.compile(
    r"\bsys\.path\b|\bchdir\b|^\s*%cd\b|^\s*%%writefile\b|\b(?:pip|conda|mamba)\b.*\binstall\b",
    re.MULTILINE,
)
# cell magics whose cells are Python
TIMED = re.compile(r"\s*%%(?:time|timeit|capture)\b")
MOST_PLACES = 1000  # where local modules are looked for


class Installed(msgspec.Struct, frozen=True):
    """Installed packages by normal name."""

    packages: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()  # those that come from no index
    modules: frozenset[str] = frozenset()  # importable ones, as far as known
    python: str = ""

    def lacks(self, module: str) -> bool:
        """Return whether the code cannot import a module here."""
        names = {normal_name(package_of(module)), normal_name(module)}
        return module not in self.modules and not names & self.packages

    def is_from_index(self, module: str) -> bool:
        """Return whether a package with the name of the module came from an index."""
        return normal_name(package_of(module)) in self.packages - self.elsewhere


class NodeImports(msgspec.Struct, frozen=True):
    """The packages to add for one node."""

    used: UsedEnvironment | None  # where to add them; None: to a new one
    lacking: list[str]  # missing where the node runs
    wanted: list[str]  # all that its code imports, as far as an index has them

    @property
    def environment(self) -> str:
        """Return the ID of its environment, "" for none."""
        return self.used.id if self.used else ""


def packages_to_add(nodes: Iterable[NodeImports], environment: str) -> list[str]:
    """Return the packages to add to an environment for all nodes that use it.

    `environment` is its ID. Without one, these are the packages of a new environment.
    """
    own = [node for node in nodes if node.environment == environment]
    lacking = (name for node in own for name in node.lacking)
    wanted = (name for node in own if not environment for name in node.wanted)
    return sorted({*lacking, *wanted}, key=str.lower)


def missing_hints(
    nodes: Mapping[str, NodeImports], name: str, *, exists: bool
) -> dict[str, Reason]:
    """Return by node why it cannot import its packages, with one command for all nodes.

    `name` is that of the environment to create for nodes without one, or to use if it `exists`.
    """
    hints = {}
    for node, imports in nodes.items():
        if not imports.lacking:
            continue
        packages = packages_to_add(nodes.values(), imports.environment)
        used = imports.used
        verb, target = "install" if used or exists else "create", used.name if used else name
        hints[node] = because(
            "imports-missing-in-environment" if used else "imports-missing",
            packages=imports.lacking,
            command=shlex.join(["nbyard", "environments", verb, target, *packages]),
            environment=target,
        )
    return hints


class Places:
    """Finds what is installed where nodes run. Each place is looked at once."""

    def __init__(self, context: FreezingContext):
        self._context = context
        self._known: dict[tuple[str, ...], Installed | None] = {}

    def imports(
        self,
        modules: Iterable[str],
        of: ReadCode,
        used: UsedEnvironment | None,
        runtime: str,
        kernel: str,
    ) -> NodeImports:
        """Return what a node with these modules needs where it runs.

        `kernel` replaces the kernel of a notebook. `runtime` is "" for a container whose packages
        are unknown: it has an image, or requirements of its own.
        """
        key = (used.version_id,) if used else (runtime, kernel, of.kind, of.kernel, of.language)
        if key not in self._known:
            self._known[key] = self._find(of, used, runtime, kernel)
        there = self._known[key]
        lacking = [module for module in modules if there and there.lacks(module)]
        wanted = [
            module
            for module in modules
            if there is None or there.lacks(module) or there.is_from_index(module)
        ]
        return NodeImports(used, _packages_of(lacking), _packages_of(wanted))

    def _find(
        self, of: ReadCode, used: UsedEnvironment | None, runtime: str, kernel: str
    ) -> Installed | None:
        if not used and runtime != PROCESS:
            # by default an image with Python and nothing else
            return Installed() if runtime == DOCKER else None
        try:
            if used or of.kind != "notebook":
                return installed_packages(self._context, used)
            # a chosen kernel has no substitute
            chosen = kernels.find_kernel(kernel or of.kernel, "" if kernel else of.language)
        except NotFound:
            return None
        return _installed_in(chosen) if chosen.lock else None


def runs_python(of: ReadCode) -> bool:
    """Return whether the packages of code are those that its Python imports."""
    if of.kind == "notebook":
        return is_python(of.language)
    return of.language == "python" and of.kind != MODEL


def installed_packages(context: FreezingContext, used: UsedEnvironment | None) -> Installed:
    """Return what is installed in an environment, or in the interpreter that runs nbyard.

    Raises:
        NotFound: The version of the environment was deleted, or its interpreter does not run.
    """
    interpreter = ""
    if used:
        with context.store.read() as c:
            version = context.store.environments.version(c, used.version_id)
        if version is None:
            raise NotFound()
        interpreter = f"{version.place}/bin/python"
        # The folder of an environment is evicted while no task uses the environment.
        if not (version.place and Path(interpreter).is_file()):
            names = frozenset(normal_name(package.name) for package in version.packages)
            return Installed(names, python=version.python)
    return _installed_in(kernels.python_interpreter(interpreter))


def _installed_in(environment: EnvironmentRef) -> Installed:
    lock = environment.lock
    assert lock is not None
    elsewhere = (package.name for package in lock.packages if package.direct_url)
    return Installed(
        frozenset(normal_name(package.name) for package in lock.packages),
        frozenset(map(normal_name, elsewhere)),
        kernels.importable_modules(environment),
        lock.python,
    )


def _packages_of(modules: Iterable[str]) -> list[str]:
    return sorted({package_of(module) for module in modules}, key=str.lower)


def modules_of_code(files: ProjectFiles, code: Code) -> frozenset[str]:
    """Return the modules that the code in a file always imports, without those of its project."""
    own = PurePosixPath(split_function_path(code.filename).file).name
    folder = code.path and code.folder

    def read(path: str) -> bytes | None:
        if path == own:
            return code.content
        if folder is None:
            return None
        if (folder / path).is_dir():
            return b""
        with contextlib.suppress(NbyardError, OSError):
            return files.content(folder / path)
        return None

    modules = imported_modules(own, read)
    above = [place for place in folder.parents if files.has(place)] if folder else []
    return modules.difference(
        name
        for name in modules
        for place in above
        if (place / name).is_dir() or (place / f"{name}.py").is_file()
    )


def modules_of_version(blobs: Blobs, version: ExecutableVersion) -> frozenset[str]:
    """Return the modules that stored code always imports, without those of its bundle."""
    file = split_function_path(version.file).file
    return _modules_of_bundle(blobs, version.bundle_digest, version.content_digest, file)


@lru_cache(maxsize=1000)  # pages of a run ask repeatedly
def _modules_of_bundle(blobs: Blobs, bundle: str, content: str, file: str) -> frozenset[str]:
    own = PurePosixPath(file)
    digests = {entry.path: entry.digest for entry in blobs.tree(bundle).files}
    folders = {str(folder) for path in digests for folder in PurePosixPath(path).parents}

    def read(path: str) -> bytes | None:
        place = os.path.normpath(own.parent / path)
        digest = content if path == own.name else digests.get(place)
        if digest is None:
            return b"" if place in folders else None
        with blobs.open(digest) as handle:
            return handle.read()

    names = {name.partition(".")[0] for path in digests for name in path.split("/")}
    return imported_modules(own.name, read) - names


def imported_modules(file: str, read: Read) -> frozenset[str]:
    """Return the top names of the modules that code always imports, without local ones.

    Imports in functions, conditions and `try` do not count. Local modules are followed. `read`
    returns the bytes of a file below the folder of the code, b"" for a folder and None if there is
    neither. Return nothing if the code changes where modules are found.
    """
    foreign, pending, seen = set[str](), [file], {file}
    while pending and len(seen) < MOST_PLACES:
        path = pending.pop()
        imports = _imports_in(path, read(path) or b"")
        if imports is None:
            return frozenset()
        folders = PurePosixPath(path).parents
        levels = ((name, len(name) - len(name.lstrip("."))) for name in imports.near)
        near = {
            str(folders[level - 1] / name[level:].replace(".", "/"))
            for name, level in levels
            if level <= len(folders)
        }
        for name in near | {module.replace(".", "/") for module in imports.modules}:
            top = name.partition("/")[0]
            if name in near or any(read(place) is not None for place in (f"{top}.py", top)):
                # `import package.part` also runs the code of `package`.
                parents = [*map(str, PurePosixPath(name).parents)][:-1]
                ends = (".py", "/__init__.py")
                places = {f"{each}{end}" for each in (name, *parents) for end in ends}
                pending += [place for place in places - seen if read(place) is not None]
                seen |= places
            else:
                foreign.add(top)
    return frozenset(foreign - NEVER_MISSING)


def _imports_in(path: str, content: bytes) -> Imports | None:
    """Return the imports of a file that always run, None if they do not tell what it needs."""
    texts = [content.decode("utf-8", "replace")]
    if path.endswith(".ipynb"):
        try:
            cells = json.loads(texts[0])["cells"]
            texts = [source_of(cell) for cell in cells if cell["cell_type"] == "code"]
        except (ValueError, TypeError, KeyError, AttributeError):
            texts = []  # not a notebook since format 4
        texts = [
            cell
            for cell in texts
            if not cell.lstrip().startswith("%%") or TIMED.match(cell) or UNKNOWN.search(cell)
        ]
    return _imports_of_texts(tuple(texts))


@lru_cache(maxsize=1000)  # the same code is checked after each change of a workflow
def _imports_of_texts(texts: tuple[str, ...]) -> Imports | None:
    if UNKNOWN.search(COMMENT.sub("", "\n".join(texts))):
        return None
    imports = Imports(set(), set(), set())
    for text in texts:
        try:
            tree, _ = parse_cell(text)
        except SyntaxError:
            continue
        body = [part for part in tree.body if isinstance(part, ast.Import | ast.ImportFrom)]
        always = imports_of(ast.Module([*body], []))
        imports = Imports(imports.modules | always.modules, set(), imports.near | always.near)
    return imports
