"""Uploads in pieces, and downloads, over the real server."""

import io
import json
import socket
import zipfile

import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching

pytestmark = pytest.mark.leaves_running


def begin(api: JupyterServer, **body: object) -> str:
    return str(api.send("POST", "/uploads", {"filename": "a.csv", **body}).json["id"])


def piece(api: JupyterServer, key: str, offset: object, content: bytes):
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
    return api.send("PATCH", f"/uploads/{key}", content, headers)


def imported(api: JupyterServer, body: dict) -> dict:
    made = api.send("POST", "/datasets", body)
    assert made.status == 201, made.content
    with Dispatching(Settings(store_dir=str(api.store), inline_dispatch=True)) as running:
        return running.until(
            lambda: api.send("GET", f"/datasets/{made.json['id']}").json,
            lambda found: found["current"]["state"] != "importing",
        )


def run_to_end(api: JupyterServer, path: str) -> str:
    """Return the ID of a run of this file, which has succeeded."""
    key = str(api.send("POST", "/runs", {"path": path}).json["id"])
    assert api.send("GET", f"/runs/{key}/crate").status == 409, "it has not ended"
    with Dispatching(Settings(store_dir=str(api.store), inline_dispatch=True)) as running:
        running.until(
            lambda: api.send("GET", f"/runs/{key}").json["run"]["state"],
            lambda state: state == "succeeded",
        )
    return key


def test_an_uploaded_dataset_is_downloaded_byte_for_byte(api):
    content = b"a,b\n" + b"1,2\n" * 500_000
    key = begin(api, size_bytes=len(content))
    half = len(content) // 2
    assert piece(api, key, 0, content[:half]).json["offset"] == half
    assert piece(api, key, half, content[half:]).json["offset"] == len(content)
    name = "Grün & <b>"
    found = imported(api, {"source": {"kind": "upload", "upload": key}, "name": name})
    assert found["current"]["rows"] == 500_000
    answer = api.send("GET", f"/datasets/{found['id']}/content")
    assert answer.content == content
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert api.send("GET", f"/datasets/{found['id']}/content?version=1").content == content
    assert api.send("GET", f"/datasets/{found['id']}/content?version=2").status == 404
    assert api.send("GET", f"/uploads/{key}").status == 404


@pytest.mark.parametrize("offset", ["5", "1", "999999999999"])
def test_a_wrong_offset_returns_the_right_one(api, offset):
    key = begin(api)
    piece(api, key, 0, b"abc")
    refused = piece(api, key, offset, b"xyz")
    assert refused.status == 409
    assert refused.json["details"] == [{"path": "offset", "message": "3", "reason": None}]
    assert piece(api, key, 3, b"def").json["offset"] == 6


@pytest.mark.parametrize("offset", ["", "-1", "abc", "1e3", "9" * 30, "٣"])
def test_offsets_are_whole_numbers(api, offset):
    key = begin(api)
    headers = {"Upload-Offset": offset.encode().decode("latin-1")}
    assert api.send("PATCH", f"/uploads/{key}", b"abc", headers).status == 422
    assert api.send("GET", f"/uploads/{key}").json["offset"] == 0


def test_uploads_match_their_announced_size(api):
    key = begin(api, size_bytes=2)
    assert piece(api, key, 0, b"abc").status == 413
    key = begin(api, size_bytes=5)
    piece(api, key, 0, b"abc")
    refused = api.send("POST", "/datasets", {"source": {"kind": "upload", "upload": key}})
    assert refused.status == 409
    assert refused.json["details"] == [{"path": "offset", "message": "3", "reason": None}]


def test_a_stated_checksum_must_match(api):
    key = begin(api)
    piece(api, key, 0, b"abc")
    source = {"kind": "upload", "upload": key, "sha256": "0" * 64}
    refused = api.send("POST", "/datasets", {"source": source})
    assert (refused.status, refused.json["details"][0]["path"]) == (422, "sha256")


@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "a/b", "..", "%2e%2e%2fx", "%252e%252e%252fx", "a" * 300, "a\0", ""]
)
def test_invalid_file_names_are_refused(api, name):
    assert api.send("POST", "/uploads", {"filename": name}).status == 422


def test_only_patch_writes(api):
    key = begin(api)
    for method in ("GET", "POST", "PUT"):
        api.send(method, f"/uploads/{key}", b"abc", {"Upload-Offset": "0"})
    assert api.send("GET", f"/uploads/{key}").json["offset"] == 0
    assert api.send("DELETE", f"/uploads/{key}").status == 204
    assert piece(api, key, 0, b"abc").status == 404


