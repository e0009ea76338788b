"""Rows of packages of models."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from nbyard.domain.models.structs import ModelColumn, ModelFile, ModelFilter, RunOutput
from nbyard.domain.projects.members import EVERYONE, NewMember
from nbyard.domain.users.isolation import Isolation
from nbyard.errors import PolicyRefused
from nbyard.store.models import packages_of_images
from nbyard.store.schema.deployment_tables import models

MODEL = ModelFile(
    "Churn", "http", "src", "model", "M", [ModelColumn("x", "float")], [ModelColumn("y", "int")]
)


def add(store, key: str, owner: str = "ada", ready: bool = True, **columns) -> None:
    """A package whose image came so far."""
    row = {"name": "Churn", "tag": "", "mode": "http", "platform_tag": "", "path": "m/model.yaml"}
    row |= {"repository": "nbyard/model-churn", "bundle_digest": f"sha256:{key}", **columns}
    with store.write() as c:
        number = store.models.next_number(c, row["repository"])
        reference = f"{row['repository']}:{row['tag'] or number}"
        store.images.insert(c, owner, f"i{key}", reference=reference, origin="build", path="p")
        row |= {"id": key, "owner": owner, "number": number, "image": f"i{key}"}
        store.models.insert(c, row | {"model": msgspec.to_builtins(MODEL)})
        image = store.images.get(c, owner, f"i{key}")
        if ready:
            store.images.move(c, image, "building")
            store.images.move(c, image, "ready", image_id=f"sha256:{key * 12}")


@pytest.mark.parametrize(
    ("key", "package"),
    [
        ("My Iris Model", "2"),
        ("my iris model", "2"),
        ("my-iris-model", "2"),
        ("my_iris_model", "2"),
        ("model-my-iris-model", "2"),
        ("nbyard/model-my-iris-model", "2"),
        ("my-iris-model:v1", "1"),
        ("MY IRIS MODEL:2", "2"),
        ("nbyard/model-my-iris-model:2", "2"),
        ("my-iris-model:v9", None),
        ("my/iris-model", None),
        ("ghcr.io/my-iris-model", None),
        ("iris", None),
        ("wine-model", None),  # two have this name in images
        ("Wine Model", "4"),
        ("wine model", None),
        ("WINE_MODEL", "3"),
        ("", None),
        (":", None),
    ],
)
def test_a_model_is_found_by_near_names(store, key, package):
    """By names as in its image, if only one model matches."""
    add(store, "1", name="My Iris Model", tag="v1", repository="nbyard/model-my-iris-model")
    add(store, "2", name="My Iris Model", repository="nbyard/model-my-iris-model")
    for number, name in enumerate(("Wine_Model", "Wine Model", "WINE MODEL"), 3):
        add(store, f"{number}", name=name, repository="nbyard/model-wine-model")
    with store.read() as c:
        found = store.models.find(c, "ada", key)
        assert store.models.find(c, "bob", key) is None
    assert (found and found.id) == package


NOW = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE = RunOutput("r", 12, "penguins", "t", "train", "model", "model.joblib", "sha256:9")


def test_an_image_leads_to_its_package_and_that_to_its_run(store):
    """By the image's ID, or by its name if no ID is known."""
    name, first, second = "nbyard/model-churn:v1", "sha256:" + "1" * 12, "sha256:" + "2" * 12
    add(store, "1", tag="v1", source=msgspec.to_builtins(SOURCE))
    with store.read() as c:
        told = packages_of_images(
            c, "ada", [(name, first), (name, ""), (name, second), ("cows:1", "")]
        )
        assert packages_of_images(c, "bob", [(name, first)]) == {}
    assert told[name, first] == told[name, ""]
    assert (told[name, first].id, told[name, first].source) == ("1", SOURCE)
    assert set(told) == {(name, first), (name, "")}, "of another image nothing is told"
    assert found(store, "1").source == SOURCE
    add(store, "2")
    assert found(store, "2").source is None


def test_the_newest_package_of_bytes_is_found(store):
    source, newer = msgspec.to_builtins(SOURCE), msgspec.structs.replace(MODEL, name="Newer")
    add(store, "1", source=source)
    add(store, "2", source=source)
    add(store, "3")
    with store.write() as c:
        c.execute(update(models).where(models.c.id == "2").values(model=msgspec.to_builtins(newer)))
        assert store.models.of_outputs(c, "ada", ["sha256:9", "sha256:8"]) == {"sha256:9": newer}
        assert store.models.of_outputs(c, "bob", ["sha256:9"]) == {}


def keys(store, owner: str = "ada", **wanted) -> list[str]:
    with store.read() as c:
        return [one.id for one in store.models.page(c, owner, 9, "", ModelFilter(**wanted))]


def found(store, key: str, owner: str = "ada"):
    with store.read() as c:
        return store.models.get(c, owner, key)


