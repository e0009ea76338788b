"""A project folder as `nbyard push` sends it."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.projects.definitions import FILE, ProjectFile, ProjectPush, read_definition
from nbyard.transfer.project_folders import SelectedFile, pack_files
from nbyard.yard import Yard

Send = Callable[..., ProjectPush]


def described(content: bytes) -> ProjectFile:
    return ProjectFile(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))


@pytest.fixture
def folder(yard: Yard, ann: Caller) -> Send:
    """Returns the request for a folder with such files; their bytes are uploaded."""

    def request(
        toml: str = "", files: Mapping[str, bytes] | None = None, **more: Any
    ) -> ProjectPush:
        text = f'[project]\nname = "wine"\n{toml}'.encode()
        contents = {FILE: text, "a.py": b"print()\n", **(files or {})}
        packed = pack_files({p: SelectedFile(c) for p, c in contents.items()}, contents)
        upload = yard.context.uploads.create(ann.name, "project.zip", len(packed))
        yard.context.uploads.append(ann.name, upload.id, 0, [packed])
        all_files = {path: described(content) for path, content in contents.items()}
        return ProjectPush(read_definition(text), all_files, **{"archive": upload.id, **more})

    return request
