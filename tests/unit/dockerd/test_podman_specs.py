"""A container in Podman's own words is as hard as one in Docker's."""

from typing import Any

import msgspec
import pytest

from nbyard.dockerd.container_options import ContainerSpec, EngineInfo, Mount, host_options
from nbyard.dockerd.engine import podman_specification

INFO = EngineInfo(8 * 2**30, 4, 0.0, frozenset(), False, False, is_podman=True)
MOUNTS = [Mount("/in", "/data", read_only=True), Mount("/nbyard", "vol", kind="volume")]
SPEC = ContainerSpec(
    name="n", image="i", argv=["x"], user="1000:100", labels={}, mounts=MOUNTS, gpus=["1", "GPU-2"]
)
OTHERS: dict[str, Any] = {
    "name": "other",
    "image": "other",
    "argv": ["other"],
    "user": "1000:101",
    "labels": {"other": "1"},
    "environment": {"OTHER": "1"},
    "directory": "/other",
    "mounts": [],
    "network": "other",
    "memory_bytes": 2**28,
    "cpu": 0.5,
    "gpus": [],
    "takes_stdin": True,
    "log_bytes": 2**20,
    "ports": [8888],
    "keeps_home": True,
}


@pytest.mark.parametrize("field", ContainerSpec.__struct_fields__)
def test_no_field_is_left_out(field):
    """Each difference between two containers is also one in the request to Podman."""
    other = msgspec.structs.replace(SPEC, **{field: OTHERS[field]})
    assert podman_specification(other, INFO) != podman_specification(SPEC, INFO)


def test_gpus_are_cdi_devices() -> None:
    told = podman_specification(SPEC, INFO)
    assert told["devices"] == [{"path": "nvidia.com/gpu=1"}, {"path": "nvidia.com/gpu=GPU-2"}]


def test_the_hardening_is_the_same() -> None:
    told, host = podman_specification(SPEC, INFO), host_options(SPEC, INFO)
    limits = told["resource_limits"]
    assert told["cap_drop"] == ["all"] and told["no_new_privileges"]
    assert told["read_only_filesystem"] and told["init"]
    assert limits["pids"]["limit"] == host["pids_limit"]
    assert limits["memory"] == {"limit": host["mem_limit"], "swap": host["memswap_limit"]}
    assert limits["cpu"]["quota"] / limits["cpu"]["period"] == host["nano_cpus"] / 1e9
    assert told["shm_size"] == host["shm_size"]
    assert (told["netns"], told["Networks"]) == ({"nsmode": "none"}, {})
    log = host["log_config"]
    assert told["log_configuration"]["driver"] == log["Type"]
    assert f"{told['log_configuration']['size'] >> 20}m" == log["Config"]["max-size"]


def test_ports_are_published_on_its_own_machine_only() -> None:
    spec = msgspec.structs.replace(SPEC, ports=[8888, 6006])
    told, host = podman_specification(spec, INFO)["portmappings"], host_options(spec, INFO)
    assert {one["container_port"]: (one["host_ip"],) for one in told} == host["port_bindings"]
    assert all("host_port" not in one for one in told)  # Podman chooses it


def test_the_program_of_the_image_is_started_where_none_is_named() -> None:
    assert podman_specification(msgspec.structs.replace(SPEC, argv=[]), INFO)["entrypoint"] is None


@pytest.mark.parametrize("keeps_home", [False, True])
def test_mounts_and_scratch_folders(keeps_home):
    spec = msgspec.structs.replace(SPEC, keeps_home=keeps_home)
    told = podman_specification(spec, INFO)
    data, *scratch = told["mounts"]
    assert (data["destination"], data["source"]) == ("/in", "/data") and "ro" in data["options"]
    assert {one["destination"] for one in scratch} == set(host_options(spec, INFO)["tmpfs"])
    assert ("/home/nbyard" in {one["destination"] for one in scratch}) != keeps_home
    assert {one["type"] for one in scratch} == {"tmpfs"}
    assert told["volumes"] == [{"Options": ["rw", "nocopy"], "Name": "vol", "Dest": "/nbyard"}]
