"""The example of Dockerfiles, whole as a workflow and step by step, on a real engine."""

import functools
import json
import shlex
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.support.forked_shells import StoreShell

from nbyard.dockerd import Engine
from nbyard.domain.runs.checks import NewCheckRun

from ..test_docs import blocks_of
from ..test_runs import ADA, Project

Shell = Callable[..., str]
ROWS = 40


@pytest.fixture
def pipeline(tmp_path: Path, repository: Path, python_base_image: str) -> Path:
    """Copy the example, with the available base image."""
    folder = tmp_path / "pipeline"
    shutil.copytree(repository / "examples/pipeline", folder)
    for file in folder.glob("*/Dockerfile"):
        file.write_text(file.read_text().replace("python:3.11-slim", python_base_image))
    return folder


@pytest.fixture
def source(tmp_path: Path, docker_engine: Engine) -> Iterator[dict[str, str]]:
    """Serve dark and bright images with their labels, at addresses that containers reach."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "images.csv").write_text("".join(f"{n % 2 * 200},{n},9\n" for n in range(ROWS)))
    (folder / "labels.csv").write_text("dark\nbright\n" * (ROWS // 2))
    (bridge,) = docker_engine.networks_named("bridge")
    address = bridge["IPAM"]["Config"][0]["Gateway"]
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("0.0.0.0", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://{address}:{server.server_address[1]}"
        yield {f"{name}_url": f"{base}/{name}.csv" for name in ("images", "labels")}
        server.shutdown()


@pytest.fixture
def shell(pipeline: Path, docker_settings: dict[str, str], store_shell: StoreShell) -> Shell:
    store_shell.environment = docker_settings

    def run(*words: str, code: int = 0) -> str:
        """What `nbyard` prints, on both streams."""
        done = store_shell(*words, folder=pipeline)
        assert done.code == code, done.out + done.err
        return done.out + done.err

    return run


def accuracy(model: Path) -> float:
    found: float = json.loads(model.read_text())["accuracy"]
    return found


@pytest.mark.timeout(300)
def test_pipeline_runs_as_a_workflow(shell: Shell, source: dict[str, str]) -> None:
    built = shell("workflows", "build", "pipeline.nbflow")
    made = [line.split("  ")[1] for line in built.splitlines() if line.startswith("nbyard/code:")]
    assert made == ["data", "split", "train"]
    values = [word for name, url in source.items() for word in ("-p", f"{name}={url}")]
    shell("run", "pipeline.nbflow", "--name", "whole", *values)
    log = shell("runs", "log", "whole")
    assert "fetched http" in log and "30 rows for training" in log
    assert "accuracy 1.00" in log and "Building" not in log


@pytest.mark.timeout(300)
def test_check_run_passes_on_the_pipeline(
    project: Project, pipeline: Path, source: dict[str, str]
) -> None:
    """Its two tables have no header and belong together row by row."""
    shutil.copytree(pipeline, project.root, dirs_exist_ok=True)
    body = NewCheckRun(path="pipeline.nbflow", parameters=source, rows=20)
    checked = project.end(project.yard.services.runs.check_sample(ADA, body).id)
    assert checked.run.state == "succeeded", [task.failure for task in checked.tasks]
    assert "accuracy 1.00" in project.log(checked.run.id, "train")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_pipeline_runs_node_by_node(shell: Shell, pipeline: Path, source: dict[str, str]) -> None:
    make = functools.partial(shell, "artifacts", "create", "--wait", "--log", "--executable")
    told = ["--parameters", json.dumps(source)]
    assert "fetched http" in make("data/Dockerfile", "--name", "data", *told)
    files = ["--input-file", "images=data.images", "labels=data.labels"]
    wrong = make(
        "split/Dockerfile", "--name", "parts", "--parameters", '{"share": 2}', *files, code=1
    )
    assert "share is 2.0" in wrong, "the log of what failed"
    assert shell("artifacts", "status", "parts", code=1) == "failed\n"
    part = ["split/Dockerfile", "--name", "parts", "--parameters", '{"share": 0.5}', *files]
    assert "'parts 2' is free" in make(*part, code=1)
    assert "20 rows for training" in make(*part, "--force")
    files = ["--input-file", "train=parts.train", "test=parts.test"]
    shell("artifacts", "create", "--executable", "train/Dockerfile", "--name", "model", *files)
    assert "accuracy 1.00" in shell("artifacts", "log", "model", "--follow")

    listed = json.loads(shell("artifacts", "ls", "--json"))["items"]
    assert {one["name"] for one in listed} == {"data", "parts", "model"}
    assert shell("artifacts", "status", "parts") == "succeeded\n"
    assert json.loads(shell("artifacts", "parameters", "parts"))["share"] == 0.5
    shell("artifacts", "export", "model", "--output-file", "model.json")
    assert accuracy(pipeline / "model.json") == 1
    shell("artifacts", "export", "parts", "--output-file", "parts.zip")
    with zipfile.ZipFile(pipeline / "parts.zip") as whole:
        assert len(whole.namelist()) == 2
    shell("artifacts", "rm", "model")
    shell("artifacts", "status", "model", code=3)


@pytest.mark.long
def test_single_dockerfile_runs_and_leaves_nothing(shell: Shell, pipeline: Path) -> None:
    """`run -f` also saves outputs that a description names."""
    (pipeline / "rows.csv").write_text("dark,0,1\nbright,200,1\n")
    files = ["--input-file", "train=rows.csv", "--input-file", "test=rows.csv"]
    said = shell("run", "-f", "train/Dockerfile", *files, "--output-file", "model.json")
    assert "accuracy 1.00" in said and accuracy(pipeline / "model.json") == 1
    assert json.loads(shell("runs", "ls", "--json"))["items"] == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_commands_of_the_page_for_pipeline_users_work(
    shell: Shell, source: dict[str, str], repository: Path, pipeline: Path
) -> None:
    """Each of their commands has a counterpart."""
    base = source["images_url"].removesuffix("/images.csv")
    page = repository / "docs/how-to/bonseyes.md"
    commands = [line for b in blocks_of(page) if b.mark == "run: docker" for line in b.lines]
    for command in commands:
        shell(*shlex.split(command.replace("http://172.17.0.1:8377", base))[1:])
    assert accuracy(pipeline / "model.json") == 1


def test_a_converted_pipeline_is_a_workflow(shell: Shell, pipeline: Path) -> None:
    """Its artifacts keep their names."""
    for file in [*pipeline.rglob("*.nbexec"), pipeline / "pipeline.nbflow"]:
        file.unlink()
    tools = {
        "data": "parameters: [{name: images-url}]\noutput: {name: images, type: data}\n",
        "train": "parameters: [{name: training-set, kind: artifact, type: data}]\n"
        "output: {name: model, type: model}\n",
    }
    for name, text in tools.items():
        (pipeline / name / "tool.yml").write_text(text)
    (pipeline / "pipeline.yml").write_text(
        "name: digits\nartifacts:\n"
        "  - {name: training-set, tool: data, parameters: {images-url: http://a.test}}\n"
        "  - {name: digits-model, tool: train, inputs: {training-set: training-set}}\n"
    )
    assert "pipeline.nbflow" in shell("projects", "convert", ".")
    listed = json.loads(shell("workflows", "show", "pipeline.nbflow", "--json"))["items"]
    assert [(node["node"], node["outputs"]) for node in listed] == [
        ("training-set", {"images": "data"}),
        ("digits-model", {"model": "model"}),
    ]
    assert all(node["problem"] is None for node in listed)
