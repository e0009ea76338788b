"""A user watches a running process through a real server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.kept_folders import kept_folder

from nbyard.attempts import monitor_link_files

from .projects import alive
from .watching import STEP, Watching, watching

pytestmark = pytest.mark.leaves_running
STAND_IN = f"""#!{sys.executable}
import functools, http.server, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=given["--logdir"])
http.server.HTTPServer((given["--host"], int(given["--port"])), handler).serve_forever()
"""
WRITES_LOGS = """
import os, time
os.makedirs("made")
open("made/events.out.tfevents.1", "w").write("loss")
os.rename("made", "runs")
while not os.path.exists("runs/enough"):
    time.sleep(0.05)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Watching]:
    with watching(tmp_path, "/user/ann/") as made:
        yield made


@pytest.mark.timeout(200)
@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_page_of_a_process_is_reachable_while_it_runs(work: Watching, kind: str) -> None:
    """For its owner, at its own port, until it ends."""
    run = work.start(kind, STEP, {"ports": {"web": 0}})
    work.watch_to_the_end(run)
    stored = partial(monitor_link_files.stored_attempts, work.server.store)
    work.dispatching.until(stored, lambda left: not left)


@pytest.mark.long
def test_simultaneous_processes_have_separate_ports(work: Watching) -> None:
    """Both run one script, which declares one port."""
    runs = [work.start("py", STEP, {"ports": {"web": 8000}}) for _ in range(2)]
    paths = {work.until_it_answers(run)["path"] for run in runs}
    assert len(paths) == 2
    for run in runs:
        work.watch_to_the_end(run)


def test_tensorboard_starts_on_the_folder_of_a_task(work: Watching, tmp_path, monkeypatch):
    """A stub replaces the program."""
    place = tmp_path / "bin" / "tensorboard"
    place.parent.mkdir()
    place.write_text(STAND_IN)
    place.chmod(0o755)
    monkeypatch.setattr(
        "nbyard.dispatch.attempts.monitor_controller.program_for", lambda _: str(place)
    )
    run = work.start("py", WRITES_LOGS, {"tensorboard": "runs"})
    link = work.until_it_answers(run)
    assert link["name"] == "tensorboard"
    page = work.get(f"{link['path']}events.out.tfevents.1")
    assert page.content == b"loss"
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    (Path(work.attempt(run)["folder"]) / "code" / "runs" / "enough").touch()
    assert work.until_over(run)["state"] == "succeeded"
    store = work.dispatching.dispatcher.context.store.id
    work.dispatching.until(lambda: alive(store), lambda left: not left)


def test_invalid_port_is_refused_before_the_run_starts(work: Watching) -> None:
    (work.server.root / "a.py").write_text("")
    (work.server.root / "a.py.nbexec").write_text(
        '{"version": 1, "resources": {"ports": {"Web": 1}}}'
    )
    answer = work.server.send("POST", "/runs", {"path": "a.py"})
    assert answer.status == 422 and "'Web' is not" in answer.json["message"]


WRITER = """
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter("runs")
value = Summary.Value(tag="loss", simple_value=0.5)
writer.add_event(Event(step=1, wall_time=1.0, summary=Summary(value=[value])))
writer.close()
"""
TRAINS = """
import os, subprocess, time
subprocess.run([{python!r}, "-c", {writer!r}], check=True)
while not os.path.exists("enough"):
    time.sleep(0.05)
"""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_real_tensorboard_shows_the_metrics_of_a_task(work: Watching, monkeypatch) -> None:
    """The link leads to its page, its scripts and the metric."""

    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        # TensorBoard imports pkg_resources, which newer versions of setuptools lack
        subprocess.run([*pip, "tensorboard>=2.20,<3", "setuptools<81"], check=True)

    folder = kept_folder("tensorboard", sys.version, install) / "bin"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    source = TRAINS.format(python=str(folder / "python"), writer=WRITER)
    run = work.start("py", source, {"tensorboard": "runs"})
    link = work.until_it_answers(run)
    page = work.get(link["path"])
    assert page.status == 200 and b"TensorBoard" in page.content
    (script,) = re.findall(rb'src="(index\.js[^"]*)"', page.content)
    assert work.get(f"{link['path']}{script.decode()}").status == 200
    tags = work.dispatching.until(
        lambda: json.loads(work.get(f"{link['path']}data/plugin/scalars/tags").content),
        lambda found: any(found.values()),
    )
    assert [list(one) for one in tags.values()] == [["loss"]]
    (Path(work.attempt(run)["folder"]) / "code" / "enough").touch()
    assert work.until_over(run)["state"] == "succeeded"
