"""Models from a shell without an engine. With one: tests/integration/docker."""

import pytest

from nbyard.cli.commands.models import verbs as models
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.doctor import Check
from nbyard.domain.models.structs import NewModel
from nbyard.rest.identity import local_name
from nbyard.testing.dispatcher_thread import Dispatching

ME = Caller(local_name())
FILE = """
name: Spark job
tag: v1
deployment: {mode: http, platform_tag: big}
src: src
interface: {model_module: model, model_class: MyModel}
input_schema: [{name: x, type: float, nullable: true}]
output_schema: {name: y, type: int}
"""


@pytest.fixture(autouse=True)
def no_engine(yard, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"


@pytest.fixture(autouse=True)
def job(yard) -> None:
    folder = yard.context.files.root / "job"
    (folder / "src").mkdir(parents=True)
    (folder / "src/model.py").write_text("class MyModel: pass\n")
    (folder / "nervosum.yaml").write_text(FILE)
    (folder / "other.yml").write_text(FILE.replace("v1", "v2"))


def test_models_are_built_listed_filtered_shown_and_removed(shell):
    made = shell("model", "build", "job", "--detach")
    assert made.code == 0 and "nbyard images log" in made.err
    other = shell("models", "build", "-c", "other.yml", "job", "--detach", "--json").json
    assert other["tag"] == "v2"
    listed = shell("models", "ls").out
    assert "Spark job" in listed and "platform_tag=big" in listed and "v2" in listed
    assert [one["tag"] for one in shell("model", "ls", "--json").json["items"]] == ["v2", "v1"]
    found = shell("models", "ls", "-f", "tag=v1", "-f", "name=park", "--json").json["items"]
    assert [one["id"] for one in found] == [made.out.strip()]
    shown = shell("models", "show", "Spark job:v1").out
    assert "nbyard/model-spark-job:v1" in shown and "x float?" in shown
    assert shell("models", "schema", "Spark job").json["output_schema"][0]["type"] == "int"
    assert shell("models", "rm", "Spark job:v1").code == 0
    assert "v1" not in shell("models", "ls").out


def test_a_failed_build_has_an_exit_code_and_a_reason(shell, dispatcher: Dispatching):
    said = shell("models", "build", "job")
    assert said.code == 1
    assert "nbyard/model-spark-job:v1 failed: " in said.err


@pytest.mark.parametrize("told", ["tag", "size=1", "tag=a,tag=b", "=x"])
def test_an_invalid_filter_is_refused(shell, told):
    words = [word for one in told.split(",") for word in ("-f", one)]
    said = shell("models", "ls", *words)
    assert said.code == 2 and "at most once" in said.err


def test_an_invalid_model_file_names_its_field(shell, yard):
    path = yard.context.files.root / "job/nervosum.yaml"
    path.write_text(FILE.replace("src: src", "src: source"))
    said = shell("models", "build", "job")
    assert said.code == 2 and "nervosum.yaml.src: " in said.err


def test_running_without_a_model_is_refused(shell):
    said = shell("models", "run", "-n", "nothing", "--input", "a.csv")
    assert said.code == 3 and "No matching model" in said.err


def test_a_model_is_found_by_its_image_and_similar_names_are_suggested(shell, yard):
    made = yard.services.models.build(ME, NewModel("job"))
    said = shell("models", "run", "-n", "spark-job")
    assert said.code == 3 and "nbyard/model-spark-job:v1 is queued" in said.err
    end(yard, made)
    for name in ("spark-job", "model-spark-job", "nbyard/model-spark-job:v1"):
        assert "has the mode http" in shell("models", "run", "-n", name, "--input", "a.csv").err
    said = shell("models", "run", "-n", "spork-jab")
    assert said.code == 3 and "there are: Spark job" in said.err
    said = shell("models", "run", "-n", "wine")
    assert said.code == 3 and "there are: Spark job" in said.err


@pytest.mark.parametrize("output", ["out.json", "out"])
def test_the_file_name_sets_the_format_of_predictions(shell, output):
    said = shell("models", "run", "--input", "a.csv", "--output", output)
    assert said.code == 2 and "--output must end in" in said.err


def end(yard, made) -> None:
    with yard.store.write() as c:
        image = yard.store.images.get(c, ME.name, made.image)
        yard.store.images.move(c, image, "building")
        yard.store.images.move(c, image, "ready", image_id="sha256:abc")


def test_a_model_of_mode_http_predicts_no_dataset(shell, yard):
    end(yard, yard.services.models.build(ME, NewModel("job")))
    said = shell("models", "run", "-n", "spark", "--input", "a.csv")
    assert said.code != 0 and "has the mode http" in said.err
    assert "deploy -n 'Spark job'" in said.err
    assert "nbyard run job/nervosum.yaml" in said.err


def test_the_newest_batch_model_runs_and_needs_data(shell, yard):
    path = yard.context.files.root / "job/other.yml"
    path.write_text(FILE.replace("v1", "b1").replace("http", "batch"))
    end(yard, yard.services.models.build(ME, NewModel("job", "other.yml")))
    said = shell("models", "run", "-n", "spark")
    assert said.code == 2
    assert "predicts: --input DATA" in said.err
    assert shell("executables", "ls", "--json").json["items"] == []


def test_the_newest_model_of_any_mode_runs(shell, yard, monkeypatch):
    """With data, the newest model of mode batch runs."""
    path = yard.context.files.root / "job/other.yml"
    path.write_text(FILE.replace("v1", "b1").replace("http", "batch"))
    end(yard, yard.services.models.build(ME, NewModel("job", "other.yml")))
    end(yard, yard.services.models.build(ME, NewModel("job")))
    served = []

    def serve(connection, package, *, as_json):
        served.append(package.tag)
        return 7

    monkeypatch.setattr(models, "serve", serve)
    assert shell("models", "run", "-n", "spark").code == 7
    assert served == ["v1"]
    said = shell("models", "run", "-n", "spark", "--input", "none.csv")
    assert said.code != 0 and served == ["v1"] and "none.csv" in said.err


def test_without_a_ready_http_model_nothing_is_deployed(shell):
    assert shell("models", "build", "job", "--detach").code == 0
    said = shell("models", "deploy", "-n", "spark")
    assert said.code == 3 and "No matching model" in said.err


def test_the_newest_model_replaces_the_former_one(shell, yard):
    for number, tag in enumerate(("v1", "v2"), 1):
        file = yard.context.files.root / "job/nervosum.yaml"
        file.write_text(FILE.replace("v1", tag))
        made = yard.services.models.build(ME, NewModel("job"))
        end(yard, made)
        said = shell("models", "deploy", "-n", "spark", "--detach", "--json")
        assert (said.json["name"], said.json["revision"]) == ("spark-job", number)
        assert said.json["spec"]["image"] == made.reference


def test_a_model_with_a_similar_name_replaces_no_other(shell, yard):
    """As in the form, the file or the node decides, and not the host name."""
    end(yard, yard.services.models.build(ME, NewModel("job")))
    yard.services.deployments.create(ME, NewDeployment("cows:1", name="spark-job"))
    for words in ((), ("--as", "spark-job")):
        said = shell("models", "deploy", "-n", "spark", "--detach", *words)
        assert said.code == 1 and "host name 'spark-job'" in said.err
        assert "--as NAME" in said.err
    said = shell("models", "deploy", "-n", "spark", "--as", "second", "--detach", "--json")
    assert (said.json["name"], said.json["revision"]) == ("second", 1)
    assert yard.services.deployments.get(ME, "spark-job").revision == 1
    other = shell("models", "deploy", "-n", "spark", "--detach", "--json").json
    assert other["id"] == said.json["id"]


def test_a_stopped_deployment_is_started_by_its_name(shell, yard):
    """Otherwise, there would be two deployments."""
    made = yard.services.models.build(ME, NewModel("job"))
    end(yard, made)
    first = shell("models", "deploy", "-n", "spark", "--detach", "--json").json
    yard.services.deployments.stop(ME, first["id"])
    beside = shell("models", "deploy", "-n", "spark", "--detach", "--json").json
    assert (beside["name"], beside["state"]) == ("spark-job-2", "queued")
    said = shell("models", "deploy", "-n", "spark", "--as", "spark-job", "--detach", "--json")
    assert said.json["id"] == first["id"]
    assert said.json["is_wanted"] is True


CLASS = """
class Doubling:
    input_schema = {"x": float}
    output_schema = {"y": float}

    def predict(self, frame):
        return frame.rename(columns={"x": "y"}) * 2
"""


@pytest.fixture
def responds(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that responds when it is asked before a build."""
    monkeypatch.setattr(Check, "require", lambda self: None)


def test_without_an_engine_no_model_is_created_to_deploy_it(shell, file):
    said = shell("models", "deploy", file, "--detach")
    assert said.code == 5 and "cannot be reached" in said.err
    assert shell("models", "ls", "--json").json["items"] == []


@pytest.fixture
def file(yard) -> str:
    (yard.context.files.root / "doubling.py").write_text(CLASS)
    return "doubling.py"


def test_a_class_is_built_and_deployed_by_one_command(shell, file, responds):
    """The deployment waits for the image that is being built."""
    said = shell("models", "deploy", f"{file}:Doubling", "--detach", "--json")
    assert (said.json["name"], said.json["state"]) == ("doubling", "queued")
    assert said.json["model"]["name"] == "Doubling"
    again = shell("models", "deploy", file, "--detach", "--json")
    assert (again.json["name"], again.json["revision"]) == ("doubling", 2)
    made = shell("models", "build", f"{file}:Doubling", "--detach", "--json").json
    assert (made["model"]["module"], made["model"]["class_name"]) == ("doubling", "Doubling")
    assert "model.Doubling" not in shell("models", "show", made["id"]).out
    assert "doubling.Doubling" in shell("models", "show", made["id"]).out


def test_a_build_that_fails_is_not_deployed(shell, file, responds, dispatcher: Dispatching):
    said = shell("models", "deploy", file)
    assert said.code == 1 and "Docker cannot be reached" in said.err
    assert shell("deployments", "ls", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build",), "Pass a folder or a Python file"),
        (("build", "--run", "1"), "Pass both --run RUN"),
        (("deploy", "--output", "model"), "Pass both --run RUN"),
        (("build", "job", "--run", "1", "--output", "model"), "or --run and --output"),
        (("deploy", "job", "-n", "spark"), "choose a model that is already built"),
    ],
)
def test_only_one_source_of_a_model_may_be_named(shell, words, said):
    found = shell("models", *words)
    assert found.code == 2 and said in found.err
