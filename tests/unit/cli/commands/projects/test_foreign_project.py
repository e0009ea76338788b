"""`nbyard projects convert` writes a project that can be pushed."""

import shlex
import subprocess

import msgspec
import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import NewEnvironment
from nbyard.domain.images.structs import Recipe
from nbyard.domain.notebooks.writer import parameter_notebook
from nbyard.domain.projects.definitions import read_definition
from nbyard.rest.identity import local_name

WORKFLOWS = """
version: "0.2"
project: {name: wine, users: [bob]}
workflows:
  nightly:
    nbtask: {nb_name: train, params: {n: 2}, timeout: 60, notifications_fail: [slack]}
    enabled: true
    schedule: {cron: "0 8 * * 1-5", repeat: null}
"""

RUNTIMES = """
runtimes:
  gpu:
    container:
      image: python:3.12
      maintainer: Ann O'Neil
      build_packages: gcc git
      user: {uid: 1089, gid: 1090}
      gpu: {cuda: 12.6}
  plain: {version: "2.0", registry: r.test}
"""


@pytest.fixture
def folder(shell, yard, monkeypatch):
    made = yard.context.files.root / "wine"
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
    assert f"missing: {command}" in converted.err
    assert "the secrets API_KEY" in converted.err
    refused = shell("push", "--current", "--yes")
    assert refused.code == 2 and "notifications.slack" in refused.err
    (yard.context.files.root / "url").write_text("https://h.test/x")
    assert shell("channels", "create", "slack", "--file", "../url", "--on", "retried").code == 0
    pushed = shell("push", "--current", "--yes")
    assert pushed.code == 0, pushed.err
    assert "+ schedule nightly" in pushed.out and "+ notification slack" in pushed.out
    assert shell("push", "--current").out == "No changes.\n"
    assert shell("automations", "fire", "nightly", "--json").json["outcome"] == "started"


def test_secrets_become_credentials_on_request(shell, folder, yard):
    converted = shell("projects", "convert", "--secrets")
    assert "API_KEY: stored" in converted.err
    assert "s3cr3t" not in converted.out + converted.err
    assert "API_KEY" in shell("credentials", "ls").out
    again = shell("projects", "convert", "--secrets", "--force")
    assert again.code == 0 and "exists and is kept" in again.err


def test_existing_files_are_kept(shell, folder):
    (folder / "nightly.nbflow").write_text("mine")
    refused = shell("projects", "convert")
    assert refused.code == 2 and "nightly.nbflow exists" in refused.err
    assert not (folder / "nbyard.toml").exists()
    found = shell("projects", "convert", "--force", "--json").json
    assert found["written"] == ["nbyard.toml", "nightly.nbflow"]
    assert len(found["left"]) == 1 and found["channels"] == ["slack"]


def test_another_folder_is_refused(shell, yard):
    refused = shell("projects", "convert", str(yard.context.files.root))
    assert refused.code == 3 and "workflows.yaml" in refused.err


def test_the_commands_that_build_images_are_kept(shell, folder, yard, tmp_path):
    (folder / "runtimes.yaml").write_text(RUNTIMES)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=a@b.test", "-C", str(folder)]
    for arguments in (["init"], ["commit", "--allow-empty", "-m", "a"], ["tag", "v1+b"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    converted = shell("projects", "convert", "--json").json
    commands = converted["images"]
    assert all("users" in line for line in converted["left"])
    text = (folder / "nbyard.toml").read_text()
    assert text.endswith("".join(f"\n# {command}" for command in commands) + "\n")
    assert read_definition(text.encode()).environments.keys() == {"gpu", "plain"}
    # The environments are installed, as far as rows tell.
    owner = local_name()
    for name in ("gpu", "plain"):
        made = yard.services.environments.create(Caller(owner), NewEnvironment(name, "cow"))
        with yard.store.write() as c:
            yard.store.environments.move(c, owner, made.current.id, "building", place="x")
            yard.store.environments.move(c, owner, made.current.id, "ready", packages=[])
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    images = [shell(*shlex.split(command)[1:], "--json").json for command in commands]
    assert [image["reference"] for image in images] == ["nbyard/gpu:v1-b", "r.test/plain:2.0"]
    recipe = msgspec.convert(images[0]["recipe"], Recipe)
    assert recipe == Recipe(
        base="python:3.12",
        build_packages=["gcc", "git"],
        uid=1089,
        gid=1090,
        cuda="12.6",
        labels={"maintainer": "Ann O'Neil"},
    )
