"""J2: `nbyard projects convert` writes a project that can be pushed."""

import json

import pytest

from nbyard.domain.notebooks.writer import parameter_notebook

WORKFLOWS = """
version: "0.2"
project: {name: wine, users: [bob]}
workflows:
  nightly:
    nbtask: {nb_name: train, params: {n: 2}, timeout: 60, notifications_fail: [slack]}
    enabled: true
    schedule: {cron: "0 8 * * 1-5", repeat: null}
"""


@pytest.fixture
def folder(shell, yard, monkeypatch):
    made = yard.parts.files.root / "wine"
    (made / "workflows").mkdir(parents=True)
    notebook = parameter_notebook("Train", "n: int = 1", "print(n)")
    (made / "workflows" / "train.ipynb").write_text(notebook)
    (made / "workflows.yaml").write_text(WORKFLOWS)
    (made / "local.nbvars").write_text('API_KEY="s3cr3t"\n')
    monkeypatch.chdir(made)
    return made


def test_a_converted_project_is_pushed(shell, folder, yard):
    converted = shell("projects", "convert")
    assert converted.code == 0, converted.err
    assert converted.out.splitlines() == ["nbyard.toml", "nightly.nbflow"]
    assert "Left out: workflows.yaml.project.users: ['bob']" in converted.err
    command = "nbyard channels create slack --on none"
    assert f"needs the channel slack. If it is missing: {command}" in converted.err
    assert "the secrets API_KEY" in converted.err
    refused = shell("push", "--current", "--yes")
    assert refused.code == 2 and "notifications.slack" in refused.err
    (yard.parts.files.root / "url").write_text("https://h.test/x")
    assert shell("channels", "create", "slack", "--file", "../url", "--on", "retried").code == 0
    pushed = shell("push", "--current", "--yes")
    assert pushed.code == 0, pushed.err
    assert "+ schedule nightly" in pushed.out and "+ notification slack" in pushed.out
    assert shell("push", "--current").out == "No changes.\n"
    assert json.loads(shell("schedules", "run", "nightly", "--json").out)["state"] == "queued"


def test_secrets_become_credentials_on_request(shell, folder, yard):
    converted = shell("projects", "convert", "--secrets")
    assert "API_KEY: stored as a credential." in converted.err
    assert "s3cr3t" not in converted.out + converted.err
    assert "API_KEY" in shell("credentials", "ls").out
    again = shell("projects", "convert", "--secrets", "--force")
    assert again.code == 0 and "exists and is kept" in again.err


def test_existing_files_are_kept(shell, folder):
    (folder / "nightly.nbflow").write_text("mine")
    refused = shell("projects", "convert")
    assert refused.code == 2 and "nightly.nbflow exists" in refused.err
    assert not (folder / "nbyard.toml").exists()
    found = json.loads(shell("projects", "convert", "--force", "--json").out)
    assert found["written"] == ["nbyard.toml", "nightly.nbflow"]
    assert len(found["left"]) == 1 and found["channels"] == ["slack"]


def test_another_folder_is_refused(shell, yard):
    refused = shell("projects", "convert", str(yard.parts.files.root))
    assert refused.code == 3 and "workflows.yaml" in refused.err
