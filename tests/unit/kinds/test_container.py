"""Dockerfiles as executables."""

import pytest

from nbyard.domain.arguments.bindings import Option
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import CommandWork
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.container import DockerfileKind
from nbyard.kinds.protocol import Reading, kind_of

HERE = EnvironmentRef()


@pytest.mark.parametrize("name", ["Dockerfile", "train.Dockerfile", "Containerfile"])
def test_a_dockerfile_is_known_by_its_name(name):
    assert kind_of(name, b"FROM x").name == "container"


def test_a_dockerfile_runs_the_program_of_its_image():
    reading = DockerfileKind().read("Dockerfile", b"FROM x\n")
    assert (reading.command, reading.arguments, reading.hints) == (["{image}"], [], [])
    told = [Argument("n", type="int", reach=Option("--n"))]
    work = DockerfileKind().work(
        "a/Dockerfile", Reading("container", "", "", told, command=["{image}"]), {"n": 3}, HERE
    )
    assert work == CommandWork(["{image}", "--n", "3"], dockerfile="code/a/Dockerfile")


@pytest.mark.parametrize("line", ["ENTRYPOINT sh x", "CMD sh x"])
def test_a_program_behind_a_shell_is_reported(line):
    text = f"FROM a\nENTRYPOINT x\nFROM b\n{line}\n"
    (hint,) = DockerfileKind().read("Dockerfile", text.encode()).hints
    assert str(hint).startswith("line 4: ")
    quiet = DockerfileKind().read("Dockerfile", b'FROM a\nCMD x\nENTRYPOINT ["y"]\n')
    assert quiet.hints == []


def test_a_file_without_an_image_is_no_dockerfile():
    with pytest.raises(Invalid, match="no FROM instruction"):
        DockerfileKind().read("Dockerfile", b"RUN x\n")
