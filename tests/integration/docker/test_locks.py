"""The packages that are installed in images."""

import msgspec
import pytest

from nbyard.dockerd import ContainerSpec, Engine
from nbyard.domain.attempts.structs import IMAGE, Image
from nbyard.runtimes.protocol import Order

from .bench import Bench


def image_of(order: Order) -> Image:
    return msgspec.json.decode((order.folder / IMAGE).read_bytes(), type=Image)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the created containers."""
    names = []
    create = Engine.create

    def noted(engine: Engine, spec: ContainerSpec) -> str:
        names.append(spec.name)
        return create(engine, spec)

    monkeypatch.setattr(Engine, "create", noted)
    return names


def test_packages_of_an_image_are_read_once(
    bench: Bench, python_base_image: str, made: list[str]
) -> None:
    bench.image = python_base_image
    runtime, orders = bench.runtime(), []
    for _ in range(2):
        orders.append(bench.shell("python3 -c 'import sys; print(sys.version)'"))
        assert bench.run(orders[-1], runtime).state == "succeeded"
    first, second = (image_of(order).lock for order in orders)
    assert first is not None and first == second
    assert sum(name.endswith("-list") for name in made) == 1
    assert first.implementation == "cpython"
    assert first.build.split()[0] == first.python
    assert any(package.record.startswith("sha256:") for package in first.packages)
    assert not [one for one in bench.left() if "-list" in one]


@pytest.mark.sample(1)
@pytest.mark.parametrize("answer", ["", "exit 1", "echo '{}'", "cat /dev/zero"])
def test_image_without_a_working_python_has_no_lock(
    bench: Bench, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work runs anyway."""
    from nbyard.runtimes.docker import image_checks

    monkeypatch.setattr(image_checks, "LOCK_SECONDS", 2.0)
    monkeypatch.setattr(image_checks, "MAX_BYTES", 100_000)
    if answer:
        monkeypatch.setattr(image_checks, "LIST_COMMAND", ["sh", "-c", answer])
    order = bench.shell("echo done")
    assert bench.run(order).state == "succeeded"
    assert image_of(order).lock is None
    assert not [one for one in bench.left() if "-list" in one]
