"""A user watches a running container through a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.dockerd import STORE

from ..watching import STEP, Watching, watching

pytestmark = pytest.mark.leaves_running


@pytest.fixture
def work(tmp_path: Path, docker_engine, python_base_image) -> Iterator[Watching]:
    settings = {
        "docker_host": docker_engine.url,
        "docker_base_image": python_base_image,
        "docker_build_network": "none",
    }
    with watching(tmp_path, "/user/ann/", **settings) as made:
        yield made


@pytest.mark.sample(1)
@pytest.mark.timeout(200)
@pytest.mark.parametrize(("kind", "containers"), [("py", "fresh"), ("ipynb", "warm")])
def test_page_of_a_container_is_reachable_while_it_runs(work: Watching, kind, containers) -> None:
    """At its declared port. A container with ports is never kept warm."""
    wish = {"runtime": "docker", "containers": containers}
    run = work.start(kind, STEP, {"ports": {"web": 8123}}, **wish)
    work.watch_to_the_end(run)


@pytest.mark.long
def test_task_without_a_reachable_port_runs_with_a_warning(work: Watching, docker_engine) -> None:
    """The network of the containers accepts no connections."""
    work.dispatching.dispatcher.context.settings.container_network = "none"
    run = work.start("py", STEP, {"ports": {"web": 8123}}, runtime="docker")
    (link,) = work.dispatching.until(
        lambda: work.attempt(run)["links"], lambda found: found and found[0]["reason"]
    )
    assert link["reason"]["code"] == "network-closed" and not link["answers"]
    work.server.send("POST", f"/runs/{run}/cancel")
    assert work.until_over(run)["state"] == "cancelled"
    store = work.dispatching.dispatcher.context.store.id
    work.dispatching.until(lambda: docker_engine.owned_objects(STORE, store), lambda left: not left)
