"""The rules of a store with several users."""

import pytest

from nbyard.domain.users.isolation import OPEN, Isolation
from nbyard.errors import PolicyRefused
from nbyard.images.builds import owner_labels
from nbyard.reasons.structs import because

SHARED = Isolation(True, ("python:3.11-slim", "quay.io/jupyter/*", "own/base"), False, ("dora",))


@pytest.mark.parametrize(
    "image",
    [
        "python:3.11-slim",
        "docker.io/library/python:3.11-slim",
        "index.docker.io/python:3.11-slim",
        "quay.io/jupyter/scipy:1",
        "QUAY.io/jupyter/scipy:1",
        f"quay.io/jupyter/scipy@sha256:{'a' * 64}",
        "own/base",
        "own/base:latest",
    ],
)
def test_an_image_is_allowed_by_every_name_of_its_pattern(image):
    assert SHARED.is_listed(image)


@pytest.mark.parametrize(
    "image",
    [
        "python:3.12",
        "evil/quay.io/jupyter/x:1",
        "own/base:2",
        "quay.io/jupyter",
        "own/python:3.11-slim",
    ],
)
def test_other_images_are_not_allowed(image):
    assert not SHARED.is_listed(image)
    assert OPEN.is_listed(image)


@pytest.mark.parametrize(
    "image",
    [
        "nbyard/env:1",
        "docker.io/nbyard/own-1:2",
        "index.docker.io/nbyard/own-1:2",
        "localhost/nbyard/env:1",
        f"sha256:{'a' * 64}",
        "a" * 64,
        "deadbeef",
        "deadbeef:latest",
    ],
)
def test_no_pattern_includes_images_that_were_built_for_somebody(image):
    """Docker accepts the beginning of an ID as a name, too."""
    assert not Isolation(True, ("*",)).is_listed(image)


def test_code_runs_only_in_containers_and_on_the_cluster_of_chosen_users():
    for runtime, may in (("docker", False), ("dask", True)):
        SHARED.check_runtime(runtime, "a", may_use_dask=may)
    for runtime, may, code in (
        ("process", True, "runtime-off"),
        ("strange", True, "runtime-off"),
        ("dask", False, "dask-off"),
    ):
        with pytest.raises(PolicyRefused) as refused:
            SHARED.check_runtime(runtime, "a", may_use_dask=may)
        assert refused.value.reason.code == code
        assert refused.value.hint_reason == because("use-containers")
        OPEN.check_runtime(runtime, "a", may_use_dask=may)


def test_dockerfiles_need_a_permission():
    with pytest.raises(PolicyRefused):
        SHARED.check_dockerfile("Dockerfile")
    Isolation(True, allows_dockerfiles=True).check_dockerfile("Dockerfile")
    OPEN.check_dockerfile("Dockerfile")


def test_owners_of_a_shared_store_have_different_labels():
    assert owner_labels(SHARED.owner_key("ann")) != owner_labels(SHARED.owner_key("bob"))
    assert owner_labels(OPEN.owner_key("ann")) == {}


def test_no_name_of_one_owner_means_an_image_of_another():
    names = {SHARED.engine_name(owner, "quay.io/jupyter/x:1") for owner in ("ann", "bob")}
    assert len(names) == 2 and not any(map(SHARED.is_listed, names))
    assert OPEN.engine_name("ann", "cows:1") == "cows:1"
