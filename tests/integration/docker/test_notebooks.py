"""Notebooks in real containers: the image is built, and the runner is copied in."""

import json
import os
import socket
import threading

import msgspec
import nbformat
import pytest

from nbyard.domain.attempts.structs import IMAGE, Image, NotebookWork
from nbyard.errors import Invalid, NbyardError
from nbyard.reasons.structs import because

from .bench import BOTH, BUILD, Bench, log_of, output, result_of, until

pytestmark = pytest.mark.sample(1)


def notebook(bench: Bench, *cells: str, parameters=None, **more):
    work = NotebookWork(
        path="code/n.ipynb", kernel="python3", language="python", parameters=parameters or {}
    )
    order = bench.order(work, **more)
    first = nbformat.v4.new_code_cell("out = ''\nn = 1", metadata={"tags": ["parameters"]})
    rest = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=[first, *rest]), order.folder / "code/n.ipynb")
    return order


def events(order) -> list[dict]:
    return [json.loads(line) for line in (order.folder / "events.jsonl").read_text().splitlines()]


@BOTH
def test_notebook_runs_in_an_image_built_for_it(python_bench: Bench, staging):
    """Parameters arrive, finished cells are reported, and the user owns the outputs."""
    order = notebook(
        python_bench,
        "print('n is', n)",
        "import os; open(out, 'w').write(str(n * 2)); print(os.getuid(), os.environ['HOME'])",
        parameters={"n": 21, "out": "{attempt}/outputs/o/answer.txt"},
        outputs={"o": output("outputs/o/answer.txt")},
    )
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    result = python_bench.run(order, runtime, 90)
    assert (result.state, result.outputs) == ("succeeded", ["o"]), (result, log_of(order))
    assert (order.folder / "outputs/o/answer.txt").read_text() == "42"
    assert "n is 21" in log_of(order)
    assert f"{os.getuid() or 65534} /home/nbyard" in log_of(order)
    executed = nbformat.read(order.folder / "executed.ipynb", 4)
    assert "n is 21" in json.dumps(executed)
    states = [e["state"] for e in events(order) if e["type"] == "cell"]
    assert states.count("done") >= 3
    assert {path.lstat().st_uid for path in order.folder.rglob("*")} == {os.getuid()}
    python_bench.clear(runtime, order)


@BOTH
def test_notebook_passes_data_without_nbyard_in_the_image(python_bench: Bench, staging):
    """The copied runner provides the functions. Metrics are recorded, too."""
    order = notebook(
        python_bench,
        "import nbyard\nnbyard.log_metric('n', n, step=1)",
        "nbyard.output('o', {'n': nbyard.input('rate', 3) * n})",
        parameters={"n": 7},
        outputs={"o": output("outputs/o/o")},
    )
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    result = python_bench.run(order, runtime, 90)
    assert (result.state, result.outputs) == ("succeeded", ["o"]), (result, log_of(order))
    assert (order.folder / "outputs/o/o").read_text() == '{"n": 21}'
    assert json.loads((order.folder / "outputs/o/.type.json").read_text())["format"] == "json"
    assert json.loads((order.folder / "metrics.jsonl").read_text())["value"] == 7


@BOTH
def test_a_failing_cell_keeps_the_notebook_so_far(python_bench: Bench, staging):
    order = notebook(python_bench, "print('fine')", "1 / 0", "print('never')")
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    result = python_bench.run(order, runtime, 90)
    assert result.failure and result.failure.error_name == "ZeroDivisionError"
    assert "fine" in (order.folder / "executed.ipynb").read_text()


@BOTH
def test_progress_is_reported_and_cancel_works_during_a_run(python_bench: Bench, staging):
    order = notebook(python_bench, "print('begun', flush=True)", "import time; time.sleep(600)")
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    order = python_bench.start(order, runtime)

    def begun() -> bool:
        runtime.logs(order)
        return "begun" in log_of(order) and (order.folder / "executed.ipynb").exists()

    until(begun, 60)
    assert runtime.poll(order).state == "running"
    runtime.stop(order, because("text", text="cancelled by ada"))
    until(lambda: not python_bench.left())
    result = result_of(order)
    assert result.state == "cancelled" and result.failure
    assert result.failure.message == "cancelled by ada"


@pytest.mark.long
def test_notebook_out_of_memory_is_reported(python_bench: Bench):
    limit = 256 * 2**20
    order = notebook(python_bench, "x = bytearray(800 * 2**20)", memory_bytes=limit)
    order = msgspec.structs.replace(order, memory_bytes=limit)
    result = python_bench.run(order, python_bench.runtime(image_for=BUILD), 90)
    assert result.failure and result.failure.kind == "memory", result
    assert "256 MiB" in result.failure.message


