"""A run of one executable."""

import json
from pathlib import Path

import msgspec
import pytest

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid, TooLarge
from nbyard.freezing.node_resolution import Resolver
from nbyard.freezing.runs.single_run import given_values, single_document
from nbyard.settings import Settings
from nbyard.yard import Yard

ARGUMENTS = {
    a.name: a
    for a in (Argument("n", type="int"), Argument("s"), Argument("out", role="output"))
}  # fmt: skip


def document_of(yard: Yard, caller: Caller, body: NewRun) -> Document:
    return single_document(Resolver(yard.context, caller.name, "."), body)


def test_inputs_become_data_nodes(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    body = NewRun(path=tool, parameters={"source": "d.csv"}, texts={"times": "2"})
    document = document_of(yard, ann, body)
    assert set(document.nodes) == {"main", "in_source"}
    assert document.nodes["in_source"].path == "d.csv"
    assert document.nodes["main"].arguments["times"].value == 2


def test_a_missing_input_names_its_argument(yard, ann, tool):
    with pytest.raises(Invalid) as refused:
        document_of(yard, ann, NewRun(path=tool, parameters={"source": "gone.csv"}))
    assert [detail.path for detail in refused.value.details] == ["parameters.source"]
    assert "in_source" not in refused.value.message
    assert "gone.csv" in refused.value.message


def test_an_unready_dataset_names_its_argument(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    yard.services.datasets.create(ann, NewDataset(FileSource("d.csv"), "slow"))
    with pytest.raises(Invalid, match="'slow' is not ready") as refused:
        document_of(yard, ann, NewRun(path=tool, parameters={"source": "slow"}))
    assert [detail.path for detail in refused.value.details] == ["parameters.source"]


def test_an_artifact_is_an_input(yard, ann, tool, root, finished):
    """It is found by name or with its output. A leading `./` marks a path."""
    (root / "d.csv").write_text("a\n")
    finished(path=tool, name="made", parameters={"source": "d.csv"})
    (root / "made").write_text("b\n")
    for text in ("made", "made.result"):
        detail = finished(path=tool, parameters={"source": text})
        (made,) = detail.tasks[0].artifacts
        assert yard.context.blobs.open(made.digest).read() == b"a\n"
    body = NewRun(path=tool, parameters={"source": "./made"})
    assert document_of(yard, ann, body).nodes["in_source"].path == "made"


def test_a_registered_executable_accepts_any_file(tmp_path, ann, tool, root):
    """As a shell has it, whose root is that of the machine."""
    (root / "d.csv").write_text("a\n")
    config = Settings(store_dir=str(tmp_path / "wide"), inline_dispatch=True)
    with Yard.open(config, Path("/"), root) as wide:
        made = wide.services.executables.create(ann, NewExecutable(path=str(root / tool)))
        for text in (str(root / "d.csv"), "d.csv"):
            body = NewRun(executable=made.name, parameters={"source": text})
            wide.services.runs.create(ann, body)


def test_a_container_needs_an_image(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    wish = {"path": tool, "parameters": {"source": "d.csv"}, "image": "some/image:1"}
    found = [
        yard.services.runs.create(ann, NewRun(**wish, runtime=runtime)).runtime
        for runtime in ("", "process")
    ]
    assert found == ["docker", "process"]


def test_an_artifact_without_a_file_is_refused(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    yard.services.runs.create(ann, NewRun(path=tool, name="slow", parameters={"source": "d.csv"}))
    with pytest.raises(Invalid, match="run 1 is queued") as refused:
        document_of(yard, ann, NewRun(path=tool, parameters={"source": "slow"}))
    assert [detail.path for detail in refused.value.details] == ["parameters.source"]


def test_values_and_texts():
    body = NewRun(parameters={"s": "x"}, texts={"n": "5"})
    assert given_values(ARGUMENTS, body, "it") == {"s": "x", "n": 5}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (NewRun(parameters={"zz": 1}), Invalid),
        (NewRun(parameters={"x = 1\nimport os": 1}), Invalid),
        (NewRun(parameters={"n": "5"}), Invalid),
        (NewRun(parameters={"n": True}), Invalid),
        (NewRun(texts={"n": "5.5"}), Invalid),
        (NewRun(parameters={"s": "a\0b"}), Invalid),
        (NewRun(parameters={"out": "x.csv"}), Invalid),
        (NewRun(texts={"out": "x.csv"}), Invalid),
        (NewRun(parameters={"s": "x" * 1_000_001}), TooLarge),
    ],
)
def test_a_refusal_names_the_parameter(body, error):
    with pytest.raises(error) as refused:
        given_values(ARGUMENTS, body, "it")
    assert refused.value.details[0].path.startswith("parameters.")


@pytest.mark.parametrize(
    ("known", "owner", "hint"),
    [
        ({}, "", "To declare it, open"),
        ({}, "it", "Declare parameters in the"),
        (ARGUMENTS, "", "To declare it, open"),
        (ARGUMENTS, "it", ""),
    ],
)
def test_the_hint_shows_how_to_declare_a_parameter(known, owner, hint):
    with pytest.raises(Invalid) as refused:
        given_values(known, NewRun(texts={"min_units": "3"}), owner)
    assert refused.value.hint.startswith(hint) and bool(refused.value.hint) == bool(hint)


def test_an_undescribed_program_has_the_given_arguments(yard, ann, root):
    """The user's words are passed to the Dockerfile."""
    (root / "tool").mkdir()
    (root / "tool/Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    told = [Argument("n", type="int")]
    body = NewRun(path="tool/Dockerfile", parameters={"n": 3}, arguments=told)
    made = yard.services.runs.create(ann, body)
    assert yard.services.executables.list(ann).items[0].name == "tool"
    with yard.store.read() as c:
        (record,) = yard.store.tasks.of_run(c, made.id)
    assert (record.plan.runtime, record.plan.gpu) == ("docker", None)
    with pytest.raises(Invalid, match="tool has no parameters") as refused:
        yard.services.runs.create(ann, NewRun(path="tool/Dockerfile", parameters={"n": 3}))
    assert "Dockerfile.nbexec" in refused.value.hint
    with pytest.raises(Invalid, match="runs in containers"):
        yard.services.runs.create(ann, msgspec.structs.replace(body, runtime="process"))


def test_an_invalid_image_name_is_refused_at_once(yard, ann, root):
    (root / "work.py").write_text("print()")
    for name in ("Upper", "two words", "x:", "../x"):
        with pytest.raises(Invalid, match="a valid image name") as refused:
            yard.services.runs.create(ann, NewRun(path="work.py", image=name))
        assert refused.value.details[0].path == "image"
    for name in ("python:3.12", "host:5000/a/b", f"sha256:{'0' * 64}"):
        assert yard.services.runs.create(ann, NewRun(path="work.py", image=name))


def test_missing_gpus_are_refused_at_once(yard, ann, root):
    (root / "Dockerfile").write_text("FROM x\n")
    yard.settings.gpus = ["0"]
    made = yard.services.runs.create(ann, NewRun(path="Dockerfile", gpu=1))
    with yard.store.read() as c:
        (record,) = yard.store.tasks.of_run(c, made.id)
    assert record.plan.gpu == 1
    with pytest.raises(Invalid, match=r"2 requested, .* 1") as refused:
        yard.services.runs.create(ann, NewRun(path="Dockerfile", gpu=2))
    assert refused.value.details[0].path == "gpu"
    with pytest.raises(Invalid, match="from 0 to") as refused:
        yard.services.runs.create(ann, NewRun(path="Dockerfile", gpu=-1))
    assert refused.value.details[0].path == "gpu"


def test_a_companion_file_is_found_beside_its_file(yard, ann, root):
    """The given path of a file leads to its companion. A given companion comes first."""
    (root / "data").mkdir()
    for name in ("data/a.bam", "data/a.bam.bai", "other"):
        (root / name).write_text(name)
    described = {"reads": {"type": "File", "secondaryFiles": [".bai", ".gone?"]}}
    tool = {"cwlVersion": "v1.2", "class": "CommandLineTool", "baseCommand": "true"}
    (root / "t.cwl").write_text(json.dumps({**tool, "inputs": described, "outputs": {}}))

    def made(**given: str) -> dict[str, str]:
        document = document_of(yard, ann, NewRun(path="t.cwl", texts=given))
        return {name: node.path for name, node in document.nodes.items() if name != "main"}

    beside = {"in_reads": "data/a.bam", "in_reads_bai": "data/a.bam.bai"}
    assert made(reads="data/a.bam") == beside
    given = made(reads="data/a.bam", reads_bai="other")
    assert given == {**beside, "in_reads_bai": "other"}
    with pytest.raises(Invalid, match="reads_bai: Choose a file"):
        made(reads="other")


def test_all_missing_inputs_are_named(yard: Yard, ann: Caller, root: Path) -> None:
    (root / "two.py").write_text("print(1)\n")
    wanted = [Argument(name, role="input", required=True) for name in ("a", "b")]
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path="two.py", arguments=wanted))
    assert [one.path for one in refused.value.details] == ["parameters.a", "parameters.b"]
    assert "--input-file a=path" in refused.value.hint


@pytest.mark.parametrize("rules", ["*.csv\n", "data/\n"])
def test_a_default_data_file_becomes_an_input(yard, ann, root, rules):
    """Its bundle lacks the file, because a rule ignores it."""
    (root / "project/data").mkdir(parents=True)
    (root / "project/.nbyardignore").write_text(rules)
    (root / "project/data/a.csv").write_text("a\n1\n")
    (root / "project/read.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        'p.add_argument("--table", default="data/a.csv", help="input: csv")\np.parse_args()\n'
    )
    body = NewRun(path="project/read.py")
    document = single_document(Resolver(yard.context, ann.name, "project"), body)
    assert document.nodes["in_table"].path == "data/a.csv"
    (root / "project/data/a.csv").unlink()
    with pytest.raises(Invalid):
        single_document(Resolver(yard.context, ann.name, "project"), body)
    (root / "project/data/a.csv").write_text("a\n1\n")
    (root / "project/.nbyardignore").write_text("")
    assert set(single_document(Resolver(yard.context, ann.name, "project"), body).nodes) == {"main"}


def test_names_with_hyphens_match_arguments():
    """As people of dockerised pipelines write them."""
    arguments = {a.name: a for a in (Argument("batch_size", type="int"), Argument("n", type="int"))}
    body = NewRun(parameters={"batch-size": 3}, texts={"n": "1"})
    assert given_values(arguments, body) == {"batch_size": 3, "n": 1}
    with pytest.raises(Invalid) as refused:
        given_values(arguments, NewRun(parameters={"no-such": 3}))
    assert [detail.path for detail in refused.value.details] == ["parameters.no-such"]
