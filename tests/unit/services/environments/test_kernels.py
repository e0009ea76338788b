"""Kernels of this machine outside nbyard's environments."""

import json
import os


def test_kernels_are_listed_as_they_are_now(yard, ann, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", os.fspath(tmp_path))
    before = {one.name for one in yard.services.kernels.list(ann).items}
    folder = tmp_path / "kernels" / "sea"
    folder.mkdir(parents=True)
    told = {"argv": ["/no/such/python"], "language": "python", "display_name": "Sea"}
    (folder / "kernel.json").write_text(json.dumps(told))
    (found,) = [k for k in yard.services.kernels.list(ann).items if k.name not in before]
    assert (found.name, found.title, found.is_there) == ("sea", "Sea", False)
    assert "/no/such/python was not found" in str(found.reason) and found.folder == os.fspath(
        folder
    )