def test_requirements_are_installed_once_and_used(python_bench: Bench):
    """Unchanged requirements are not built again. The build is in the log of the attempt."""
    orders = []
    for _ in range(2):
        order = notebook(
            python_bench,
            "import joblib; print('joblib', joblib.__version__)",
            requirements="code/requirements.txt",
        )
        (order.folder / "code/requirements.txt").write_text("# speed\njoblib >= 1\n")
        runtime = python_bench.runtime(image_for=BUILD)
        assert python_bench.run(order, runtime, 90).state == "succeeded", log_of(order)
        orders.append(order)
    assert "joblib 1" in log_of(orders[1])
    assert "Building" not in log_of(orders[1])
    image = msgspec.json.decode((orders[1].folder / IMAGE).read_bytes(), type=Image)
    assert image.lock is not None
    assert {"joblib", "nbclient"} <= {package.name for package in image.lock.packages}


@pytest.mark.long
def test_failed_build_names_the_package(python_bench: Bench):
    order = notebook(python_bench, "1", requirements="code/requirements.txt")
    (order.folder / "code/requirements.txt").write_text("no-such-package-at-all==1\n")
    with pytest.raises(NbyardError, match="no-such-package-at-all==1"):
        python_bench.runtime(image_for=BUILD).start(order)
    assert "no-such-package-at-all" in log_of(order)
    assert python_bench.left() == []


def test_options_in_requirements_are_refused(python_bench: Bench):
    order = notebook(python_bench, "1", requirements="code/requirements.txt")
    (order.folder / "code/requirements.txt").write_text("--index-url http://x\n")
    with pytest.raises(Invalid, match="--index-url"):
        python_bench.runtime(image_for=BUILD).start(order)


@BOTH
def test_processes_of_a_notebook_are_killed_at_its_end(python_bench: Bench, staging):
    """Hidden processes are killed as well, before outputs are collected."""
    loop = "while true; do echo x >> stray; sleep 0.001; done"
    words = ["setsid", "--fork", "env", "-i", "/bin/sh", "-c", loop]
    stray = (
        "import os, subprocess, time\n"
        f"subprocess.Popen({words}, cwd='../outputs').wait()\n"
        "while not os.path.exists('../outputs/stray'): time.sleep(0.01)"
    )
    order = notebook(python_bench, stray, "import debugpy; print('debugpy', debugpy.__version__)")
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    result = python_bench.run(order, runtime, 90)
    assert result.state == "succeeded", (result, log_of(order))
    assert "debugpy 1" in log_of(order)
    size = (order.folder / "outputs/stray").stat().st_size
    python_bench.clear(runtime, order)
    assert (order.folder / "outputs/stray").stat().st_size == size


def test_work_cannot_tamper_with_its_supervisor(python_bench: Bench):
    """Work has the same user, but no access to memory and files of the supervisor, which alone
    reports the end."""
    order = notebook(
        python_bench,
        "import json\npid = json.load(open('../runner.json'))['pid']",
        "for name in ('fd/1', 'environ', 'mem'):\n"
        "    try: open(f'/proc/{pid}/{name}', 'rb').close(); print('REACHED', name)\n"
        "    except OSError as error: print(name, error.strerror)",
    )
    result = python_bench.run(order, python_bench.runtime(image_for=BUILD), 90)
    assert result.state == "succeeded", (result, log_of(order))
    assert log_of(order).count("Permission denied") == 3, log_of(order)


ASK = """
import os, socket
host, _, port = os.environ["NBYARD_DASK_ADDRESS"].removeprefix("tcp://").rpartition(":")
with socket.create_connection((host, int(port)), 20) as scheduler:
    print("said", scheduler.recv(100).decode())
"""


@pytest.mark.long
@pytest.mark.parametrize("warm", [False, True])
def test_notebook_in_a_container_reaches_the_cluster(python_bench: Bench, warm: bool):
    """The variables of a Dask client are set; the second time in a warm container."""
    runtime = python_bench.runtime(image_for=BUILD)
    (bridge,) = python_bench.engine.networks_named("bridge")
    gateway = bridge["IPAM"]["Config"][0]["Gateway"]
    with socket.create_server(("0.0.0.0", 0)) as server:
        address = f"tcp://{gateway}:{server.getsockname()[1]}"
        threading.Thread(target=_answer, args=(server,), daemon=True).start()
        for _ in range(1 + warm):
            order = notebook(
                python_bench, ASK, warm=warm, environment={"NBYARD_DASK_ADDRESS": address}
            )
            result = python_bench.run(order, runtime, 90)
            assert result.state == "succeeded", (result, log_of(order))
            assert "said I am here" in log_of(order)
            runtime.stop(order, because("text", text="finished"))
        server.shutdown(socket.SHUT_RDWR)
    runtime.end_run(python_bench.run_id)
    until(lambda: not python_bench.left())


def _answer(server: socket.socket) -> None:
    while True:
        try:
            with server.accept()[0] as client:
                client.sendall(b"I am here")
        except OSError:
            return
