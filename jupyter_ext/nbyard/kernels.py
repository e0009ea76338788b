"""Kernels and interpreters of this machine, known by fingerprints."""

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from nbyard.domain.digest import digest_of
from nbyard.domain.environments import EnvironmentRef, Lock
from nbyard.errors import NotFound

# Runs in a foreign interpreter: what it is and what is installed in it, as a `Lock`. Of two
# distributions of one name the first on the path is the one that is imported.
LIST_PACKAGES = """
import hashlib, importlib.metadata, json, platform, sys, sysconfig
found = {}
for each in importlib.metadata.distributions():
    name = each.metadata["Name"]
    if name and name not in found:
        record, url = each.read_text("RECORD"), each.read_text("direct_url.json")
        sha = "sha256:" + hashlib.sha256(record.encode()).hexdigest() if record else ""
        found[name] = {"name": name, "version": each.version, "record": sha,
            "direct_url": json.loads(url) if url else None}
print(json.dumps({"python": platform.python_version(), "build": sys.version,
    "implementation": sys.implementation.name, "platform": sysconfig.get_platform(),
    "packages": sorted(found.values(), key=lambda one: one["name"].lower())}))
"""
SECONDS = 30


def kernel(name: str, language: str = "") -> EnvironmentRef:
    """The kernelspec of that name, or the first of that language when the name is empty.

    Raises:
        NotFound: no such kernel is installed, the hint lists those that are; or its interpreter
            is gone.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    wanted = name or next(
        (n for n, s in sorted(specs.items()) if s["spec"].get("language", "").lower() == language),
        "",
    )
    if wanted not in specs:
        known = ", ".join(sorted(specs)) or "none"
        raise NotFound(
            f"There is no kernel {name or language!r} on this machine.",
            hint=f"Installed kernels: {known}.",
        )
    spec = specs[wanted]["spec"]
    argv = spec.get("argv") or [""]
    if Path(argv[0]).name.startswith("python"):
        return _python(_interpreter(argv[0]), wanted, spec.get("env") or {})
    text = digest_of({"argv": argv, "language": spec.get("language"), "env": spec.get("env")})
    return EnvironmentRef(wanted, spec.get("language", ""), argv[0], text)


def python() -> EnvironmentRef:
    """The interpreter for scripts: the one that nbyard runs in."""
    return _python(sys.executable, "")


def program(command: str) -> EnvironmentRef:
    """Any other program: known by its place, size and time."""
    place = shutil.which(command) or command
    found = Path(place)
    stat = found.stat() if found.exists() else None
    identity = [place, stat.st_size, stat.st_mtime_ns] if stat else [place]
    return EnvironmentRef("", "", place, digest_of(identity))


def _interpreter(argv0: str) -> str:
    """What jupyter_client starts: a bare `python` means the one that runs now."""
    major, minor = sys.version_info[:2]
    if argv0 in {"python", f"python{major}", f"python{major}.{minor}"}:
        return sys.executable
    return shutil.which(argv0) or argv0


def _python(
    interpreter: str, name: str, variables: Mapping[str, str] = MappingProxyType({})
) -> EnvironmentRef:
    """With the variables that a kernelspec gives its kernel."""
    stamp = _stamp(interpreter, variables.get("PYTHONPATH", ""))
    lock, fingerprint = _lock(interpreter, tuple(sorted(variables.items())), stamp)
    return EnvironmentRef(name, "python", interpreter, fingerprint, lock)


def _stamp(interpreter: str, path: str) -> tuple[int, ...]:
    """Changes whenever something is installed: the times of the folders of packages."""
    prefixes = (Path(interpreter).parent.parent, Path(site.getuserbase()))
    kinds = ("lib/python3*/site-packages", "lib/python3*/dist-packages")
    folders = [folder for prefix in prefixes for kind in kinds for folder in prefix.glob(kind)]
    folders += [Path(part) for part in path.split(os.pathsep) if part and Path(part).is_dir()]
    return tuple(sorted(folder.stat().st_mtime_ns for folder in folders))


@lru_cache(maxsize=64)
def _lock(
    interpreter: str, variables: tuple[tuple[str, str], ...], stamp: tuple[int, ...]
) -> tuple[Lock, str]:
    """What is installed, and the fingerprint of that, the interpreter and the variables."""
    try:
        # not isolated: the user's own packages count, as they do where the work is done
        done = subprocess.run(
            [interpreter, "-c", LIST_PACKAGES],
            capture_output=True,
            cwd="/",
            env=os.environ | dict(variables),
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFound(
            f"The interpreter {interpreter} does not run: {error}",
            hint="Repair its environment, or choose another kernel.",
        ) from error
    lock = msgspec.json.decode(done.stdout, type=Lock)
    more = {"env": variables} if variables else {}
    return lock, digest_of({"interpreter": interpreter, "lock": lock, **more})
