"""Kernels and interpreters of this machine, known by fingerprints."""

import json
import shutil
import site
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from nbyard.domain.digest import digest_of
from nbyard.domain.environments import EnvironmentRef
from nbyard.errors import NotFound

# runs in a foreign interpreter: its version and what is installed in it
LIST_PACKAGES = """
import importlib.metadata as m, json, platform, sys
print(json.dumps({"python": sys.version, "machine": platform.machine(),
    "packages": {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}}))
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
        return _python(_interpreter(argv[0]), wanted)
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


def _python(interpreter: str, name: str) -> EnvironmentRef:
    stamp = _stamp(interpreter)
    facts = _facts(interpreter, stamp)
    return EnvironmentRef(
        name,
        "python",
        interpreter,
        digest_of({"interpreter": interpreter, **facts}),
        facts["packages"],
    )


def _stamp(interpreter: str) -> tuple[int, ...]:
    """Changes whenever something is installed: the times of the folders of packages."""
    prefixes = (Path(interpreter).parent.parent, Path(site.getuserbase()))
    kinds = ("lib/python3*/site-packages", "lib/python3*/dist-packages")
    folders = [folder for prefix in prefixes for kind in kinds for folder in prefix.glob(kind)]
    return tuple(sorted(folder.stat().st_mtime_ns for folder in folders))


@lru_cache(maxsize=64)
def _facts(interpreter: str, stamp: tuple[int, ...]) -> dict[str, dict[str, str]]:
    try:
        # not isolated: the user's own packages count, as they do where the work is done
        done = subprocess.run(
            [interpreter, "-c", LIST_PACKAGES],
            capture_output=True,
            cwd="/",
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFound(
            f"The interpreter {interpreter} does not run: {error}",
            hint="Repair its environment, or choose another kernel.",
        ) from error
    facts: dict[str, dict[str, str]] = json.loads(done.stdout)
    return facts
