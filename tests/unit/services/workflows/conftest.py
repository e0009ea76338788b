"""Fixtures for workflows of pushed projects."""

import hashlib

import pytest

from nbyard.domain.automations.structs import Fire
from nbyard.domain.projects.definitions import FILE, ProjectFile, ProjectPush, read_definition
from nbyard.transfer.project_folders import SelectedFile, pack_files


@pytest.fixture
def push(yard, ann, flow, root):
    """Returns a function that pushes a folder, usually the root as the project `wine`."""

    def send(toml="", flow=flow, name="wine", folder=root, **files):
        paths = (flow, "tool.py", "tool.py.nbexec", "data.csv")
        (folder / FILE).write_text(f'[project]\nname = "{name}"\n{toml}')
        contents = {path: (folder / path).read_bytes() for path in (FILE, *paths)} | files
        packed = pack_files({path: SelectedFile(c) for path, c in contents.items()}, contents)
        upload = yard.context.uploads.create(ann.name, "project.zip", len(packed))
        yard.context.uploads.append(ann.name, upload.id, 0, [packed])
        described = {
            path: ProjectFile(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
            for path, content in contents.items()
        }
        body = ProjectPush(read_definition(contents[FILE]), described, archive=upload.id)
        return yard.services.projects.push(ann, body)

    return send


@pytest.fixture
def listed(yard, ann):
    """Returns a function that lists paths of workflows, and of files that never ran."""

    def paths(project=""):
        workflows = yard.services.workflows
        ran = [item.pushed_path or item.path for item in workflows.list(ann, project=project).items]
        return ran, [item.path for item in workflows.unrun(ann).items]

    return paths


@pytest.fixture
def fire(yard, ann):
    """Returns a function that fires an automation on times and returns its run."""

    def start(name):
        firing = yard.services.automations.fire(ann, name, Fire())
        return yard.services.runs.get(ann, firing.run_id).run

    return start
