"""The suite that every runtime must pass, on containers, with both ways of staging."""

from collections.abc import Iterator

import pytest

from nbyard.dockerd import Engine
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.testing.conformance.runtimes import RuntimeConformance


class Containers(RuntimeConformance):
    """The conformance suite on containers."""

    staging: str

    @pytest.fixture
    def runtime(self, docker_engine: Engine, tiny_image: str) -> Iterator[DockerRuntime]:
        made = DockerRuntime(
            docker_host=docker_engine.url, base_image=tiny_image, staging=self.staging
        )
        yield made
        made.close()

    def lose(self, runtime: Runtime, order: Order) -> None:
        assert isinstance(runtime, DockerRuntime)
        runtime.engine.remove(f"nby-{order.attempt_id}")


@pytest.mark.long  # test_commands.py shows what is special with mounted folders
class TestDockerRuntime(Containers):
    staging = "bind"


class TestDockerRuntimeThatDoesNotSeeOurFiles(Containers):
    """An engine without access to nbyard's files."""

    staging = "volume"
