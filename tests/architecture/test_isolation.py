"""Whoever starts or loads code is on the page Security; only dockerd talks to the engine."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as types

from nbyard.dockerd.container_options import ContainerSpec
from nbyard.services.operation_table import table

from .sources import PACKAGE, nodes
from .test_inputs import _structs

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "security.md"
BEGINS, ENDS = "### Where nbyard starts or loads code", "## What is not done"
STARTS = re.compile(
    r"subprocess\.(Popen|run|call|check_\w+)|os\.(fork|system|popen|exec\w+|spawn\w+|posix_spawn\w*)"
    r"|exec|eval|compile|__import__|(importlib\.)?import_module|(\w+\.)*spec_from_file_location"
    r"|(pickle|joblib|torch|dill|cloudpickle|marshal)\.loads?|runpy\.\w+|.*entry_point.*\.load"
    r"|.*\.load_one|asyncio\.create_subprocess_\w+"
)
# What a create request of the engine has, and no request of a user may have.
RAW = {
    *("mounts", "volumes", "binds", "privileged", "cap_add", "devices", "security_opt", "user"),
    *("host_config", "network_mode", "networks", "pid_mode", "ipc_mode", "userns_mode"),
    *("ulimits", "sysctls", "group_add", "cgroup_parent", "tmpfs"),
}  # fmt: skip
MAKES_CONTAINERS = {
    "runtimes/docker/attempt_container_spec.py",
    "runtimes/docker/deployment_containers.py",
    "runtimes/docker/image_checks.py",
}
SOCKET = re.compile(r"docker\.sock|podman\.sock")


def test_the_page_security_lists_each_place_that_starts_or_loads_code():
    text = PAGE.read_text().partition(BEGINS)[2].partition(ENDS)[0]
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    patterns = [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]
    found = {
        str(module.relative_to(PACKAGE))
        for module in PACKAGE.rglob("*.py")
        for node in nodes(module)
        if isinstance(node, ast.Call) and STARTS.fullmatch(ast.unparse(node.func))
    }
    places = {name: [one for one in patterns if fnmatch(name, one)] for name in found}
    assert {name: ones for name, ones in places.items() if len(ones) != 1} == {}
    assert set(patterns) == {one for ones in places.values() for one in ones}


def test_requests_have_no_options_of_the_engine():
    """They are intents: an image, a command, limits. The broker decides the rest."""
    bodies = [field.type for one in table() for field in one.placed("body")]
    seen: set[Any] = set()
    names = {
        field.name
        for body in bodies
        for struct in _structs(types.type_info(body), seen)
        for field in struct.fields
    }
    assert len(names) > 100
    assert names & RAW == set()


def test_only_the_runtime_of_containers_describes_containers():
    """And it does so field by field: no place copies fields of a request."""
    found: dict[str, list[ast.Call]] = {}
    for module in PACKAGE.rglob("*.py"):
        for node in nodes(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ContainerSpec":
                found.setdefault(str(module.relative_to(PACKAGE)), []).append(node)
    assert found.keys() == MAKES_CONTAINERS
    for calls in found.values():
        for call in calls:
            assert all(keyword.arg for keyword in call.keywords), "no **fields"
    fields = {field.name for field in msgspec.structs.fields(ContainerSpec)}
    assert not fields & {"privileged", "cap_add", "security_opt", "devices", "options", "extra"}


def test_only_dockerd_knows_the_socket_of_the_engine():
    found = {
        str(module.relative_to(PACKAGE))
        for module in PACKAGE.rglob("*.py")
        for node in nodes(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SOCKET.search(node.value)
    }
    assert {name for name in found if not name.startswith("dockerd/")} == set()
