"""G1: one `pip install` is everything, without Node."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)

PACKAGE = "jupyter_ext/nbyard"
SHARED = "data/share/jupyter/labextensions/nbyard/"


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_every_file_of_the_package(repository, names):
    listed = subprocess.check_output(["git", "ls-files", PACKAGE], cwd=repository, text=True)
    wanted = {name.removeprefix("jupyter_ext/") for name in listed.splitlines()}
    assert {name for name in wanted if not name.startswith("nbyard/etc/")} - names == set()


def test_the_wheel_has_the_whole_bundle_once(repository, names):
    bundle = repository / PACKAGE / "labextension"
    wanted = {str(p.relative_to(bundle)) for p in bundle.rglob("*") if p.is_file()}
    shared = {name.split(SHARED)[1] for name in names if SHARED in name}
    assert shared == wanted - {"made-from.json"} | {"install.json"}
    assert not any("nbyard/labextension" in name for name in names)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", text)


def test_installing_enables_the_server_extension(installed):
    text = plain(installed.run("jupyter", "server", "extension", "list"))
    assert re.search(r"^ *nbyard enabled\s*$", text, re.M), text
    assert re.search(r"^ *nbyard \S* *OK\s*$", text, re.M), text


def test_installing_puts_the_lab_extension_in_place(installed):
    text = plain(installed.run("jupyter", "labextension", "list"))
    assert re.search(r"^ *nbyard v\S+ enabled OK \(python, nbyard\)", text, re.M), text


@pytest.mark.long
def test_the_oldest_supported_jupyterlab_takes_the_same_wheel(installed_on_oldest_lab):
    text = plain(installed_on_oldest_lab.run("jupyter", "labextension", "list"))
    assert "JupyterLab v4.4." in text
    assert re.search(r"^ *nbyard v\S+ enabled OK \(python, nbyard\)", text, re.M), text


def test_every_entry_point_loads(installed):
    code = """
from importlib.metadata import distribution
for each in distribution("nbyard").entry_points:
    if each.group != "jupyter_ydoc":
        print(each.group, each.load())
"""
    assert "nbyard.runtimes" in installed.run("python", "-c", code)


def test_uninstalling_leaves_nothing(installed):
    code = "from importlib.metadata import files\n"
    code += "for file in files('nbyard'): print(file.locate().resolve())"
    known = set(installed.run("python", "-c", code).splitlines())
    share = (installed.folder / "share/jupyter/labextensions/nbyard").rglob("*")
    config = (installed.folder / "etc").rglob("nbyard*")
    placed = {str(file.resolve()) for file in [*share, *config] if file.is_file()}
    assert placed and placed <= known
