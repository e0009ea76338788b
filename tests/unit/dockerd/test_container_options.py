"""What every container of nbyard has, whatever its request."""

import msgspec
import pytest

from nbyard.dockerd.container_options import (
    ContainerSpec,
    ContainerUsage,
    EngineInfo,
    Mount,
    host_options,
    read_usage,
    repository_and_tag,
    unix_seconds,
)

INFO = EngineInfo(8 * 2**30, 4, 0.0, frozenset({"local"}), False, False)


def options(**more):
    spec = ContainerSpec(name="n", image="i", argv=["x"], user="1000:100", labels={}, **more)
    return host_options(spec, INFO)


def test_containers_are_hardened_by_default():
    host = options()
    assert host["cap_drop"] == ["ALL"] and host["security_opt"] == ["no-new-privileges:true"]
    assert host["read_only"] and host["init"] and host["pids_limit"] > 0
    assert host["mem_limit"] == host["memswap_limit"] == INFO.memory_bytes
    assert host["nano_cpus"] == 4e9 and host["restart_policy"] == {"Name": "no"}
    assert set(host["tmpfs"]) == {"/tmp", "/home/nbyard"}
    assert "uid=1000,gid=100" in host["tmpfs"]["/home/nbyard"]
    assert host["log_config"]["Config"]["max-size"] == "128m"


def test_no_field_weakens_the_hardening():
    fields = set(ContainerSpec.__struct_fields__)
    assert not fields & {"privileged", "devices", "cap_add", "security_opt", "volumes", "pid_mode"}


def test_limits_include_swap_and_never_exceed_the_machine():
    host = options(memory_bytes=2**20, cpu=99.0)
    assert host["mem_limit"] == host["memswap_limit"] == 2**20
    assert host["nano_cpus"] == 4e9


def test_mounts_keep_their_rights():
    bound, volume = options(
        mounts=[Mount("/in", "/host/in", read_only=True), Mount("/v", "name", kind="volume")]
    )["mounts"]
    assert bound["ReadOnly"] is True and bound["Type"] == "bind"
    assert volume["Type"] == "volume" and volume["VolumeOptions"]["NoCopy"] is True


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("python:3.11-slim", ("python", "3.11-slim")),
        ("python", ("python", "latest")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "latest")),
        ("localhost:5000/a/b:1", ("localhost:5000/a/b", "1")),
        ("a/b@sha256:123", ("a/b@sha256:123", None)),
    ],
)
def test_names_of_images(name, parts):
    assert repository_and_tag(name) == parts


def test_times_of_the_engine():
    assert unix_seconds("1970-01-01T00:00:01.500000000Z") == 1.5
    assert unix_seconds("1970-01-01T01:00:00+01:00") == 0
    assert unix_seconds("0001-01-01T00:00:00Z") == unix_seconds("") == unix_seconds("soon") == 0


def test_podman_gets_no_owner_of_scratch_space():
    """Podman would refuse the option."""
    spec = ContainerSpec(name="n", image="i", argv=["x"], user="1000:100", labels={})
    podman = msgspec.structs.replace(INFO, is_podman=True)
    for told in host_options(spec, podman)["tmpfs"].values():
        assert "nosuid,nodev" in told and "uid=" not in told


def test_gpus_are_requested_by_id():
    (request,) = options(gpus=["GPU-b", "GPU-a"])["device_requests"]
    assert (request["DeviceIDs"], request["Count"]) == (["GPU-b", "GPU-a"], 0)
    assert options()["device_requests"] is None


def test_memory_use_excludes_the_file_cache():
    told = {
        "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
        "memory_stats": {"usage": 5000, "stats": {"inactive_file": 2000}},
        "pids_stats": {"current": 3},
    }
    assert read_usage(told) == ContainerUsage(1.5, 3000, 3)
    older = {**told, "memory_stats": {"usage": 5000, "stats": {"total_inactive_file": 1000}}}
    assert read_usage(older) == ContainerUsage(1.5, 4000, 3)
    ended = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}, "pids_stats": {}}
    assert read_usage(ended) is None and read_usage({}) is None
