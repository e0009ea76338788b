"""How one node is repeated without nbyard."""

import json
import shlex
import subprocess

import pytest

from nbyard.domain.arguments.bindings import (
    Beside,
    File,
    Found,
    Handed,
    Option,
    Positional,
    Stdin,
    Stdout,
    Variable,
)
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.repeats.run_bundle import RecordedNode, Steps, can_repeat, steps_of
from nbyard.domain.runs.structs import BytesOf, ResultOf, SecretOf, ValueOf

from .bundles import recorded, write

CSV = BytesOf("sha256:csv", "a b.csv")


def steps(node: RecordedNode, *others: RecordedNode, **identity: str) -> Steps:
    return steps_of(node, {one.plan.node: one for one in (node, *others)}, identity)


def parameters(found: Steps) -> object:
    (text,) = [one.text for one in found.members if one.place.endswith("parameters.yaml")]
    return json.loads(text)


def test_a_notebook_is_run_by_papermill_in_its_folder():
    arguments = [
        Argument("table", role="input"),
        Argument("rate", type="float"),
        Argument("usual", type="int", default=1),
        Argument("made", role="output", format="csv"),
        Argument("nbyard_run_id"),
    ]
    bindings = {"table": CSV, "rate": ValueOf(0.5), "usual": ValueOf(1, is_default=True)}
    node = recorded("n", "sub/a.ipynb", arguments, bindings, outputs={"made": "made.csv"})
    found = steps(node, nbyard_run_id="r")
    assert found.lines == [
        "mkdir -p nodes/n/outputs/made",
        "papermill nodes/n/code/sub/a.ipynb nodes/n/executed.ipynb --cwd nodes/n/code/sub"
        ' -f nodes/n/parameters.yaml ${KERNEL:+-k "$KERNEL"}',
    ]
    assert parameters(found) == {
        "table": "../../inputs/table/a b.csv",
        "rate": 0.5,
        "made": "../../outputs/made/made.csv",
        "nbyard_run_id": "r",
    }
    places = {one.place: one.digest for one in found.members if one.digest}
    assert places == {"nodes/n/code": "tree:code", "nodes/n/inputs/table/a b.csv": "sha256:csv"}


def test_a_result_is_taken_from_the_node_before():
    before = recorded("a", "a.ipynb", [], {}, outputs={"out": "o.csv"})
    arguments = [Argument("table", role="input"), Argument("tables", role="input", type="list")]
    bindings = {"table": ResultOf("a", "out"), "tables": ResultOf("a", "out")}
    found = steps(recorded("b", "b.ipynb", arguments, bindings), before)
    assert parameters(found) == {
        "table": "../../a/outputs/out/o.csv",
        "tables": "../../a/outputs/out",
    }


def test_files_that_the_code_requests_are_copied_next_to_it():
    arguments = [
        Argument("raw", role="input", reach=Handed()),
        Argument("scale", type="int", reach=Handed()),
        Argument("out", role="output", reach=Handed()),
    ]
    bindings = {"raw": BytesOf("sha256:j", "x.json"), "scale": ValueOf(3)}
    node = recorded("n", "n.ipynb", arguments, bindings, outputs={"out": "out.parquet"})
    found = steps(node)
    assert parameters(found) == {}
    assert [shlex.split(line)[0] for line in found.lines] == [
        *("rm", "mkdir", "cp", "mkdir", "papermill", "mv"),
    ]
    assert "cp -r nodes/n/inputs/raw/x.json nodes/n/code/handoff/raw.json" in found.lines
    assert found.lines[-1] == "mv nodes/n/code/handoff/out.* nodes/n/outputs/out/out.parquet"
    texts = {one.place: one.text for one in found.members if one.text}
    assert texts["nodes/n/code/handoff/scale.json"] == "3"


def test_files_that_the_code_opens_are_at_their_places():
    arguments = [
        Argument("data", role="input", reach=File("../data.csv")),
        Argument("plot", role="output", reach=File("plot.png")),
    ]
    node = recorded("n", "sub/n.ipynb", arguments, {"data": CSV}, outputs={"plot": "plot.png"})
    found = steps(node)
    assert "cp -r 'nodes/n/inputs/data/a b.csv' nodes/n/code/data.csv" in found.lines
    assert found.lines[-1] == "mv nodes/n/code/sub/plot.png nodes/n/outputs/plot/plot.png"


