"""Models of other programs are built and deployed on a real engine."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.images import base_image
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.dockerd import Engine
from nbyard.domain.models.structs import NewModel

from .deploying import ME, Yards, built, jupyter, opened
from .imaging import remove_images

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(600)]
STRANGERS = Path(__file__).with_name("strangers")
INSTALL = "RUN pip install --quiet --break-system-packages"
DEEPAAS = """
COPY herds.py /opt/herds/herds.py
WORKDIR /opt/herds/herds-1.dist-info
RUN printf '[deepaas.v2.model]\\nherds = herds\\n' > entry_points.txt
RUN printf 'Metadata-Version: 2.1\\nName: herds\\nVersion: 1\\n' > METADATA
ENV PYTHONPATH=/opt/herds
CMD ["deepaas-run", "--listen-ip", "0.0.0.0", "--listen-port", "5000"]
"""
LIKE = """
COPY like_deepaas.py /like_deepaas.py
CMD ["python3", "/like_deepaas.py"]
"""
PICTURE = b"\x89PNG\r\n a picture"


@pytest.fixture(scope="module")
def base(docker_engine: Engine) -> str:
    """Return a base image with the wheels of DEEPaaS and MLflow."""
    return base_image(docker_engine, [STRANGERS / "requirements.txt"])


@pytest.fixture
def yards(tmp_path: Path, docker_engine: Engine, request: Any) -> Iterator[Yards]:
    """Provide yards whose models are built on the base that a test names."""
    image = request.getfixturevalue(getattr(request, "param", "python_base_image"))
    told = {"docker_base_image": image, "docker_build_network": "none"}
    with opened(tmp_path, docker_engine, image, caller=ME, **told) as (found, _):
        store = found.yard.store.id
        yield found
    remove_images(docker_engine, store)


@pytest.fixture
def server(tmp_path: Path, yards: Yards, docker_engine: Engine) -> Iterator[JupyterServer]:
    with jupyter(tmp_path, docker_engine) as made:
        yield made


def ask(server: JupyterServer, path: str, body: Any = None, kind: str = "") -> Answer:
    """Send a request as the browser does, below the address of the deployment's port."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    told = {"Authorization": f"token {TOKEN}", "Content-Type": kind or "application/json"}
    verb = "GET" if data is None else "POST"
    return server.request(verb, f"/nbyard/deployments/web/api/{path}", data, told)


@pytest.mark.parametrize("kind", ["like", pytest.param("real", marks=pytest.mark.long)])
def test_deepaas_service_provides_its_form_and_predicts(
    server, yards, docker_engine, kind, request
):
    """The form of *Try it* follows its swagger.json, and the request it describes works."""
    if kind == "real":
        wheels = request.getfixturevalue("base")
        text = f"FROM {wheels}\n{INSTALL} --no-build-isolation deepaas\n{DEEPAAS}"
        image = built(docker_engine, "nbyard-test/deepaas:1", text, STRANGERS / "herds.py")
    else:
        text = f"FROM {yards.image}\n{LIKE}"
        image = built(
            docker_engine, "nbyard-test/like-deepaas:1", text, STRANGERS / "like_deepaas.py"
        )
    yards.create(service="api", image=image, ports=None)
    with yards.dispatching() as running:
        yards.until(running, "running", seconds=120)
        told = server.send("GET", "/deployments/web/forms").json
        assert told["path"] == "nbyard/deployments/web/api/"
        form = told["forms"][0]
        assert (form["method"], form["path"]) == ("POST", "/v2/models/herds/predict/")
        assert form["title"] == "Make a prediction given the input data"
        fields = {one["name"]: one for one in form["fields"]}
        assert fields["herd"]["choices"] == ["small", "large"]
        assert (fields["herd"]["default"], fields["herd"]["help"]) == ("small", "Which herd")
        assert (fields["limit"]["type"], fields["limit"]["default"]) == ("integer", 3)
        data = fields["data"]
        assert (data["type"], data["place"], data["is_required"]) == ("file", "formData", True)
        path = form["path"].lstrip("/")
        found = ask(server, f"{path}?herd=large&limit=2", *_with_file("data"))
        predictions = {"herd": "large", "limit": 2, "bytes": len(PICTURE)}
        assert (found.status, found.json) == (200, {"status": "OK", "predictions": predictions})
        assert ask(server, f"{path}?limit=many", *_with_file("data")).status == 422
        models = ask(server, "v2/models/").json["models"]
        assert [one["id"] for one in models] == ["herds"]


def _with_file(name: str) -> tuple[bytes, str]:
    """Return a form with one file, as browsers send it."""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="cows.png"\r\n'
    kind = "Content-Type: application/octet-stream\r\n\r\n"
    return (head + kind).encode() + PICTURE + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


@pytest.mark.long
@pytest.mark.parametrize("yards", ["base"], indirect=True)
def test_mlflow_folder_is_built_and_predicts(server, yards, base, docker_engine):
    """Over /predict, /invocations and the Open Inference Protocol."""
    text = f"FROM {base}\n{INSTALL} mlflow-skinny pandas scikit-learn\nCOPY log_model.py /\n"
    image = built(docker_engine, "nbyard-test/mlflow:1", text, STRANGERS / "log_model.py")
    folder = yards.yard.context.files.root / "petals"
    shared = ["--volume", f"{folder.parent}:/made", "--env", "HOME=/tmp", image]
    save = ["python3", "/log_model.py", f"/made/{folder.name}"]
    words = ["docker", "--host", docker_engine.url, "run", "--rm", "--network", "none", *shared]
    saved = subprocess.run([*words, *save], capture_output=True, text=True, check=False)
    assert saved.returncode == 0, saved.stderr
    assert (folder / "MLmodel").exists()
    models = yards.yard.services.models
    made = models.build(ME, NewModel(folder.name))
    with yards.dispatching() as running:
        done = running.until(
            lambda: models.get(ME, made.id), lambda one: one.state in ("ready", "failed"), 400
        )
        assert (done.state, done.model.flavour) == ("ready", "mlflow"), done.reason
        yards.create(service="api", image=done.name, ports=None)
        yards.until(running, "running", seconds=120)
        row = {"petal length": 1.4, "petal width": 0.2}
        answer = next(column.name for column in done.model.outputs)
        assert ask(server, "predict", row).json == {"prediction": {answer: 0}}
        split = {"columns": list(row), "data": [[1.4, 0.2], [5.1, 1.8]]}
        found = ask(server, "invocations", {"dataframe_split": split})
        assert (found.status, found.json) == (200, {"predictions": [{answer: 0}, {answer: 2}]})
        tensor = {"shape": [2], "datatype": "FP64"}
        inputs = [
            {"name": "petal length", **tensor, "data": [1.4, 5.1]},
            {"name": "petal width", **tensor, "data": [0.2, 1.8]},
        ]
        found = ask(server, "v2/models/petals/infer", {"inputs": inputs})
        assert (found.status, found.json["outputs"][0]["data"]) == (200, [0, 2])
        wrong = ask(server, "predict", {"petal length": "long", "petal width": 0.2})
        assert (wrong.status, wrong.json["details"][0]["field"]) == (422, "petal length")
