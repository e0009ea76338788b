"""Build images for tests without an image registry.

- `tiny` contains a few programs of this machine.
- `base` is a Debian with Python 3.11 and pip. A folder of wheels is pip's only source, so images
  on it are built without a network.
- `lab` is JupyterLab on `base`.
- `recipe` is built from any folder with a Dockerfile.

`DOCKER_HOST=… python -m tests.support.images [REQUIREMENTS FILE…]` builds and prints the base.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.kept_folders import cache_folder, digest_of, kept_folder, locked

from nbyard.dockerd import Engine
from nbyard.images.dockerfile_writer import NOTEBOOK_PACKAGES
from nbyard.serving.http import HttpMode

BASE = "nbyard-test/base"
LAB = "nbyard-test/lab"
LAB_PACKAGES = ("jupyterlab>=4.4,<5", "soupsieve<2.7")
SYSTEM_TAR = "debian.tar"
PROGRAMS = (
    "sh", "cat", "dd", "echo", "env", "head", "id", "ls", "mkdir", "seq", "sleep", "sync", "tail",
    "test", "touch", "true", "wc",
)  # fmt: skip
TINY = f"nbyard-test/tiny:{digest_of(*PROGRAMS)}"
PACKAGES = (
    *NOTEBOOK_PACKAGES,
    *HttpMode.requirements,
    *("joblib", "numpy", "pandas", "pyarrow", "scikit-learn"),
)
WASTE = ("./usr/share/doc", "./usr/share/locale", "./usr/share/man", "./var/cache", "./var/lib/apt")
DEBOOTSTRAP = (
    "debootstrap", "--variant=minbase", "--include=python3,python3-pip,ca-certificates", "bookworm",
)  # fmt: skip
SYSTEM_SOURCES = (*DEBOOTSTRAP, *(f"--exclude={path}" for path in WASTE))
SYSTEM = f"nbyard-test/debian:{digest_of(*SYSTEM_SOURCES)}"
BASE_DOCKERFILE = f"""FROM {SYSTEM}
COPY wheels /wheels
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
"""


def tiny_image(engine: Engine, tag: str = TINY) -> str:
    """Return an image with a shell and a few programs; the build takes a second."""
    with locked("tiny-image"):
        if engine.image_id(tag):
            return tag
        paths = {
            os.path.realpath(p): p for n in PROGRAMS if (p := shutil.which(n, path="/usr/bin:/bin"))
        }
        ldd = subprocess.run(["ldd", *paths], capture_output=True, text=True, check=True)
        lines = [line for line in ldd.stdout.splitlines() if not line.endswith(":")]
        libraries = {word for line in lines for word in line.split() if word.startswith("/")}
        packed = io.BytesIO()
        # The paths of system libraries are often links to files with a version in their name.
        with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
            for name in ("tmp", "etc", "proc", "sys", "dev"):
                member = tarfile.TarInfo(name)
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            for path in paths.values():
                archive.add(path, f"bin/{Path(path).name}")
            for library in libraries:
                archive.add(library, library.lstrip("/"))
        packed.seek(0)
        engine.load_root(packed, tag)
    return tag


def example_locks(repository: Path) -> list[Path]:
    """Return the requirements files of the examples."""
    return sorted(repository.glob("examples/*/requirements.txt"))


def fetch(more: Iterable[Path] = ()) -> None:
    """Fetch the inputs of `base_image`; this takes minutes the first time."""
    _wheels(list(more))
    _system()


def system_image(engine: Engine) -> str:
    """Return Debian with Python and pip."""
    with locked("system-image"):
        if not engine.image_id(SYSTEM):
            with open(_system(), "rb") as root:
                engine.load_root(root, SYSTEM)
    return SYSTEM


def base_image(engine: Engine, more: Iterable[Path] = ()) -> str:
    """Return Debian with Python, and wheels for notebooks and for the requirements in `more`."""
    wheels = _wheels(list(more))
    names = sorted(path.name for path in wheels.iterdir())
    tag = f"{BASE}:{digest_of(BASE_DOCKERFILE, *names)}"
    with locked("base-image"):
        if engine.image_id(tag):
            return tag
        system_image(engine)
        with tempfile.TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(wheels, "wheels")
                _add_dockerfile(archive, BASE_DOCKERFILE)
            packed.seek(0)
            engine.build(tag, packed, network="none")
    return tag


def lab_image(engine: Engine) -> str:
    """Return an image of JupyterLab; the first build takes half a minute."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wishes:
        wishes.write("\n".join(LAB_PACKAGES))
        wishes.flush()
        base = base_image(engine, [Path(wishes.name)])
    tag = f"{LAB}:{base.rpartition(':')[2]}"
    with locked("lab-image"):
        if not engine.image_id(tag):
            requirements = " ".join(f"'{name}'" for name in (*LAB_PACKAGES, "ipykernel"))
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                # Debian marks its Python as externally managed (PEP 668), which pip would respect.
                text = f"FROM {base}\nRUN pip install --break-system-packages {requirements}\n"
                _add_dockerfile(archive, text)
            packed.seek(0)
            engine.build(tag, packed, network="none")
    return tag