def test_secrets_are_named_but_not_included():
    arguments = [Argument("token", type="secret")]
    node = recorded("n", "n.ipynb", arguments, {"token": SecretOf("id", "api", 2)})
    found = steps(node)
    assert (found.secrets, parameters(found)) == (["api"], {"token": "../../../secrets/api"})


def test_a_script_is_its_command_line():
    arguments = [
        Argument("data", role="input", reach=Stdin()),
        Argument("out", role="output", format="txt", reach=Stdout()),
        Argument("n", type="int", reach=Option("-n")),
        Argument("words", reach=Positional(0)),
        Argument("city", reach=Variable("CITY")),
    ]
    bindings = {
        **{"data": CSV, "n": ValueOf(2)},
        **{"words": ValueOf("it's"), "city": ValueOf("São Paulo")},
    }
    node = recorded(
        *("n", "n.py", arguments, bindings),
        command=("python3", "{file}"),
        outputs={"out": "out.txt"},
    )
    assert steps(node).lines[-1] == (
        "(cd nodes/n/code && CITY='São Paulo' python3 ../code/n.py -n 2 'it'\"'\"'s'"
        " < '../inputs/data/a b.csv' > ../outputs/out/out.txt)"
    )


def test_a_program_may_be_executed_although_a_zip_keeps_no_permissions():
    found = steps(recorded("n", "bin/tool", [], {}, command=("{file}",)))
    assert found.lines == [
        "chmod +x nodes/n/code/bin/tool",
        "(cd nodes/n/code/bin && ../../code/bin/tool)",
    ]


def test_a_kernel_that_the_node_sets():
    found = steps(recorded("n", "n.ipynb", [], {}, plan={"kernel": "ir"}))
    assert " -k ir " in found.lines[-1]


@pytest.mark.parametrize(
    ("expected", "file", "more"),
    [
        (True, "n.ipynb", {}),
        (True, "n.py", {"command": ("python3", "{file}")}),
        (False, "n.ipynb", {"plan": {"image": "a:1"}}),
        (False, "n.py", {"invocation": Invocation(apart=True)}),
        (False, "n.py", {"arguments": [Argument("o", role="output", reach=Found(("*",)))]}),
        (False, "n.py", {"arguments": [Argument("o", role="output", reach=Beside("d", "x"))]}),
    ],
)
def test_which_nodes_can_be_repeated(expected, file, more):
    arguments = more.pop("arguments", [])
    assert can_repeat(recorded("n", file, arguments, {}, **more)) is expected


def test_a_node_whose_code_was_deleted_cannot_be_repeated():
    node = recorded("n", "n.ipynb", [], {})
    assert not can_repeat(RecordedNode(node.plan, None))


def test_a_result_on_standard_input_is_copied():
    before = recorded("a", "a.ipynb", [], {}, outputs={"out": "o.csv"})
    arguments = [Argument("data", role="input", reach=Stdin())]
    bindings = {"data": ResultOf("a", "out")}
    node = recorded("b", "b.sh", arguments, bindings, command=("sh", "{file}"))
    found = steps(node, before)
    assert "cp -r nodes/a/outputs/out/o.csv nodes/b/inputs/data/o.csv" in found.lines
    assert found.lines[-1].endswith(" < ../inputs/data/o.csv)")


@pytest.mark.parametrize("text", ["{attempt}/x", "{{attempt}", "$HOME `id`", "a\nb", "é'\""])
def test_any_text_reaches_the_script(tmp_path, text):
    """The line runs in a shell, and the script gets what it got in the run."""
    arguments = [
        Argument("out", role="output", reach=Option("--out")),
        Argument("word", reach=Option("--word")),
    ]
    bindings = {"word": ValueOf(text)}
    node = recorded(
        *("n", "n.py", arguments, bindings),
        command=("python3", "{file}"),
        outputs={"out": "out.json"},
    )
    script = "import json, sys\nwith open(sys.argv[2], 'w') as f: json.dump(sys.argv[3:], f)\n"
    found = steps(node)
    write(tmp_path, found.members, {"n.py": script})
    subprocess.run(["sh", "-euc", "\n".join(found.lines)], cwd=tmp_path, check=True)
    made = (tmp_path / "nodes/n/outputs/out/out.json").read_text()
    assert json.loads(made) == ["--word", text]
