"""One `pip install` installs everything, without Node."""

import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import get_args

import nbformat
import pytest

from nbyard.domain.workflows.structs import Template
from nbyard.host.example_files import LEFT_OUT

from .conftest import run

pytestmark = pytest.mark.timeout(600)

BROWSER = Path(os.environ.get("CHROMIUM") or "/usr/bin/chromium-headless-shell")
PACKAGE = "jupyter_ext/nbyard"
SHARED = "data/share/jupyter/labextensions/nbyard/"


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_contains_every_file_of_the_package(repository, names):
    listed = subprocess.check_output(["git", "ls-files", PACKAGE], cwd=repository, text=True)
    wanted = {name.removeprefix("jupyter_ext/") for name in listed.splitlines()}
    assert {name for name in wanted if not name.startswith("nbyard/etc/")} - names == set()


def test_wheel_contains_the_browser_bundle_once(repository, names):
    bundle = repository / PACKAGE / "labextension"
    wanted = {str(p.relative_to(bundle)) for p in bundle.rglob("*") if p.is_file()}
    shared = {name.split(SHARED)[1] for name in names if SHARED in name}
    assert shared == wanted - {"made-from.json"} | {"install.json"}
    assert not any("nbyard/labextension" in name for name in names)


def test_wheel_contains_the_templates(repository, names):
    share = "data/share/jupyter/nbyard-examples/"
    folders = [f"examples/{name}" for name in get_args(Template)]
    listed = subprocess.check_output(["git", "ls-files", *folders], cwd=repository, text=True)
    wanted = {Path(name).relative_to("examples") for name in listed.splitlines()}
    assert {Path(name.split(share)[1]) for name in names if share in name} == {
        file for file in wanted if file.name not in LEFT_OUT
    }


def test_links_of_the_readme_on_pypi_lead_to_the_repository(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    (source,) = re.findall("^Project-URL: Source, (.*)$", metadata, re.M)
    links = re.findall(r"\]\(([^)]*)", metadata)
    assert f"{source}/blob/HEAD/CONTRIBUTING.md" in links
    assert f"{source}/raw/HEAD/docs/images/own-folder.png" in links
    assert [link for link in links if "://" not in link] == []


def plain(text: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", text)


def test_installation_enables_the_server_extension(installed):
    text = plain(installed.run("jupyter", "server", "extension", "list"))
    assert re.search(r"^ *nbyard enabled\s*$", text, re.M), text
    assert re.search(r"^ *nbyard \S* *OK\s*$", text, re.M), text


def test_installation_adds_the_lab_extension(installed):
    text = plain(installed.run("jupyter", "labextension", "list"))
    assert re.search(r"^ *nbyard v\S+ enabled OK \(python, nbyard\)", text, re.M), text


@pytest.mark.long
def test_oldest_allowed_dependencies_suffice(installed_on_floors, tmp_path):
    text = plain(installed_on_floors.run("jupyter", "labextension", "list"))
    assert "JupyterLab v4.4." in text
    assert re.search(r"^ *nbyard v\S+ enabled OK \(python, nbyard\)", text, re.M), text
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    nbformat.write(notebook, tmp_path / "n.ipynb")
    store = {"NBYARD_STORE_DIR": str(tmp_path / "store")}
    done = installed_on_floors.run(
        "nbyard", "run", str(tmp_path / "n.ipynb"), "--json", environment=store
    )
    assert '"state":"succeeded"' in done.replace(" ", ""), done


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_oldest_jupyterlab_shows_no_warning(repository, request):
    """In the console of Chromium, while the example runs."""
    playwright = repository / "ui-tests/node_modules/.bin/playwright"
    if not (BROWSER.exists() and playwright.exists()):
        pytest.skip("Chromium or Playwright is not installed")
    installed = request.getfixturevalue("floors_with_example")
    assert "4.4." in installed.run("jupyter", "lab", "--version")
    journey = ("test", "console", "--config", str(repository / "ui-tests"), "--reporter=line")
    python = {"NBYARD_TEST_PYTHON": installed.command("python")}
    run(str(playwright), *journey, environment=python)


def test_every_entry_point_loads(installed):
    code = """
from importlib.metadata import distribution
for each in distribution("nbyard").entry_points:
    if each.group != "jupyter_ydoc":
        print(each.group, each.load())
"""
    assert "nbyard.runtimes" in installed.run("python", "-c", code)


def test_uninstallation_leaves_nothing(installed):
    code = "from importlib.metadata import files\n"
    code += "for file in files('nbyard'): print(file.locate().resolve())"
    known = set(installed.run("python", "-c", code).splitlines())
    share = (installed.folder / "share/jupyter/labextensions/nbyard").rglob("*")
    config = (installed.folder / "etc").rglob("nbyard*")
    placed = {str(file.resolve()) for file in [*share, *config] if file.is_file()}
    assert placed and placed <= known
