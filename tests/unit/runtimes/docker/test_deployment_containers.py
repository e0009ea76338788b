"""The options of a deployment's container."""

import tarfile
from typing import Any

import msgspec
import pytest
from jupyter_core.paths import jupyter_config_dir, jupyter_config_path

from nbyard.dockerd import HOME
from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import NewDeployment, Port, ServiceKind
from nbyard.runtimes.docker.deployment_containers import ABOVE_HOME, Deployed, _home, container_spec

IMAGE = {
    "JUPYTER_CONFIG_DIR": "/opt/config",
    "JUPYTER_CONFIG_PATH": "/opt/path",
    "JUPYTER_NO_CONFIG": "1",
}
SECRET = "123456789"
PASSWORDS: dict[ServiceKind, str] = {"jupyterlab": SECRET, "code-server": SECRET, "own": ""}
USER = (1000, 1000)


def deployed(service: ServiceKind, **told: Any) -> Deployed:
    new = NewDeployment(
        "a:1", service, "lab", ports=[Port("ide", 8888)], password=PASSWORDS[service]
    )
    spec = msgspec.structs.replace(complete_request(new)[1], **told)
    return Deployed("s", "d", "lab", 1, spec, [], "/", "hash")


@pytest.mark.parametrize("told", [{}, {"environment": IMAGE}])
def test_jupyterlab_gets_its_password_in_any_image(told, monkeypatch):
    one = deployed("jupyterlab", **told)
    for name, value in (IMAGE | container_spec(one, USER, "n").environment).items():
        monkeypatch.setenv(name, value)
    with tarfile.open(fileobj=_home(one, USER)) as packed:
        files = {f"{ABOVE_HOME}/{name}" for name in packed.getnames()}
    assert f"{jupyter_config_dir()}/jupyter_server_config.json" in files
    assert not {"/opt/config", "/opt/path"} & set(jupyter_config_path())


def test_other_services_keep_their_variables():
    given = container_spec(deployed("own", environment=IMAGE), USER, "n").environment
    assert given.items() >= IMAGE.items()
    assert given["HOME"] == HOME


def test_a_secret_is_passed_as_a_file():
    """Inspecting the container does not show it."""
    one = msgspec.structs.replace(deployed("own"), secret="s3cret")
    spec = container_spec(one, USER, "n")
    with tarfile.open(fileobj=_home(one, USER)) as packed:
        path = spec.environment["NBYARD_SECRET_FILE"].removeprefix(f"{ABOVE_HOME}/")
        member = packed.getmember(path)
        text = packed.extractfile(member)
        assert text is not None and text.read() == b"s3cret"
        assert (member.mode, member.uid) == (0o600, USER[0])
    assert "s3cret" not in repr(spec)


def test_vs_code_gets_a_default_shell():
    """The shell of the user `nobody` does not work."""
    assert container_spec(deployed("code-server"), USER, "n").environment["SHELL"] == "/bin/bash"
    wish = deployed("code-server", environment={"SHELL": "/bin/sh"})
    assert container_spec(wish, USER, "n").environment["SHELL"] == "/bin/sh"
    assert "SHELL" not in container_spec(deployed("own"), USER, "n").environment


@pytest.mark.parametrize(
    ("service", "path", "variable"),
    [
        ("jupyterlab", ".jupyter/jupyter_server_config.json", "JUPYTER_CONFIG_DIR"),
        ("code-server", ".config/code-server/config.yaml", "SHELL"),
    ],
)
def test_an_ide_with_a_secret_keeps_its_password(service, path, variable):
    """The image may be that of a model."""
    one = msgspec.structs.replace(deployed(service), secret="s3cret")
    with tarfile.open(fileobj=_home(one, USER)) as packed:
        assert f"nbyard/{path}" in packed.getnames()
    assert {variable, "NBYARD_SECRET_FILE"} <= container_spec(one, USER, "n").environment.keys()
