"""Small pictures and previews over HTTP."""

import io

import pytest
from PIL import Image
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.client import Client
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching

pytestmark = pytest.mark.leaves_running
SCRIPT = "import shutil, sys\nshutil.copy(sys.argv[1], sys.argv[2])\n"


@pytest.fixture(scope="module")
def run(api: JupyterServer) -> str:
    """A run with a picture as its result."""
    made = io.BytesIO()
    Image.new("RGB", (640, 400), "red").save(made, "PNG")
    (api.root / "in.png").write_bytes(made.getvalue())
    (api.root / "copy.py").write_text(SCRIPT)
    arguments = [
        {"name": name, "role": role, "format": "png", "required": role == "input"}
        | {"reach": {"kind": "positional", "position": place}}
        for place, (name, role) in enumerate((("source", "input"), ("plot", "output")))
    ]
    body = {"path": "copy.py", "parameters": {"source": "in.png"}, "arguments": arguments}
    started = api.send("POST", "/runs", body)
    assert started.status == 201, started.content
    key = str(started.json["id"])
    with Dispatching(Settings(store_dir=str(api.store), inline_dispatch=True)) as running:
        ended = running.until(
            lambda: api.send("GET", f"/runs/{key}").json,
            lambda found: found["run"]["state"] in ("succeeded", "failed"),
        )
    assert ended["run"]["state"] == "succeeded"
    return key


def test_a_picture_is_small_and_never_changes(api, run):
    items = api.send("GET", f"/runs/{run}/previews").json["items"]
    (found,) = [one for one in items if one["caption"] == "plot.png"]
    answer = api.send("GET", f"/runs/{run}/pictures/{found['picture']}")
    assert answer.status == 200
    assert len(answer.content) <= 20_000
    assert Image.open(io.BytesIO(answer.content)).size == (320, 200)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "..", "%00", "%ff", "tree:1"])
def test_pictures_that_do_not_exist(api, run, digest):
    answer = api.send("GET", f"/runs/{run}/pictures/{digest}")
    assert answer.status in (400, 404, 422)
    assert answer.headers["Cache-Control"] == "no-store"


def test_previews_need_a_login(api, run):
    for path in ("previews", "previews/copy/plot", "pictures/sha256:1"):
        assert api.request("GET", f"/nbyard/api/runs/{run}/{path}", None, {}).status in (401, 403)


def test_the_client_returns_previews(api, run):
    client = Client(api.url, TOKEN)
    items = client.runs.previews(run).items
    (found,) = [one for one in items if one.caption == "plot.png"]
    assert client.runs.output_preview(run, found.node, "plot").picture