def test_other_users_cannot_write(api):
    key = begin(api)
    headers = {"Upload-Offset": "0"}
    assert api.send("PATCH", f"/uploads/{key}", b"abc", headers, token=None).status == 403
    assert api.send("GET", f"/uploads/{key}").json["offset"] == 0


def test_pieces_before_a_lost_connection_are_kept(api):
    key = begin(api)
    head = (
        f"PATCH /nbyard/api/uploads/{key} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: token {TOKEN}\r\nUpload-Offset: 0\r\nContent-Length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.port)) as client:
        client.sendall(head.encode() + b"x" * 100)
        while api.send("GET", f"/uploads/{key}").json["offset"] < 100:
            pass
    while piece(api, key, 100, b"y").status == 409:
        pass  # until the server has noticed
    assert api.send("GET", f"/uploads/{key}").json["offset"] == 101


def test_a_folder_is_downloaded_as_zip(api):
    folder = api.root / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("A")
    (folder / "inner/b.txt").write_text("B")
    found = imported(api, {"source": {"kind": "file", "path": "folder"}})
    answer = api.send("GET", f"/datasets/{found['id']}/content")
    assert ".zip" in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {n: archive.read(n) for n in archive.namelist()} == {"a.txt": b"A", "inner/b.txt": b"B"}


def test_missing_content_is_not_found(api):
    assert api.send("GET", "/datasets/none/content").status == 404
    assert api.send("GET", "/artifacts/none/content").status == 404
    assert api.send("GET", "/datasets/none/content?version=abc").status == 422


def test_the_input_of_a_task_is_downloaded(api):
    """The input has its state at the start of the run."""
    reach = {"kind": "positional", "position": 0}
    argument = {"name": "source", "role": "input", "reach": reach}
    (api.root / "tool.py").write_text("print(1)\n")
    (api.root / "tool.py.nbexec").write_text(json.dumps({"version": 1, "arguments": [argument]}))
    (api.root / "d.csv").write_text("a\n1\n")
    body = {"path": "tool.py", "parameters": {"source": "d.csv"}}
    run = api.send("POST", "/runs", body).json["id"]
    (api.root / "d.csv").write_text("other\n")
    found = api.send("GET", f"/runs/{run}/tasks/main/inputs/source/content")
    assert (found.status, found.content) == (200, b"a\n1\n")
    assert found.headers["Content-Disposition"].endswith("d.csv")
    for path in (f"{run}/tasks/main/inputs/none", f"{run}/tasks/none/inputs/source"):
        assert api.send("GET", f"/runs/{path}/content").status == 404
    assert api.send("GET", "/runs/none/tasks/main/inputs/source/content").status == 404


def test_other_files_of_a_task_are_downloaded(api):
    """One file by its path, with any name, or all as a zip."""
    (api.root / "tool.sh").write_text("mkdir a; echo x > 'a/b & c.txt'; echo y > d\n")
    run = run_to_end(api, "tool.sh")
    at = f"/runs/{run}/tasks/main/files"
    told = api.send("GET", at).json
    assert [one["path"] for one in told["files"]] == ["a/b & c.txt", "d"]
    found = api.send("GET", f"{at}/content?path=a%2Fb+%26+c.txt")
    assert (found.status, found.content) == (200, b"x\n")
    assert found.headers["Content-Disposition"].endswith("b%20%26%20c.txt")
    assert found.headers["Content-Security-Policy"] == "sandbox"
    with zipfile.ZipFile(io.BytesIO(api.send("GET", f"{at}/content").content)) as archive:
        assert sorted(archive.namelist()) == ["a/b & c.txt", "d"]
    for path in ("none", "..%2Fd", "tool.sh"):
        assert api.send("GET", f"{at}/content?path={path}").status == 404
    assert api.send("GET", f"/runs/{run}/tasks/none/files/content").status == 404


def test_a_run_is_downloaded_as_a_crate(api):
    (api.root / "hello.py").write_text("print()\n")
    run = run_to_end(api, "hello.py")
    for query in ("", "?inputs=false"):
        answer = api.send("GET", f"/runs/{run}/crate{query}")
        assert answer.headers["Content-Disposition"].endswith(".crate.zip")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.namelist()[0] == "ro-crate-metadata.json"
    assert api.send("GET", "/runs/none/crate").status == 404