def recipe_image(engine: Engine, recipe: Path) -> str:
    """Return the image of a folder with a Dockerfile and a `gather.sh`.

    `gather.sh` copies what the Dockerfile needs into the folder that it gets. The build takes
    minutes. It is repeated when a file of the recipe changes.
    """
    content = b"".join(path.read_bytes() for path in sorted(recipe.iterdir()) if path.is_file())
    tag = f"nbyard-test/{recipe.name}:{hashlib.sha256(content).hexdigest()[:12]}"
    with locked(f"{recipe.name}-image"):
        if engine.image_id(tag):
            return tag
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            argv = [str(recipe / "gather.sh"), folder]
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
            with tempfile.TemporaryFile(dir=cache_folder()) as packed:
                with tarfile.open(fileobj=packed, mode="w") as archive:
                    archive.add(folder, "")
                packed.seek(0)
                engine.build(tag, packed, network="none")
    return tag


def _add_dockerfile(archive: tarfile.TarFile, text: str) -> None:
    member = tarfile.TarInfo("Dockerfile")
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text.encode()))


def _system() -> Path:
    """Return the tar of a small Debian; the first call takes about 40 s."""
    waste = SYSTEM_SOURCES[len(DEBOOTSTRAP) :]

    def create(folder: Path) -> None:
        if shutil.which("debootstrap") is None:
            install = ["apt-get", "install", "--yes", "--no-install-recommends", "debootstrap"]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        with tempfile.TemporaryDirectory(dir=cache_folder()) as root:
            subprocess.run([*DEBOOTSTRAP, root], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["tar", "-C", root, *waste, "-cf", folder / SYSTEM_TAR, "."], check=True)

    return kept_folder("debian", "\n".join(SYSTEM_SOURCES), create) / SYSTEM_TAR


def _wheels(more: list[Path]) -> Path:
    """Return a folder of wheels, fetched once for these requirements."""

    def create(folder: Path) -> None:
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
        argv += ["--dest", str(folder)]
        if sys.version_info[:2] != (3, 11):  # that of the base image
            platforms = ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
            argv += ["--python-version", "3.11", *(f"--platform={name}" for name in platforms)]
        subprocess.run([*argv, *PACKAGES], check=True)
        for path in more:
            subprocess.run([*argv, "--requirement", str(path)], check=True)

    return kept_folder("wheels", "\n".join([*PACKAGES, *(p.read_text() for p in more)]), create)


def main(argv: list[str]) -> int:
    """Build the base image with the packages of requirements files, and print its name."""
    engine = Engine()
    try:
        sys.stdout.write(f"{base_image(engine, [Path(word) for word in argv])}\n")
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