def test_a_model_has_its_schema_and_image_state(store):
    add(store, "1")
    one = found(store, "1")
    assert (one.model, one.state, one.number) == (MODEL, "ready", 1)
    assert (one.reference, one.image_id) == ("nbyard/model-churn:1", "sha256:" + "1" * 12)
    with store.read() as c:
        assert store.models.of_image(c, "i1") == one
        assert store.models.of_image(c, "i2") is None
        assert "sha256:1" in store.digests(c)


@pytest.mark.parametrize(
    "key", ["2", "i2", "nbyard/model-churn:v2", "sha256:222222222222", "Churn", "Churn:v2"]
)
def test_a_model_is_found_by_many_names_newest_first(store, key):
    add(store, "1")
    add(store, "2", tag="v2")
    assert found(store, key).id == "2"
    assert found(store, key, "bob") is None


def test_filters_match_parts_and_are_combined(store):
    add(store, "1", tag="v1")
    add(store, "2", tag="v2", mode="batch")
    add(store, "3", owner="bob")
    assert keys(store) == ["2", "1"]
    assert keys(store, name="hur") == ["2", "1"]
    assert keys(store, name="hur", mode="bat") == ["2"]
    assert keys(store, tag="1", mode="bat") == []
    assert keys(store, tag="%") == []
    assert keys(store, id="2222") == ["2"]


@pytest.mark.parametrize(
    ("name", "keys_found"),
    [
        *((one, ["2"]) for one in ("My Iris Model", "my iris", "my-iris-model", "iris_model")),
        *((one, ["2"]) for one in ("model-my-iris-model", "nbyard/model-my-iris-model")),
        *((one, ["2"]) for one in ("model-my-iris-model:v2", "nbyard/model-my-iris-model:v2")),
        *((one, []) for one in ("my-iris-model:v1", "nbyard", "your-iris-model", "%")),
        ("model", ["2"]),
    ],
)
def test_filters_match_model_and_image_names(store, name: str, keys_found: list[str]) -> None:
    add(store, "1")
    add(store, "2", name="My Iris Model", tag="v2", repository="nbyard/model-my-iris-model")
    assert keys(store, name=name) == keys_found


def test_a_model_is_deleted_with_its_image(store):
    add(store, "1")
    with store.write() as c:
        store.images.remove(c, store.images.get(c, "ada", "i1"))
    assert keys(store) == []
    with store.write() as c:
        store.images.delete(c, "i1")
    with store.read() as c:
        assert store.models.digests(c) == set()


def test_build_numbers_count_all_owners(store):
    add(store, "1")
    add(store, "2", owner="bob")
    with store.read() as c:
        assert store.models.next_number(c, "nbyard/model-churn") == 3
        assert store.models.next_number(c, "nbyard/model-other") == 1


def test_a_lease_expires_unless_the_model_is_deleted(store):
    """The lease protects what a form built."""
    for key in "12":
        add(store, key, kept_until=NOW)
    add(store, "3")

    def lapsed(seconds: int) -> list[str]:
        with store.read() as c:
            return [
                one.id
                for one in store.models.with_expired_lease(c, NOW + timedelta(seconds=seconds))
            ]

    assert (lapsed(-1), sorted(lapsed(1))) == ([], ["1", "2"])
    with store.write() as c:
        assert store.models.is_leased(c) and store.has_work(c)
        assert [store.models.is_leased(c, key) for key in "123"] == [True, True, False]
        store.models.set_lease_end(c, "1", NOW + timedelta(seconds=5))
    assert lapsed(1) == ["2"]
    with store.write() as c:
        store.images.remove(c, store.images.get(c, "ada", "i2"))
        store.models.set_lease_end(c, "1", None)
        assert not store.models.is_leased(c) and not store.has_work(c)
    assert lapsed(9) == []


def test_the_image_of_a_seen_model_is_used_by_its_id(store):
    """Neither its name, nor the ID of an image without such a model, gives it to others."""
    for key in ("1", "2"):
        add(store, key)
    rules, image, other = Isolation(True), "sha256:" + "1" * 12, "sha256:" + "2" * 12

    def used(owner, name):
        try:
            with store.read() as c:
                return store.images.usable(c, rules, owner, name)
        except PolicyRefused:
            return None

    assert used("bob", image) is None
    with store.write() as c:
        store.grants.grant(c, "model", "1", NewMember("bob"))
    assert used("bob", image) == image
    assert [used("bob", name) for name in (other, "nbyard/model-churn:1", "i1", "1")] == [None] * 4
    assert used("eve", image) is None and used("ada", "nbyard/model-churn:1") == image
    with store.write() as c:
        served = packages_of_images(c, "bob", [(image, ""), (other, "")])
        assert [model.id for model in served.values()] == ["1"]
        store.grants.grant(c, "model", "2", NewMember(EVERYONE))
        assert store.grants.revoke(c, "model", "1", "bob", group=False)
    assert [used("bob", name) for name in (image, other)] == [None, other]
