"""The parts of a crate."""

import msgspec
import pytest

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.crates.entities import (
    CodeFile,
    CrateGraph,
    CrateParts,
    Entity,
    media_type,
    named_information,
    text_of,
)
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.lineage.run_record import UsedPackages
from nbyard.domain.runs.structs import BytesOf

from ..lineage.records import digest, record


class Everything:
    """All bytes are stored."""

    def __contains__(self, key: object) -> bool:
        return True


def made(stored: object = ()) -> tuple[CrateParts, CrateGraph]:
    graph = CrateGraph()
    graph.add("./", "Dataset")
    return CrateParts(graph, record(), stored), graph  # type: ignore[arg-type]


def entity(graph: CrateGraph, key: str) -> Entity:
    (found,) = [one for one in graph.metadata()["@graph"] if one["@id"] == key]
    return found


def test_code_is_a_file_in_the_folder_of_its_bundle() -> None:
    parts, graph = made(Everything())
    tool = parts.tool(record().tasks[1])
    assert tool == {"@id": "code/shared/src/train.py"}
    assert entity(graph, "code/shared/")["hasPart"] == tool
    found = entity(graph, tool["@id"])
    assert found["programmingLanguage"] == {"@id": "#language/python"}
    assert (found["input"], found["output"]) == (
        {"@id": "#parameter/v2/x"},
        {"@id": "#parameter/v2/model"},
    )
    assert graph.files["code/shared"].digest.startswith("tree:")


def test_equal_code_is_packed_once() -> None:
    whole = record()
    parts, graph = made(Everything())
    tools = [parts.tool(task)["@id"] for task in (*whole.tasks, *whole.tasks)]
    assert tools == ["code/shared/clean.ipynb", "code/shared/src/train.py"] * 2
    assert [place for place in graph.files if place.startswith("code/")] == ["code/shared"]
    folder = entity(graph, "code/shared/")
    assert folder["name"] == "clean.ipynb, src/train.py and the files beside them"
    assert folder["hasPart"] == [{"@id": tool} for tool in tools[:2]]


def test_code_of_other_folders_has_a_folder_of_its_own() -> None:
    whole = record()
    other = msgspec.structs.replace(whole.code["v2"], bundle_digest=f"tree:{2:064x}")
    whole = msgspec.structs.replace(whole, code={**whole.code, "v2": other})
    graph = CrateGraph()
    graph.add("./", "Dataset")
    parts = CrateParts(graph, whole, Everything())
    assert [parts.tool(task)["@id"] for task in whole.tasks] == [
        *("code/clean.ipynb-v2/clean.ipynb", "code/train.py-v2/src/train.py"),
    ]


def test_data_beside_the_code_can_be_left_out() -> None:
    whole = record()
    bundle, given = whole.code["v1"].bundle_digest, BytesOf(digest(7), "in.csv", "an input")
    beside = [CodeFile("data/a.csv", digest(6), 12), CodeFile("in.csv", digest(7), 13)]
    graph = CrateGraph()
    graph.add("./", "Dataset")
    parts = CrateParts(graph, whole, {bundle}, {bundle: beside})
    key = parts.data(given)["@id"]
    parts.tool(whole.tasks[0])
    found = entity(graph, named_information(digest(6)))
    assert (found["name"], found["contentSize"], found["alternateName"]) == (
        *("data/a.csv", "12", "a.csv"),
    )
    assert [one["@id"] for one in entity(graph, "code/shared/")["hasPart"]] == [
        *(found["@id"], key, "code/shared/clean.ipynb"),
    ]
    assert entity(graph, key)["name"] == "an input"


def test_deleted_code_is_only_named() -> None:
    parts, graph = made()
    task = record().tasks[1]
    found = entity(graph, parts.tool(task)["@id"])
    assert (found["@type"], found["name"], found["version"]) == (
        *("SoftwareApplication", "train.py", "2"),
    )
    unknown = msgspec.structs.replace(task, executable_version_id="none")
    assert entity(graph, parts.tool(unknown)["@id"])["name"] == "train.py"
    assert not graph.files


