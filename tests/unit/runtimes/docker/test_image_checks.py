"""What a container sees, against what was granted."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nbyard.dockerd import Container, ContainerSpec
from nbyard.dockerd.engine_messages import refusal_error
from nbyard.errors import NbyardError, Unavailable
from nbyard.runtimes.docker import image_checks
from nbyard.runtimes.protocol import Order

ONE = "GPU 0: Tesla (UUID: GPU-aa)\n"
TWO = ONE + "GPU 1: Tesla (UUID: GPU-bb)\n"
PARTS = ONE + "  MIG 1g.5gb     Device  0: (UUID: MIG-cc)\n"


class FakeEngine:
    """Answers by the first word of what is asked; None: there is no such program."""

    def __init__(self, answers: Mapping[str, str | Exception | None]):
        self.answers = answers
        self.specs: list[ContainerSpec] = []

    def create(self, spec: ContainerSpec) -> None:
        self.specs.append(spec)

    def _answer(self) -> str | None:
        found = self.answers.get(self.specs[-1].argv[0])
        if isinstance(found, Exception):
            raise found
        return found

    def start(self, name: str) -> None:
        self._answer()

    def container(self, name: str) -> Container:
        code = 127 if self._answer() is None else 0
        return Container("id", "exited", code, False, 0.0, 0.0, {})

    def log(self, name: str) -> Iterator[tuple[bool, bytes]]:
        yield True, (self._answer() or "").encode()

    def remove(self, name: str) -> None:
        """Nothing is kept."""


def check(granted: list[str], **answers: str | Exception | None) -> FakeEngine:
    engine = FakeEngine({name.replace("_", "-"): said for name, said in answers.items()})
    order = Order("a1", "s", "r", "n", Path("/a1"), "m", gpus=granted)
    image_checks.verify_gpus(engine, order, "image")  # type: ignore[arg-type]
    return engine


@pytest.mark.parametrize(
    ("granted", "said"),
    [(["GPU-aa"], ONE), (["GPU-bb", "GPU-aa"], TWO), (["0", "3"], TWO), (["MIG-cc"], PARTS)],
)
def test_granted_gpus_are_confirmed(granted, said):
    (spec,) = check(granted, nvidia_smi=said).specs
    assert spec.gpus == granted and spec.network == "none"
    assert spec.environment["NVIDIA_VISIBLE_DEVICES"] == ",".join(granted)
    assert spec.labels["nbyard.gpus"] == ",".join(granted)


def test_without_a_program_device_files_are_counted():
    assert len(check(["0"], ls="null\nnvidia3\nnvidiactl\nnvidia-uvm\n").specs) == 2


def test_without_granted_gpus_nothing_is_checked():
    assert check([]).specs == []


@pytest.mark.parametrize(
    ("granted", "answers", "words"),
    [
        (["0"], {"ls": "null\nnvidiactl\n"}, "a container sees no GPU"),
        (["0"], {"nvidia_smi": "No devices were found\n"}, "a container sees no GPU"),
        (["0"], {"nvidia_smi": TWO}, "a container sees 2 GPUs instead of 1"),
        (["GPU-bb"], {"nvidia_smi": ONE}, "a container sees GPU-aa instead"),
        (["0"], {}, "the image has neither nvidia-smi nor ls"),
        (
            ["0"],
            {"nvidia_smi": refusal_error(500, "x: could not select device driver y")},
            "no support",
        ),
        (
            ["9"],
            {"nvidia_smi": refusal_error(500, "nvidia-container-cli: device error: 9")},
            "error: 9",
        ),
    ],
)
def test_other_gpus_are_reported(granted, answers, words):
    with pytest.raises(NbyardError) as caught:
        check(granted, **answers)
    assert caught.value.message.startswith("the engine did not")
    assert words in caught.value.message and f"(granted: {granted[0]})" in caught.value.message


def test_an_unreachable_engine_is_awaited():
    with pytest.raises(Unavailable):
        check(["0"], nvidia_smi=Unavailable("gone"))
    refused = refusal_error(500, "exec: nvidia-smi: executable file not found")
    assert check(["0"], nvidia_smi=refused, ls="nvidia0\n")
