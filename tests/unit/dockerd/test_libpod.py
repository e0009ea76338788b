"""A container in Podman's own words is as hard as one in Docker's (I26, R11)."""

from nbyard.dockerd.libpod import specification
from nbyard.dockerd.specs import ContainerSpec, EngineInfo, Mount, host_options

INFO = EngineInfo(8 * 2**30, 4, 0.0, frozenset(), False, False, is_podman=True)
MOUNTS = [Mount("/in", "/data", read_only=True), Mount("/nbyard", "vol", kind="volume")]
SPEC = ContainerSpec(
    name="n", image="i", argv=["x"], user="1000:100", labels={}, mounts=MOUNTS, gpus=["1", "GPU-2"]
)


def test_gpus_are_cdi_devices() -> None:
    told = specification(SPEC, INFO)
    assert told["devices"] == [{"path": "nvidia.com/gpu=1"}, {"path": "nvidia.com/gpu=GPU-2"}]


def test_the_hardening_is_the_same() -> None:
    told, host = specification(SPEC, INFO), host_options(SPEC, INFO)
    limits = told["resource_limits"]
    assert told["cap_drop"] == ["all"] and told["no_new_privileges"]
    assert told["read_only_filesystem"] and told["init"]
    assert limits["pids"]["limit"] == host["pids_limit"]
    assert limits["memory"] == {"limit": host["mem_limit"], "swap": host["memswap_limit"]}
    assert limits["cpu"]["quota"] / limits["cpu"]["period"] == host["nano_cpus"] / 1e9
    assert told["shm_size"] == host["shm_size"]
    assert (told["netns"], told["Networks"]) == ({"nsmode": "none"}, {})


def test_mounts_and_scratch_folders() -> None:
    told = specification(SPEC, INFO)
    data, *scratch = told["mounts"]
    assert (data["destination"], data["source"]) == ("/in", "/data") and "ro" in data["options"]
    assert {one["destination"] for one in scratch} == {"/tmp", "/home/nbyard"}
    assert {one["type"] for one in scratch} == {"tmpfs"}
    assert told["volumes"] == [{"Options": ["rw"], "Name": "vol", "Dest": "/nbyard"}]
