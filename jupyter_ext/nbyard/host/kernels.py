"""Finds the kernels and interpreters of this machine, and writes kernelspecs of environments.

Computes the fingerprints of interpreters.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from jupyter_core.paths import jupyter_data_dir, jupyter_path
from msgspec.structs import replace

from nbyard.domain.digest import digest_of
from nbyard.domain.environments.references import lock_differences
from nbyard.domain.environments.structs import (
    KERNEL_PREFIX,
    EnvironmentRef,
    EnvironmentVersion,
    Kernel,
    Lock,
    Origin,
    conda_environment_of,
    is_owned,
)
from nbyard.errors import Invalid, NotFound
from nbyard.host.project_files import write_whole
from nbyard.reasons.structs import Reason, because

NATIVE = "python3"
DEFAULTS: dict[str, Any] = {
    "argv": [],
    "env": {},
    "display_name": "",
    "language": "",
    "interrupt_mode": "signal",
    "metadata": {},
    "kernel_protocol_version": "",
}
# Runs in a foreign interpreter and prints a `Lock`: the interpreter and its packages. The mtimes
# of the search folders, also of missing ones, are taken before the listing. If two distributions
# have one name, the first on the path counts, because it is the one that is imported. `modules`
# are the names of modules at the top of the path.
LIST_PACKAGES = """
import hashlib, importlib.metadata, json, os, platform, site, sys, sysconfig
def time_of(folder):
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
def names_in(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []
places = [*sys.path, *getattr(site, "getsitepackages", list)(), site.getusersitepackages()]
folders = {str(place): time_of(place) for place in places if place}
found = {}
for each in importlib.metadata.distributions():
    name = each.metadata["Name"]
    if name and name not in found:
        record, url = each.read_text("RECORD"), each.read_text("direct_url.json")
        sha = "sha256:" + hashlib.sha256(record.encode()).hexdigest() if record else ""
        found[name] = {"name": name, "version": each.version, "record": sha,
            "direct_url": json.loads(url) if url else None}
modules = {name.partition(".")[0] for place in sys.path if place for name in names_in(place)}
print(json.dumps({"python": platform.python_version(), "build": sys.version,
    "implementation": sys.implementation.name, "platform": sysconfig.get_platform(),
    "folders": folders, "modules": sorted(modules),
    "packages": sorted(found.values(), key=lambda one: one["name"].lower())}))
"""
SECONDS = 30
PROGRAMS = {"python": "python", "r": "R"}
# How many parent folders of an interpreter are searched for its environment.
DEEPEST = 5
REPAIR = "Repair its environment, or choose another kernel."
# What Jupyter writes into each kernelspec of Python after the interpreter.
USUAL_ARGUMENTS = {"-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"}
OWN = "kernel"
# The lock does not cover packages in the user's site folder.
ALONE = {"PYTHONNOUSERSITE": "1"}


def all_specs() -> dict[str, Any]:
    """Return folder and specification of each installed kernel, by its name in lower case."""
    ipython = os.environ.get("IPYTHONDIR") or os.path.join("~", ".ipython")
    folders: dict[str, str] = {}
    # The first place of Jupyter's path counts.
    for place in (*jupyter_path("kernels"), os.path.expanduser(os.path.join(ipython, "kernels"))):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if os.path.isfile(os.path.join(place, name, "kernel.json")):
                folders.setdefault(name.lower(), os.path.join(place, name))
    spec_by_name = {name: _spec(folder) for name, folder in folders.items()}
    # jupyter_client adds a missing python3 itself, and judges unusual files.
    if NATIVE in spec_by_name and None not in spec_by_name.values():
        return {n: {"resource_dir": folders[n], "spec": spec} for n, spec in spec_by_name.items()}
    from jupyter_client.kernelspec import KernelSpecManager

    return dict(KernelSpecManager().get_all_specs())


def _spec(folder: str) -> dict[str, Any] | None:
    try:
        read = json.loads(Path(folder, "kernel.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(read, dict):
        return None
    spec = {name: read.get(name, default) for name, default in DEFAULTS.items()}
    is_valid = all(type(spec[name]) is type(default) for name, default in DEFAULTS.items())
    if not is_valid or spec["interrupt_mode"] not in ("signal", "message"):
        return None
    # Only jupyter_client knows whether a provisioner is installed.
    return None if "kernel_provisioner" in spec["metadata"] else spec


class PackageFolders(msgspec.Struct, frozen=True):
    """The modification times (ns) of the folders in which an interpreter looks for packages.

    A missing folder has 0. Every installation or removal changes one of them. `modules` are the
    names of the modules in them.
    """

    folders: dict[str, int]
    modules: frozenset[str] = frozenset()


class CachedPackages(msgspec.Struct, frozen=True):
    """The packages of an interpreter, which are valid while `folders` do not change."""

    lock: Lock
    fingerprint: str
    folders: dict[str, int]
    modules: frozenset[str]

    @property
    def is_valid(self) -> bool:
        """Return whether no package was installed or removed since."""
        for folder, known in self.folders.items():
            try:
                time = os.stat(folder).st_mtime_ns
            except OSError:
                time = 0
            if time != known:
                return False
        return True


cached_packages: dict[tuple[str, tuple[tuple[str, str], ...]], CachedPackages] = {}


def find_kernel(name: str, language: str = "") -> EnvironmentRef:
    """Return the kernel with this name, or the first of this language if there is none.

    Raises:
        NotFound: Neither is installed (the hint lists the installed kernels), or its interpreter
            is missing.
    """
    specs = all_specs()
    wanted = _choose_kernel(specs, name, language)
    if wanted not in specs:
        raise _missing_kernel(specs, name or language)
    spec = specs[wanted]["spec"]
    argv = spec.get("argv") or [""]
    interpreter = _program(spec)
    place = _place(spec, interpreter)
    # conda packages of all languages, as name-version-build
    packages = (
        sorted(path.stem for path in Path(place, "conda-meta").glob("*.json")) if place else []
    )
    if Path(interpreter).name.startswith("python"):
        kernel = _python_environment(interpreter, wanted, spec.get("env") or {})
        more = {"conda": packages} if packages else {}
        if unusual := [word for word in argv[1:] if word not in USUAL_ARGUMENTS]:
            more["argv"] = unusual
        if not more:
            return kernel
        return replace(kernel, fingerprint=digest_of({"python": kernel.fingerprint} | more))
    if not _is_there(interpreter):
        raise NotFound(_gone(wanted, interpreter), hint=REPAIR)
    spec_fields = {"argv": argv, "language": spec.get("language"), "env": spec.get("env")}
    program = {"conda": packages} if packages else {"program": _identity(interpreter)}
    return EnvironmentRef(
        wanted, spec.get("language", ""), interpreter, digest_of(spec_fields | program)
    )


def find_substitute(name: str, language: str) -> str:
    """Return the kernel that replaces a missing one, "" if none is needed or none fits."""
    specs = all_specs()
    chosen = _choose_kernel(specs, name, language)
    return chosen if chosen in specs and chosen != name else ""


def check_kernel(name: str, language: str) -> None:
    """Check that a notebook in this language can use the kernel.

    Raises:
        NotFound: The kernel is not installed. The hint lists the installed kernels.
        Invalid: The kernel has another language.
    """
    specs = all_specs()
    if name not in specs:
        raise _missing_kernel(specs, name)
    own = specs[name]["spec"].get("language", "")
    if language and own.lower() != language.lower():
        why = f"the language of {name} is {own}, that of the notebook is {language}"
        raise Invalid.field("kernel", why)


def _missing_kernel(specs: Mapping[str, Any], name: str) -> NotFound:
    hint = (
        f"Installed kernels: {', '.join(sorted(specs))}." if specs else "No kernels are installed."
    )
    return NotFound(f"The kernel '{name}' is not installed on this machine.", hint=hint)


def _choose_kernel(specs: Mapping[str, Any], name: str, language: str) -> str:
    """Return the name if it is installed, else Jupyter's own or the first kernel of this language.

    Kernels of nbyard's environments are only found by name.
    """
    if name in specs:
        return name
    kernel_names = [
        kernel_name
        for kernel_name, about in specs.items()
        if language and about["spec"].get("language", "").lower() == language.lower()
        if not is_owned(about["spec"])
    ]
    return (
        min(kernel_names, key=lambda kernel_name: (kernel_name != NATIVE, kernel_name), default="")
        or name
    )


def list_foreign_kernels() -> list[Kernel]:
    """List the kernels that nbyard did not create, by name. No process is started."""
    kernels: list[Kernel] = []
    for name, about in sorted(all_specs().items()):
        spec = about["spec"]
        if is_owned(spec):
            continue
        interpreter = _program(spec)
        place = _place(spec, interpreter)
        is_conda = _is_conda(place) or conda_environment_of(spec)
        origin: Origin = "conda" if is_conda else "venv" if place else "system"
        is_there = _is_there(interpreter)
        kernels.append(
            Kernel(
                name,
                spec.get("display_name") or name,
                spec.get("language", ""),
                origin,
                interpreter,
                place,
                about["resource_dir"],
                is_there,
                None if is_there else _gone(name, interpreter),
            )
        )
    return kernels


def _program(spec: Mapping[str, Any]) -> str:
    """Return the program that a kernelspec starts.

    If the spec names a conda environment, this is the program in that environment, whatever starts
    it.
    """
    environment, name = conda_environment_of(spec), PROGRAMS.get(spec.get("language", "").lower())
    if environment and name:
        return f"{environment}/bin/{name}"
    argv0: str = (spec.get("argv") or [""])[0]
    major, minor = sys.version_info[:2]
    # jupyter_client starts our own interpreter for a bare `python`.
    if argv0 in {"python", f"python{major}", f"python{major}.{minor}"}:
        return sys.executable
    return shutil.which(argv0) or argv0


def _place(spec: Mapping[str, Any], interpreter: str) -> str:
    """Return the conda or virtual environment of an interpreter, "" if it is in none.

    The interpreter may be missing. R is deeper in a conda environment than Python.
    """
    if conda_place := conda_environment_of(spec):
        return conda_place
    for place in list(Path(interpreter).parents)[1:DEEPEST]:
        if _is_conda(str(place)) or (place / "pyvenv.cfg").is_file():
            return str(place)
    return ""


def _is_conda(place: str) -> bool:
    return bool(place) and Path(place, "conda-meta").is_dir()


def _is_there(interpreter: str) -> bool:
    return Path(interpreter).is_absolute() and os.access(interpreter, os.X_OK)


def _gone(name: str, program: str) -> Reason:
    return because("kernel-program-gone", name=name, program=program)


def of_environment(
    version: EnvironmentVersion,
    kernel: str,
    variables: Mapping[str, str],
    trees: Mapping[str, str] = MappingProxyType({}),
) -> EnvironmentRef:
    """Return the reference to an installed version of an environment.

    The fingerprint covers the lock and the differences from it, so it is equal on every machine.
    `trees` has the digests of packages that are used from folders.

    Raises:
        NotFound: The interpreter does not run.
    """
    environment = _python_environment(f"{version.place}/bin/python", kernel, variables)
    assert environment.lock is not None
    packages = [
        replace(package, tree=trees.get(package.name)) for package in environment.lock.packages
    ]
    whole = replace(environment.lock, packages=packages)
    lock = msgspec.to_builtins(replace(environment.lock, packages=[]))
    differences = lock_differences(version.packages, version.python, whole, with_extra=True)
    of = {"lock": version.digest, "found": lock, "otherwise": msgspec.to_builtins(differences)}
    of |= {"trees": dict(trees)} if trees else {}
    of |= {"user": settings} if (settings := _user_settings()) else {}
    text = digest_of(of)
    return replace(environment, fingerprint=text, lock=whole)


def python_interpreter(interpreter: str = "") -> EnvironmentRef:
    """Return the reference to an interpreter for scripts, by default the one that runs nbyard.

    Raises:
        NotFound: The interpreter does not run.
    """
    return _python_environment(interpreter or sys.executable, "")


def importable_modules(environment: EnvironmentRef) -> frozenset[str]:
    """Return the names of the modules that a Python can import, as far as its folders show.

    The Python was asked for its packages before.
    """
    names = (
        seen.modules
        for (place, _), seen in cached_packages.items()
        if place == environment.interpreter
    )
    return frozenset().union(*names)


def identify_program(command: str) -> EnvironmentRef:
    """Return the reference to another program. Its path, size and modification time identify it."""
    place = shutil.which(command) or command
    return EnvironmentRef("", "", place, digest_of(_identity(place)))


def _identity(place: str) -> list[str | int]:
    path = Path(place)
    stat = path.stat() if path.exists() else None
    return [place, stat.st_size, stat.st_mtime_ns] if stat else [place]


def _python_environment(
    interpreter: str, name: str, variables: Mapping[str, str] = MappingProxyType({})
) -> EnvironmentRef:
    """Return the reference to an interpreter's packages.

    They are listed again only after a change. The fingerprint covers packages, interpreter and
    variables.
    """
    own = tuple(sorted(variables.items()))
    asked = cached_packages.get((interpreter, own))
    if asked is None or not asked.is_valid:
        try:
            # Not isolated: the task also sees the packages of the user's site folder.
            done = subprocess.run(
                [interpreter, "-c", LIST_PACKAGES],
                capture_output=True,
                # With -c, Python also searches the working directory for packages.
                cwd="/",
                env=os.environ | dict(own),
                timeout=SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotFound(
                f"The interpreter {interpreter} does not run: {error}",
                hint=REPAIR,
            ) from error
        lock = msgspec.json.decode(done.stdout, type=Lock)
        more = {"env": own} if own else {}
        text = digest_of({"interpreter": interpreter, "lock": lock, **more})
        seen = msgspec.json.decode(done.stdout, type=PackageFolders)
        asked = CachedPackages(lock, text, seen.folders, seen.modules)
        cached_packages[interpreter, own] = asked
    text = asked.fingerprint
    if settings := _user_settings():
        text = digest_of({"environment": text, "user": settings})
    return EnvironmentRef(name, "python", interpreter, text, asked.lock)


def _user_settings() -> dict[str, str]:
    """Return the settings of the user that kernels and matplotlib read, by path."""
    home, variables = Path.home(), os.environ
    profile = Path(variables.get("IPYTHONDIR") or home / ".ipython") / "profile_default"
    matplotlib = Path(variables.get("XDG_CONFIG_HOME") or home / ".config", "matplotlib")
    paths = [Path(variables.get("MATPLOTLIBRC") or matplotlib)]
    paths += [path / "matplotlibrc" for path in paths]
    paths += [*profile.glob("*_config.*"), *profile.glob("startup/*py")]
    return {
        str(path): digest_of(path.read_text("utf-8", "replace"))
        for path in sorted(paths)
        if path.is_file()
    }


def kernel_name(title: str, owner: str) -> str:
    """Return a kernel name for the environment `owner`, derived from its title.

    If another owner's kernel has that name, the first 8 characters of `owner` are appended.
    """
    name = "-".join([KERNEL_PREFIX, *re.findall("[a-z0-9]+", title.lower())])
    return name if _owner(name) in ("", owner) else f"{name}-{owner[:8]}"


def offer_kernel(name: str, title: str, place: Path, owner: str) -> None:
    """Register the interpreter in `place` as the Jupyter kernel `name`.

    Raises:
        OSError: Jupyter's data folder cannot be written.
    """
    _keep(_path(name), place, title, owner)


def own_kernel(place: Path, title: str, owner: str) -> None:
    """Write a kernelspec into the folder OWN of an installed version.

    Unlike the registered kernel, it never refers to another version.

    Raises:
        OSError: The folder cannot be written.
    """
    _keep(place / OWN / "kernel.json", place, title, owner)


def process_variables(place: Path, path: str) -> dict[str, str]:
    """Return the environment variables for processes that use the packages in `place`.

    `path` is the rest of the search path for programs.
    """
    return {
        "PATH": f"{place}/bin{os.pathsep}{path}",
        "VIRTUAL_ENV": str(place),
        **ALONE,
    }


def _keep(path: Path, place: Path, title: str, owner: str) -> None:
    spec = {
        "argv": [f"{place}/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": title,
        "language": "python",
        # jupyter_client replaces ${PATH} by its own search path when it starts the kernel.
        "env": process_variables(place, "${PATH}"),
        "metadata": {"debugger": True, "nbyard": {"environment": owner}},
    }
    content = json.dumps(spec, indent=1).encode()
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def withdraw_kernel(name: str, owner: str) -> None:
    """Remove a registered kernel, if `owner` still owns it."""
    if name and _owner(name) == owner:
        shutil.rmtree(_path(name).parent, ignore_errors=True)


def offered_kernels(folder: Path) -> dict[str, str]:
    """Return the registered kernels with interpreters in this folder, with their environments."""
    environment_by_kernel: dict[str, str] = {}
    for path in _path("x").parents[1].glob("nbyard*/kernel.json"):
        name = path.parent.name
        argv = _spec_of_environment(name).get("argv") or [""]
        if str(argv[0]).startswith(f"{folder}/"):
            environment_by_kernel[name] = _owner(name)
    return environment_by_kernel


def with_programs(places: Iterable[str]) -> set[str]:
    """Return the folders from which a process runs, such as the kernel of a notebook."""
    programs: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # the process is gone or belongs to another user
            programs.append(os.fsdecode(path.read_bytes()))
    return {place for place in places if any(text.startswith(f"{place}/") for text in programs)}


def _path(name: str) -> Path:
    return Path(jupyter_data_dir()) / "kernels" / name / "kernel.json"


def _spec_of_environment(name: str) -> Mapping[str, Any]:
    """Return a registered kernelspec, {} if it is missing or invalid."""
    try:
        spec = json.loads(_path(name).read_bytes())
    except (OSError, ValueError):
        return {}
    return spec if isinstance(spec, dict) else {}


def _owner(name: str) -> str:
    """Return the environment that owns a registered kernel, "" if there is no such kernel.

    A kernel that nbyard did not register has the owner "somebody else".
    """
    if not _path(name).exists():
        return ""
    metadata = _spec_of_environment(name).get("metadata", {})
    return str(metadata.get("nbyard", {}).get("environment", "somebody else"))
