"""Images without an engine. With one: tests/integration/docker/test_images.py."""

from datetime import UTC, datetime, timedelta

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.images.structs import NamedImage, NewImage, PulledImage
from nbyard.domain.models.structs import NewModel
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")


@pytest.fixture
def no_engine(yard: Yard, tmp_path) -> Yard:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    (yard.context.files.root / "Dockerfile").write_text("FROM scratch\n")
    return yard


def ended(yard: Yard, made: NamedImage) -> NamedImage:
    with Dispatching(yard.settings) as dispatcher:
        return dispatcher.until(
            lambda: yard.services.images.get(ANN, made.id), lambda i: i.state in ("ready", "failed")
        )


def test_without_an_engine_a_build_fails_with_a_reason(no_engine):
    for made in (
        no_engine.services.images.build(ANN, NewImage(path="Dockerfile")),
        no_engine.services.images.pull(ANN, PulledImage("cows")),
    ):
        found = ended(no_engine, made)
        assert found.state == "failed" and "Docker cannot be reached" in str(found.reason)
        assert no_engine.services.images.log(ANN, made.id).done


def test_a_build_of_a_killed_dispatcher_starts_again(no_engine):
    made = no_engine.services.images.build(ANN, NewImage(path="Dockerfile"))
    with no_engine.store.write() as c:
        no_engine.store.images.move(c, made, "building")
    assert ended(no_engine, made).state == "failed"


def test_a_failed_image_is_deleted_with_or_without_an_engine(no_engine):
    made = ended(no_engine, no_engine.services.images.pull(ANN, PulledImage("cows")))
    folder = no_engine.store.folder / "builds" / made.id
    assert folder.is_dir()
    stray = no_engine.store.folder / "builds" / "gone"
    stray.mkdir()
    no_engine.services.images.delete(ANN, made.id)
    with Dispatching(no_engine.settings) as dispatcher:
        dispatcher.until(lambda: rows(no_engine), lambda left: not left)
    assert not folder.exists() and not stray.exists()


def test_an_image_that_a_run_uses_is_kept(bench):
    """So it is not removed when its name goes to another one; also by the short form of the id."""
    ids = [f"sha256:{letter * 64}" for letter in "abc"]
    bench.submit(image=ids[0])
    bench.submit(image="b" * 12)
    with bench.store.read() as c:
        assert [bench.store.images.is_needed(c, one) for one in ids] == [True, True, False]


def rows(yard: Yard) -> set[str]:
    with yard.store.read() as c:
        return yard.store.images.ids(c)


MODEL = """
name: cows
deployment: {mode: http}
src: .
interface: {model_module: model, model_class: Model}
input_schema: [{name: x, type: float}]
output_schema: [{name: y, type: float}]
"""


def test_an_unused_image_of_a_closed_form_is_deleted(no_engine):
    """The browser was killed. Another form is open, and one was submitted."""
    folder = no_engine.context.files.root / "cows"
    folder.mkdir()
    (folder / "model.yaml").write_text(MODEL)
    (folder / "model.py").write_text("class Model: pass\n")
    models, store = no_engine.services.models, no_engine.store
    left, opened, used = (models.build(ANN, NewModel("cows"), separate=True) for _ in range(3))
    no_engine.services.deployments.create(ANN, NewDeployment(used.reference))
    with store.write() as c:
        for one in (left, used):
            store.models.set_lease_end(c, one.id, datetime.now(UTC) - timedelta(seconds=1))

    def there() -> set[str]:
        return {one.id for one in models.list(ANN).items}

    with Dispatching(no_engine.settings) as dispatcher:
        assert dispatcher.until(there, lambda now: left.id not in now) == {opened.id, used.id}
    with store.read() as c:
        assert store.models.is_leased(c, opened.id) and not store.models.is_leased(c, used.id)
