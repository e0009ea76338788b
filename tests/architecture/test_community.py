"""The files for contributors and for GitHub are valid, and name what exists."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import nbyard

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = [
    path
    for path in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    if path.name != "config.yml"
]
FIELDS = {"checkboxes", "dropdown", "input", "markdown", "textarea"}
# what the schema of version 1.2.0 requires, and what this project adds
CITATION = {"cff-version", "message", "title", "authors", "type", "license", "abstract", "keywords"}
MARKERS = ("<!-- <START NEW CHANGELOG ENTRY> -->", "<!-- <END NEW CHANGELOG ENTRY> -->")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow: Any) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_github_workflows_limit_their_time_and_permissions(path: Path):
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w./-]+@v\d+", step.get("uses", "own/step@v1"))
        # input of other people is no part of a shell command
        assert "${{ inputs" not in step.get("run", "") and "github.event" not in str(step)


def test_github_runs_the_check_of_this_repository():
    workflow = loaded(ROOT / ".github/workflows/check.yml")
    (call,) = [step["run"] for step in steps(workflow) if ".ci/run" in step.get("run", "")]
    words = [each["words"] for each in workflow["jobs"]["check"]["strategy"]["matrix"]["include"]]
    assert words == ["--fast", ""] and call == ".ci/run ${{ matrix.words }}"
    (upload,) = [step for step in steps(workflow) if "upload" in step.get("uses", "")]
    assert upload["with"]["path"] == ".check/*" and upload["with"]["include-hidden-files"]
    assert "../check" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_are_valid_for_github(path: Path):
    form = loaded(path)
    assert form["name"] and form["description"]
    assert {field["type"] for field in form["body"]} <= FIELDS
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in asked}) == len(asked) > 0
    assert all(field["attributes"]["label"] for field in asked)


def test_the_citation_is_complete():
    citation = loaded(ROOT / "CITATION.cff")
    assert set(citation) == CITATION
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == project()["license"]
    assert all(author["name"] for author in citation["authors"])


def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def test_release_updates_every_version_number():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tool["tbump"]["version"]["current"] == nbyard.__version__
    assert re.fullmatch(tool["tbump"]["version"]["regex"], nbyard.__version__)
    for file in tool["tbump"]["file"]:
        text = file["search"].replace("{current_version}", nbyard.__version__)
        assert (ROOT / file["src"]).read_text().count(text) == 1
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert lock["version"] == lock["packages"][""]["version"] == nbyard.__version__


def test_changelog_has_a_section_for_the_next_release():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert [text.count(marker) for marker in MARKERS] == [1, 1]
    assert text.index(MARKERS[0]) < text.index(MARKERS[1]) < text.index("## 0.1.0")


def test_commit_hooks_are_valid_and_local():
    config = ROOT / ".pre-commit-config.yaml"
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", str(config)], check=True, timeout=60
    )
    (repository,) = loaded(config)["repos"]
    assert repository["repo"] == "local"
    installed = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert {name.rpartition("/")[0] for name in installed} == {".venv/bin", "node_modules/.bin"}


def test_editors_know_the_line_length_of_the_formatters():
    text = (ROOT / ".editorconfig").read_text()
    lengths = {int(n) for n in re.findall(r"^max_line_length = (\d+)$", text, re.MULTILINE)}
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]
    prettier = json.loads((ROOT / ".prettierrc.json").read_text())["printWidth"]
    assert lengths == {ruff} == {prettier}
