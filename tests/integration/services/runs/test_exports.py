"""Crates of the example's run, validated by the validator of the RO-Crate project."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate
from tests.support.kept_folders import kept_folder

from nbyard.blobs import open_download
from nbyard.domain.datasets.structs import Dataset
from nbyard.domain.runs.structs import RunDetail
from nbyard.host.example_files import CHECKOUT

# The dependencies of the validator do not fit ours, so it has an environment of its own. That
# version of the other package has the context of RO-Crate 1.1, which thus needs no network.
NEEDS = ("roc-validator>=0.13,<0.14", "rocrate==0.14.0")
VALIDATE = """
import json, sys
from pathlib import Path
import requests, rocrate
from rocrate_validator import models, services
from rocrate_validator.utils import http

context = (Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_bytes()

def answer(self, url, *args, **options):
    found = requests.Response()
    found.url, found.status_code = url, 404
    if url.startswith("https://w3id.org/ro/crate/1.1/context"):
        found.status_code, found._content = 200, context
        found.headers["Content-Type"] = "application/ld+json"
    return found

http.HttpRequester.get = http.HttpRequester.head = answer
settings = services.ValidationSettings(
    rocrate_uri=sys.argv[1],
    profile_identifier=sys.argv[2],
    requirement_severity=models.Severity.REQUIRED,
)
found = services.validate(settings).get_issues()
print(json.dumps([f"{one.check.identifier}: {one.message}" for one in found]))
"""


@pytest.fixture(scope="session")
def validator() -> str:
    """Return the Python of an environment with the validator."""

    def create(folder: Path) -> None:
        run(sys.executable, "-m", "venv", str(folder))
        run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *NEEDS)

    return str(kept_folder("validator", f"{sys.version} {NEEDS}", create) / "bin" / "python")


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"the environment cannot be created: {done.stderr.strip()[-500:]}")


@pytest.fixture
def penguins(root: Path) -> str:
    """Write the workflow of the example."""
    shutil.copytree(CHECKOUT / "penguins", root, dirs_exist_ok=True)
    return "penguins.nbflow"


def unpack(yard, ann, detail: RunDetail, folder: Path, *, inputs: bool = True) -> ROCrate:
    wanted = yard.services.runs.crate(ann, detail.run.id, inputs=inputs)
    opened, _ = open_download(yard.context.blobs, wanted)
    with opened, zipfile.ZipFile(opened) as archive:
        archive.extractall(folder)
    return ROCrate(folder)


def problems(python: str, folder: Path, profile: str) -> list[str]:
    words = [python, "-c", VALIDATE, str(folder), profile]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_crate_of_the_example_contains_all_files(yard, ann, penguins, finished, tmp_path):
    detail = finished(path=penguins)
    assert detail.run.state == "succeeded", [task.why for task in detail.tasks]
    crate = unpack(yard, ann, detail, tmp_path)
    assert crate.mainEntity.id == "workflow/penguins.nbflow"
    actions = {one["@id"] for one in json_entities(tmp_path) if one["@type"] == "CreateAction"}
    assert actions == {"#run", *(f"#task/{task.node}" for task in detail.tasks)}
    assert (tmp_path / "inputs/penguins.csv").read_bytes() == (
        yard.context.files.root / "penguins.csv"
    ).read_bytes()
    for one in crate.data_entities:
        assert (tmp_path / one.id).exists(), one.id
    lists = [one.read_text() for one in (tmp_path / "environments").iterdir()]
    assert any("\nipykernel==" in text for text in lists)


def json_entities(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "ro-crate-metadata.json").read_text())[
        "@graph"
    ]
    return found


@pytest.mark.long
def test_crates_follow_their_profiles(
    yard, ann, penguins, tool, imported: Dataset, finished, validator, tmp_path
):
    workflow = finished(path=penguins)
    (yard.context.files.root / "evaluate.py").write_text("raise ValueError(1)\n")
    failed = finished(path=penguins)
    assert (workflow.run.state, failed.run.state) == ("succeeded", "failed")
    single = finished(path=tool, name="alone", parameters={"source": imported.name})
    for name, detail, profile, inputs in (
        ("workflow", workflow, "provenance-run-crate", True),
        ("without-inputs", workflow, "workflow-run-crate", False),
        ("failed", failed, "provenance-run-crate", True),
        ("single", single, "process-run-crate", True),
    ):
        unpack(yard, ann, detail, tmp_path / name, inputs=inputs)
        assert problems(validator, tmp_path / name, profile) == [], name
