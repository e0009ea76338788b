"""A deployment of the AI4OS dashboard has the same values here."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.deployments.ai4os import (
    ignored_fields,
    to_own_fields,
    with_request_field_names,
)
from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.errors import Invalid

FORM: dict[str, Any] = {
    "general": {
        "title": "Plants",
        "desc": "Which plant it is",
        "docker_image": "ai4oshub/plants",
        "docker_tag": "cpu",
        "service": "deepaas",
        "jupyter_password": "",
        "hostname": "plants",
    },
    "hardware": {"cpu_num": 4, "gpu_num": 0, "gpu_type": "", "ram": 8192, "disk": 10240},
    "storage": {
        "rclone_conf": "/srv/.rclone/rclone.conf",
        "rclone_url": "",
        "rclone_vendor": "nextcloud",
        "rclone_user": "",
        "rclone_password": "",
        "datasets": [],
    },
}


def read(**changes: dict[str, Any]) -> NewDeployment:
    told = {name: {**fields, **changes.get(name, {})} for name, fields in FORM.items()}
    return msgspec.convert(told, NewDeployment)


def test_the_form_becomes_a_deployment() -> None:
    found = to_own_fields(read())
    assert found == NewDeployment(
        image="ai4oshub/plants:cpu",
        name="plants",
        title="Plants",
        description="Which plant it is",
        cpu=4,
        gpu=0,
        memory_gb=8,
        disk_gb=10,
    )
    name, spec = complete_request(found)
    assert (name, spec.service, spec.memory_gb) == ("plants", "api", 8)


@pytest.mark.parametrize(
    ("ram", "memory_gb"), [(2000, 2), (2048, 2), (128_000, 128), (131_072, 128), (2500, 2.5)]
)
def test_round_numbers_of_the_dashboard_are_whole_gigabytes(ram: int, memory_gb: float) -> None:
    found = to_own_fields(read(hardware={"ram": ram, "disk": ram}))
    assert (found.memory_gb, found.disk_gb) == (memory_gb, memory_gb)


def test_the_storage_of_the_dashboard_without_a_login_is_ignored() -> None:
    url = "https://share.example/remote.php/webdav/"
    asked = read(storage={"rclone_url": url})
    assert to_own_fields(asked) == to_own_fields(read())
    assert [warning.params["path"] for warning in ignored_fields(asked)] == ["storage.rclone_url"]
    assert [*ignored_fields(read())] == []


def test_a_partial_form_is_enough() -> None:
    body = {"image": "cows:1", "hardware": {"cpu_num": 2}}
    assert to_own_fields(msgspec.convert(body, NewDeployment)) == NewDeployment(
        image="cows:1", cpu=2
    )
    own = NewDeployment(image="cows:1")
    assert to_own_fields(own) is own


@pytest.mark.parametrize(
    ("service", "kind"), [("jupyter", "jupyterlab"), ("vscode", "code-server")]
)
def test_services_have_their_names_here(service: str, kind: str) -> None:
    found = to_own_fields(read(general={"service": service, "jupyter_password": "123456789"}))
    assert (found.service, found.password) == (kind, "123456789")


@pytest.mark.parametrize(
    ("part", "field", "value", "words"),
    [
        ("hardware", "gpu_type", "Tesla T4", "hardware.gpu_type: GPUs cannot be chosen by type"),
        ("storage", "rclone_user", "ann", "storage.rclone_user: storage cannot be mounted"),
        ("storage", "rclone_password", "x", "storage.rclone_password: storage cannot be mounted"),
        ("storage", "datasets", [{"doi": "1"}], "storage.datasets: storage cannot be mounted here"),
    ],
)
def test_unsupported_fields_are_named(part: str, field: str, value: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        to_own_fields(read(**{part: {field: value}}))


def test_a_repeated_field_is_refused() -> None:
    body = msgspec.structs.replace(read(), title="Other")
    with pytest.raises(Invalid, match=r"title: .* general\.title"):
        to_own_fields(body)


@pytest.mark.parametrize(
    ("part", "field", "value", "place"),
    [
        ("hardware", "cpu_num", 11, "hardware.cpu_num"),
        ("hardware", "ram", 100, "hardware.ram"),
        ("general", "hostname", "No Host", "general.hostname"),
    ],
)
def test_errors_name_fields_as_written(part: str, field: str, value: Any, place: str) -> None:
    body = read(**{part: {field: value}})
    with pytest.raises(Invalid) as caught, with_request_field_names(body):
        complete_request(to_own_fields(body))
    assert caught.value.details[0].path == place
    assert caught.value.message.startswith(f"{place}: ")
