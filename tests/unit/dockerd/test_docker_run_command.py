"""The command that reproduces a failure has the options of the container.

On a real engine: tests/integration/docker/test_deployments.py.
"""

import itertools
import shlex

from nbyard.dockerd import HOME, ContainerSpec, EngineInfo, Mount, docker_run
from nbyard.dockerd.container_options import host_options

INFO = EngineInfo(2**34, 4, 0.0, frozenset(), is_rootless=False, remaps_users=False)
SPEC = ContainerSpec(
    *("n", "cows:1", ["serve", "a b"], "1000:1000", {"l": "1"}),
    environment={"A": "$B"},
    directory=HOME,
    mounts=[Mount("/home", "v", kind="volume"), Mount("/in", "/data", read_only=True)],
    memory_bytes=2**31,
    cpu=8,
    gpus=["GPU-1", "GPU-2"],
    ports=[5000],
    keeps_home=True,
)
# what is said of each option of the engine; of the others nothing depends on them
TOLD = {
    "mounts": "--mount",
    "cap_drop": "--cap-drop",
    "security_opt": "--security-opt",
    "read_only": "--read-only",
    "tmpfs": "--tmpfs",
    "pids_limit": "--pids-limit",
    "mem_limit": "--memory",
    "memswap_limit": "--memory-swap",
    "nano_cpus": "--cpus",
    "init": "--init",
    "ulimits": "--ulimit",
    "shm_size": "--shm-size",
    "ipc_mode": "--ipc",
    "network_mode": "--network",
    "device_requests": "--gpus",
    "port_bindings": "--publish",
}


def test_every_option_of_a_container_is_in_the_command():
    assert host_options(SPEC, INFO).keys() - TOLD.keys() == {"restart_policy", "log_config"}
    words = shlex.split(docker_run(SPEC, INFO, "tcp://there:2376"))
    assert set(TOLD.values()) | {"--user", "--env", "--workdir", "--no-healthcheck"} <= set(words)
    assert words[:4] == ["docker", "--host", "tcp://there:2376", "run"]
    assert words[-4:] == ["--entrypoint", "serve", "cows:1", "a b"]
    said = dict(itertools.pairwise(words))
    assert (said["--memory"], said["--memory-swap"]) == (str(2**31), str(2**31))
    assert (said["--cpus"], said["--env"], said["--publish"]) == ("4", "A=$B", "127.0.0.1::5000")
    assert said["--gpus"] == '"device=GPU-1,GPU-2"'
    assert words.count("--tmpfs") == 1 and said["--tmpfs"].startswith("/tmp:rw,exec,nosuid,nodev")
    assert "type=volume,source=v,target=/home,volume-nocopy" in words
    assert "type=bind,source=/data,target=/in,readonly" in words


def test_unused_options_are_omitted():
    plain = docker_run(ContainerSpec("n", "cows:1", [], "1:1", {}, network="bridge"), INFO)
    assert plain.split()[:5] == ["docker", "run", "--rm", "--user", "1:1"]
    assert plain.endswith(" cows:1")
    missing = ("--gpus", "--entrypoint", "--publish", "--env", "--mount", "--network")
    assert not set(missing) & set(shlex.split(plain))