def test_the_lock_of_an_environment_is_a_file() -> None:
    parts, graph = made(Everything())
    tool = entity(graph, parts.tool(record().tasks[0])["@id"])
    assert tool["softwareRequirements"] == {"@id": "environments/science-v2.txt"}
    assert b"polars==1.36.0 --hash=sha256:1\n" in graph.files["environments/science-v2.txt"].content


def test_the_packages_of_other_kernels_are_a_file() -> None:
    whole = record()
    task = whole.tasks[1]
    assert not task.environment
    used = UsedPackages("python3", "f" * 64, {"pandas": "2.3.1", "NumPy": "2.0.0"})
    whole = msgspec.structs.replace(whole, packages={task.node: used})
    graph = CrateGraph()
    graph.add("./", "Dataset")
    tool = entity(graph, CrateParts(graph, whole, Everything()).tool(task)["@id"])
    assert tool["softwareRequirements"] == {"@id": "environments/python3.txt"}
    assert graph.files["environments/python3.txt"].content == b"NumPy==2.0.0\npandas==2.3.1\n"
    assert entity(graph, "environments/python3.txt")["name"] == "Packages of python3"


def test_a_package_that_is_used_in_place_has_no_path_in_a_crate() -> None:
    whole = record()
    ((key, version),) = whole.environments.items()
    mine = LockedPackage("mine", "4", folder="file:///home/ada/mine", tree="tree:" + "b" * 64)
    version = msgspec.structs.replace(version, packages=[mine])
    whole = msgspec.structs.replace(whole, environments={key: version})
    graph = CrateGraph()
    graph.add("./", "Dataset")
    CrateParts(graph, whole, Everything()).tool(whole.tasks[0])
    lock = graph.files["environments/science-v2.txt"].content
    assert lock == b"# mine==4, used in place\n"
    assert "/home/ada" not in str(graph.metadata())


def test_omitted_data_are_identified_by_their_digest() -> None:
    parts, graph = made()
    one = BytesOf("sha256:" + "ff" * 32, "a.csv", "data/a.csv")
    key = parts.data(one)["@id"]
    assert key == "ni:///sha-256;__________________________________________8"
    found = entity(graph, key)
    assert (found["name"], found["sha256"], found["encodingFormat"]) == (
        *("data/a.csv", "ff" * 32, "text/csv"),
    )
    assert named_information("odd").startswith("ni:///sha-256;")


def test_files_of_the_same_name_are_distinguished() -> None:
    parts, graph = made(Everything())
    one, two = BytesOf(digest(1), "a.csv"), BytesOf(digest(2), "a.csv")
    assert parts.data(one) == parts.data(one) == {"@id": "inputs/a.csv"}
    assert parts.data(two) == {"@id": "inputs/a-2.csv"}
    assert parts.data(BytesOf("tree:1", "a")) == {"@id": "inputs/a/"}
    assert parts.data(BytesOf("tree:2", "a")) == {"@id": "inputs/a-2/"}
    assert entity(graph, "inputs/a/")["@type"] == "Dataset"


@pytest.mark.parametrize(
    ("argument", "kind"),
    [
        (Argument("a", type="int"), "Integer"),
        (Argument("a", type="json"), "Text"),
        (Argument("a", role="input", format="csv"), "File"),
        (Argument("a", role="output", format="folder"), "Dataset"),
    ],
)
def test_parameters_have_types(argument: Argument, kind: str) -> None:
    parts, graph = made()
    found = entity(graph, parts.parameter("tool", argument)["@id"])
    assert (found["name"], found["additionalType"]) == ("a", kind)


def test_values_are_texts() -> None:
    assert (text_of("a"), text_of([1, None]), text_of(True)) == ("a", "[1,null]", "true")
    assert media_type("A.CSV") == "text/csv"
    assert media_type("x") == "application/octet-stream"
