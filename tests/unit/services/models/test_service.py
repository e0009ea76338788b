"""Models as a service. Builds: the dispatcher's tests."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment
from nbyard.domain.images.structs import NewImage
from nbyard.domain.models.structs import NewModel
from nbyard.errors import Conflict, InUse, Invalid, NotFound
from nbyard.reasons.structs import text_reason
from nbyard.store.schema import deployment_tables
from nbyard.yard import Yard

pytestmark = pytest.mark.slow

FILE = """
name: Spark job
deployment: {mode: http}
src: src/
interface: {model_module: model, model_class: MyModel}
input_schema: [{name: x, type: float}]
output_schema: {name: y, type: int}
"""
CLASS = "LIMIT = 5\n\nclass MyModel:\n    def predict(self, frame):\n        return frame\n"


def write(root: Path, more: str = "", name: str = "nervosum.yaml", text: str = FILE) -> str:
    folder = root / "job"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/model.py").write_text(CLASS)
    (folder / name).write_text(text + more)
    return "job"


def end(yard, made, state: str = "ready") -> None:
    with yard.store.write() as c:
        image = yard.store.images.get(c, made.owner, made.image)
        yard.store.images.move(c, image, "building")
        yard.store.images.move(c, image, state, image_id="sha256:abc")


def test_a_model_is_queued_with_the_settings_of_its_file(models, ann, root, yard):
    made = models.build(ann, NewModel(write(root)))
    assert (made.name, made.tag, made.mode, made.number) == ("Spark job", "", "http", 1)
    assert (made.reference, made.state) == ("nbyard/model-spark-job:1", "queued")
    assert made.path == "job/nervosum.yaml"
    paths = [one.path for one in yard.context.blobs.tree(made.bundle_digest).files]
    assert paths == ["nervosum.yaml", "src/model.py"]
    assert models.list(ann).items == [made] == models.list(ann, name="ark", mode="http").items
    assert models.list(ann, tag="v1").items == []
    assert models.get(ann, "Spark job") == models.get(ann, made.reference) == made
    schema = models.schema(ann, made.id)
    assert (schema.input_schema, schema.output_schema) == (made.model.inputs, made.model.outputs)
    assert yard.services.images.get(ann, made.image).reference == made.reference
    with pytest.raises(NotFound, match="no model 'Spark job'"):
        models.get(Caller("bob"), "Spark job")


def test_builds_without_a_tag_are_counted(models, ann, root, yard):
    end(yard, models.build(ann, NewModel(write(root))))
    assert models.build(ann, NewModel("job")).reference == "nbyard/model-spark-job:2"
    assert len(models.list(ann).items) == 2


def test_a_tag_names_one_model(models, ann, root, yard):
    first = models.build(ann, NewModel(write(root, "tag: v1\n")))
    with pytest.raises(Conflict, match="nbyard/model-spark-job:v1 is already"):
        models.build(ann, NewModel("job"))
    end(yard, first)
    second = models.build(ann, NewModel("job"))
    end(yard, second)
    assert [one.id for one in models.list(ann).items] == [second.id]


def test_names_of_other_images_are_refused(models, ann, root, yard):
    (root / "Dockerfile").write_text("FROM scratch\n")
    made = yard.services.images.build(
        ann, NewImage(path="Dockerfile", tag="nbyard/model-spark-job:v1")
    )
    with yard.store.write() as c:
        yard.store.images.move(c, made, "building")
        yard.store.images.move(c, made, "ready")
    with pytest.raises(Conflict, match="belong to a model"):
        models.build(ann, NewModel(write(root, "tag: v1\n")))


def test_a_model_with_a_similar_name_replaces_no_image(models, ann, root, yard):
    made = models.build(ann, NewModel(write(root, "tag: v1\n")))
    end(yard, made)
    write(root, "tag: v1\n", text=FILE.replace("Spark job", "spark-job"))
    with pytest.raises(Conflict, match="the model 'Spark job'") as caught:
        models.build(ann, NewModel("job"))
    assert "another name or tag" in caught.value.hint
    assert "nbyard models rm nbyard/model-spark-job:v1" in caught.value.hint
    models.delete(ann, made.id)
    assert models.build(ann, NewModel("job")).name == "spark-job"


def test_a_model_of_another_owner_replaces_no_image(models, ann, root, yard):
    made = models.build(ann, NewModel(write(root, "tag: v1\n")))
    for state in ("queued", "ready"):
        with pytest.raises(Conflict, match="belongs to another user"):
            models.build(Caller("bob"), NewModel("job"))
        if state == "queued":
            end(yard, made)
    assert models.list(Caller("bob")).items == []
    write(root)
    assert models.build(Caller("bob"), NewModel("job")).reference == "nbyard/model-spark-job:2"


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ("", []),
        ("requirements: [numpy==2.1, pandas]\n", ["numpy==2.1", "pandas"]),
        ("requirements: deep/needs.txt\n", ["polars==1.10"]),
    ],
)
def test_requirements_are_lines_a_file_or_absent(models, ann, root, more, lines):
    write(root, more)
    (root / "job/deep").mkdir()
    (root / "job/deep/needs.txt").write_text("# all\npolars == 1.10\n")
    assert models.build(ann, NewModel("job")).model.requirements == lines


def test_a_file_elsewhere_can_be_named(models, ann, root):
    write(root, name="batch.yaml", text=FILE.replace("http", "http, platform_tag: big"))
    assert models.build(ann, NewModel("job", "batch.yaml")).platform_tag == "big"
    (root / "job/batch.yaml").rename(root / "batch.yaml")
    assert models.build(ann, NewModel("job", "../batch.yaml")).path == "batch.yaml"


def test_a_folder_of_mlflow_is_a_model(models, ann, root):
    folder = root / "churn"
    folder.mkdir()
    (folder / "requirements.txt").write_text("mlflow==2.19\n")
    columns = '[{"type": "double", "name": "x"}]'
    told = f"signature: {{inputs: '{columns}', outputs: '{columns}'}}\n"
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n" + told)
    made = models.build(ann, NewModel("churn"))
    assert (made.name, made.model.flavour) == ("churn", "mlflow")
    assert made.model.requirements == ["mlflow==2.19"]


def refused(models: Any, ann: Caller, body: NewModel) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        models.build(ann, body)
    assert models.list(ann).items == []
    return caught.value.details[0].path, caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("src: src/", "src: code", "src", "there is no folder code"),
        ("model_module: model", "model_module: os", "interface.model_module", "no module os"),
        ("MyModel", "Other", "interface.model_class", "model.py has no class Other"),
        ("MyModel", "LIMIT", "interface.model_class", "model.py has no class LIMIT"),
        ("http", "stream2", "deployment.mode", "there is no mode 'stream2'; there are: "),
        ("src: src/", "src: src/\nrequirements: no.txt", "requirements", "there is no file no.txt"),
    ],
)
def test_wrong_fields_are_named(models, ann, root, old, new, path, words):
    write(root, text=FILE.replace(old, new, 1))
    found = refused(models, ann, NewModel("job"))
    assert found[0] == f"nervosum.yaml.{path}"
    assert words in found[1]


def test_refused_requirements_name_their_line(models, ann, root):
    write(root, "requirements: ['numpy', '--index-url http://x']\n")
    path, words = refused(models, ann, NewModel("job"))
    assert path == "requirements.2"
    assert "line 2" in words


@pytest.mark.parametrize(
    "line",
    ["-e file://{srv}/code", "--find-links file://{srv}", "a @ file://{srv}/a-1-py3-none-any.whl"],
)
def test_requirements_in_local_folders_are_refused_before_the_build(
    models, ann, root, yard, tmp_path, line
):
    yard.settings.allowed_package_sources = [f"file://{tmp_path}/srv"]
    write(root, f"requirements: ['{line.format(srv=tmp_path / 'srv')}']\n")
    path, words = refused(models, ann, NewModel("job"))
    assert path == "nervosum.yaml.requirements"
    assert "folder of this machine" in words


def test_syntax_errors_are_reported(models, ann, root):
    write(root)
    (root / "job/src/model.py").write_text("class MyModel(:\n")
    assert "model.py" in refused(models, ann, NewModel("job"))[1]


def test_links_outside_are_not_followed(models, ann, root, tmp_path):
    write(root)
    (tmp_path / "out").mkdir()
    (root / "job/out").symlink_to(tmp_path / "out")
    (root / "job/nervosum.yaml").write_text(FILE.replace("src/", "out"))
    assert refused(models, ann, NewModel("job"))[0] == "nervosum.yaml.src"


def test_missing_files_are_named(models, ann, root):
    with pytest.raises(NotFound, match="no folder nowhere"):
        models.build(ann, NewModel("nowhere"))
    (root / "empty").mkdir()
    path, words = refused(models, ann, NewModel("empty"))
    assert path == "file"
    assert "none of nervosum.yaml" in words
    assert refused(models, ann, NewModel("../other"))[0] == "path"
    with pytest.raises(NotFound):
        models.delete(ann, "nothing")


def test_a_deleted_model_is_not_found(models, ann, root, yard):
    made = models.build(ann, NewModel(write(root)))
    models.delete(ann, "Spark job")
    assert models.list(ann).items == []
    with pytest.raises(NotFound):
        yard.services.images.get(ann, made.image)


def test_only_a_model_that_is_ready_becomes_an_executable(models, ann, root, yard):
    served = models.build(ann, NewModel(write(root)))
    end(yard, served)
    with pytest.raises(Conflict, match=r"mode http; .* batch"):
        models.register(ann, served.id)
    batch = FILE.replace("http", "batch")
    made = models.build(ann, NewModel(write(root, "tag: v1\n", text=batch)))
    with pytest.raises(Conflict, match=r"is queued\."):
        models.register(ann, made.id)
    end(yard, made)
    first, second = models.register(ann, "Spark job"), models.register(ann, "Spark job")
    assert (first.name, first.current.kind) == ("Spark job v1", "model")
    assert first.current.resources.image == "sha256:abc", "whatever its name means later"
    assert first.current.bundle_digest == made.bundle_digest
    assert second.current.id == first.current.id, "the same is not kept twice"
    other = models.register(ann, "Spark job", "parquet")
    assert (other.name, other.current.arguments[1].format) == ("Spark job v1 to parquet", "parquet")
    assert models.register(ann, "Spark job").current.id == first.current.id
    with pytest.raises(Invalid, match="of csv, parquet, folder"):
        models.register(ann, "Spark job", "json")


def test_a_separate_build_replaces_no_other(models, ann, root, yard):
    """A form builds before the deployment."""
    first = models.build(ann, NewModel(write(root, "tag: v1\n")), separate=True)
    end(yard, first)
    with pytest.raises(Conflict, match="model-spark-job:v1 already exists") as caught:
        models.build(ann, NewModel("job"), separate=True)
    assert "rebuilds the image" in caught.value.hint
    assert [one.id for one in models.list(ann).items] == [first.id]
    write(root)
    for number in (2, 3):
        made = models.build(ann, NewModel("job"), separate=True)
        assert (made.tag, made.number) == ("", number)


def test_an_image_of_an_open_form_is_kept(models, ann, root, yard):
    """A killed browser leaves nothing forever."""
    leased, plain = (models.build(ann, NewModel(write(root)), beside) for beside in (True, False))

    def until() -> list[datetime | None]:
        rows = deployment_tables.models
        with yard.store.read() as c:
            return list(c.execute(select(rows.c.kept_until).order_by(rows.c.id)).scalars())

    first, nothing = until()
    assert first is not None and nothing is None
    assert timedelta(seconds=590) < first - datetime.now(UTC) < timedelta(seconds=601)
    for one in (leased, plain):
        assert models.renew(ann, one.id).id == one.id
    second, nothing = until()
    assert second is not None and second > first and nothing is None
    with pytest.raises(NotFound):
        models.renew(Caller("bob"), leased.id)


def test_unused_images_are_deleted_and_deployed_ones_kept(models, ann, root, yard):
    """A closed form leaves nothing."""
    unused, deployed = (models.build(ann, NewModel(write(root))) for _ in range(2))
    service = yard.services.deployments.create(ann, NewDeployment(deployed.reference))
    for one in (unused, deployed):
        models.delete(ann, one.id, unless_used=True)
    assert [one.id for one in models.list(ann).items] == [deployed.id]
    yard.services.deployments.delete(ann, service.id)
    models.delete(ann, deployed.id, unless_used=True)
    assert models.list(ann).items == []


TWO_CLASSES = "".join(
    f"class {name}:\n"
    '    input_schema = output_schema = [{"name": "x", "type": "int"}]\n'
    "    def predict(self, frame):\n        return frame\n"
    for name in ("First", "Second")
)


def test_deployments_of_a_file_belong_to_its_class(models, ann, root, yard):
    """An existing deployment may get a new revision."""
    services = yard.services.deployments
    (root / "two.py").write_text(TWO_CLASSES)
    for name in ("First", "Second"):
        services.create(
            ann, NewDeployment(models.build(ann, NewModel("two.py", class_name=name)).id)
        )
    folder = models.build(ann, NewModel(write(root)))
    services.create(ann, NewDeployment(folder.id))
    services.create(ann, NewDeployment("cows:1", name="cows"))

    def names(body: NewModel) -> list[str]:
        return [one.name for one in models.deployed(ann, body).items]

    assert names(NewModel("two.py", class_name="Second")) == ["second"]
    second = models.build(ann, NewModel("two.py", class_name="Second"))
    for made, name in ((second, "second"), (folder, "spark-job")):
        deployed = models.deployments(ann, made.id)
        assert [one.name for one in deployed.items] == [name]
        assert deployed.title == f"{made.name} 2"
    found = models.deployed(ann, NewModel("two.py"))
    assert found.class_names == ["First", "Second"] and found.title == "First 2"
    assert [one.name for one in found.items] == ["first"]
    assert names(NewModel("job")) == ["spark-job"]
    assert models.deployed(Caller("bob"), NewModel("job")).items == []


def test_absolute_paths_mean_the_same_deployment(models, ann, root, yard):
    """A shell has no root folder except that of the machine. The browser accepts the same path."""
    (root / "two.py").write_text(TWO_CLASSES)
    with Yard.open(yard.settings, start=root.parent) as shell:
        built = shell.services.models.build(ann, NewModel(str(root / "two.py"), class_name="First"))
        shell.services.deployments.create(ann, NewDeployment(built.id))
    assert built.path == str(root / "two.py")
    for path in ("two.py", str(root / "two.py")):
        found = models.deployed(ann, NewModel(path, class_name="First"))
        assert found.items[0].name == "first" and found.into
        assert models.deployed(ann, NewModel(path, class_name="Second")).items == []
    models.build(ann, NewModel("two.py", class_name="First"))
    with Yard.open(yard.settings, start=root) as shell:
        told = shell.services.models.deployed(ann, NewModel("two.py", class_name="First"))
        assert [one.name for one in told.items] == ["first"]


def test_a_model_is_found_by_near_names(models, ann, root):
    """The commands `models ls` and `models deploy -n` find it in the same way."""
    (root / "two.py").write_text(TWO_CLASSES)
    made = [models.build(ann, NewModel("two.py", class_name="First")) for _ in range(2)][-1]
    for name in ("First", "first", "model-first", "nbyard/model-first"):
        assert models.get(ann, name).id == made.id
    with pytest.raises(NotFound) as refused:
        models.get(ann, "fist")
    assert "'First'" in refused.value.hint
    with pytest.raises(NotFound) as refused:
        models.get(Caller("bob"), "first")
    assert not refused.value.hint


def test_running_deployments_come_first(models, ann, root, yard):
    services = yard.services.deployments
    made = models.build(ann, NewModel(write(root)))
    for name in ("runs", "rests"):
        services.create(ann, NewDeployment(made.reference, name=name))
    services.stop(ann, "rests")
    found = models.deployed(ann, NewModel("job")).items
    assert [(one.name, one.runs, one.revision) for one in found] == [
        ("runs", True, 1),
        ("rests", False, 1),
    ]
    assert found[0].changed_at == services.get(ann, "runs").changed_at


def test_a_running_deployment_gets_the_next_revision(models, ann, root, yard):
    """The form and `nbyard models deploy` do the same.

    Otherwise, there would be another deployment.
    """
    services = yard.services.deployments
    made = models.build(ann, NewModel(write(root)))

    def asked() -> tuple[str, str]:
        found = models.deployed(ann, NewModel("job"))
        known = models.deployments(ann, made.id)
        assert replace(found, title=known.title) == known
        return found.into, found.name

    assert asked() == ("", "")
    first, second = (
        services.create(ann, NewDeployment(made.reference, name=name)).id
        for name in ("spark", "spark-2")
    )
    services.create(ann, NewDeployment("cows:1", name="spark-3"))
    assert asked() == (second, "spark-4")
    services.stop(ann, second)
    assert asked() == (first, "spark-4")
    with yard.store.write() as c:
        yard.store.deployments.move(
            c, services.get(ann, first), "failed", {"reason": text_reason("gone")}
        )
    assert asked() == (first, "spark-4")
    services.stop(ann, first)
    assert asked() == ("", "spark-4")


def test_a_used_model_is_kept_unless_forced(models, ann, root, yard):
    """A deployment needs the images of all revisions, whether it runs or not."""
    first = models.build(ann, NewModel(write(root)))
    end(yard, first)
    deployments = yard.services.deployments
    deployments.create(ann, NewDeployment("Spark job", name="job"))
    write(root, "tag: v2\n")
    second = models.build(ann, NewModel("job"))
    with yard.store.write() as c:
        image = yard.store.images.get(c, "ann", second.image)
        yard.store.images.move(c, image, "building")
        yard.store.images.move(c, image, "ready", image_id="sha256:def")
    deployments.edit(ann, "job", DeploymentChange(image=second.reference))
    deployments.stop(ann, "job")
    for model in (first, second):
        for delete, key in ((models.delete, model.id), (yard.services.images.delete, model.image)):
            with pytest.raises(InUse) as refused:
                delete(ann, key)
            assert "by deployment job." in refused.value.message
    models.delete(ann, first.id, force=True)
    deployments.delete(ann, "job")
    models.delete(ann, second.id)
    assert models.list(ann).items == []


def test_an_executable_and_a_workflow_need_a_model(models, ann, root, yard):
    made = models.build(ann, NewModel(write(root, text=FILE.replace("mode: http", "mode: batch"))))
    end(yard, made)
    node = {"type": "executable", "path": "a.py", "image": made.reference}
    (root / "w.nbflow").write_text(json.dumps({"version": 1, "nodes": {"a": node}, "edges": {}}))
    name = models.register(ann, made.id).name
    with pytest.raises(InUse) as refused:
        yard.services.images.delete(ann, made.image)
    assert f"by executable {name}, w.nbflow." in refused.value.message
    yard.services.executables.delete(ann, name)
    (root / "w.nbflow").unlink()
    yard.services.images.delete(ann, made.image)
