"""A command written as CWL and read again is the same command."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbyard.importers.cwl.tool_reader import read_document, read_tool
from nbyard.importers.cwl.tool_writer import write_tool

from nbyard.domain.arguments.bindings import (
    Bound,
    Flag,
    Option,
    Positional,
    Reach,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import build_argv
from nbyard.domain.commands.invocations import Record
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import Resources
from nbyard.errors import Invalid
from nbyard.importers.cwl.tool_document import HINT, document_of
from nbyard.reasons.structs import because

CASES = Path(__file__).resolve().parents[3] / "cases" / "cwl"
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
NAMES = st.sampled_from(["a", "b", "no", "y", "data_csv", "x1"])


def reaches(kind: str, position: int) -> st.SearchStrategy[Reach]:
    flag = st.sampled_from(["-a", "--name", "--no-x"])
    found: list[st.SearchStrategy[Reach]] = [
        st.builds(Option, flag, st.booleans()),
        st.builds(Positional, st.just(position), st.booleans()),
        st.builds(Bound, st.just(position), TEXTS.filter(bool), st.booleans()),
    ]
    if kind == "bool":
        found.append(st.sampled_from([Flag("-v"), Flag("--v/--no-v")]))
    if kind == "list":
        found.append(st.builds(Words, flag))
    return st.one_of(found)


@st.composite
def values(draw: Any, name: str, position: int) -> Argument:
    kind = draw(st.sampled_from(["string", "int", "float", "bool", "choice", "list"]))
    default = {
        "string": TEXTS,
        "int": st.integers(-(2**63) + 1, 2**63 - 1),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "bool": st.booleans(),
        "choice": st.sampled_from(["x", "yes"]),
        "list": st.lists(TEXTS | st.integers(0, 9), max_size=3),
    }[kind]
    nullable = draw(st.booleans())
    told = draw(st.just(msgspec.UNSET) | default | (st.none() if nullable else st.nothing()))
    return Argument(
        name,
        type=kind,
        required=told is msgspec.UNSET and not nullable,
        nullable=nullable,
        default=told,
        choices=("x", "yes") if kind == "choice" else (),
        help=draw(TEXTS),
        reach=draw(reaches(kind, position)),
    )


@st.composite
def commands(draw: Any) -> Description:
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    arguments = [draw(values(name, index)) for index, name in enumerate(names)]
    arguments += draw(
        st.sampled_from(
            [
                [],
                [Argument("in_", "input", format="csv", required=True, reach=Stdin())],
                [Argument("out", "output", default="out.txt", reach=Stdout())],
                [
                    Argument("err", "output", reach=Stderr()),
                    Argument("p", "output", reach=Option("-o")),
                ],
                [Argument("f", "input", format="folder", required=True, reach=Variable("PLACE"))],
            ]
        )
    )
    resources = draw(
        st.sampled_from(
            [Resources(), Resources(image="a:1", cpu=2.0, gpu=1), Resources(cache=False)]
        )
    )
    words = draw(st.lists(TEXTS.filter(lambda word: word and "{file}" not in word), min_size=1))
    return Description(
        kind="command", arguments=tuple(arguments), command=tuple(words), resources=resources
    )


@given(commands())
def test_import_of_an_export_is_the_same(command: Description) -> None:
    text = write_tool(command, label="a tool", doc="what it does")
    assert read_tool(text.encode(), "tool.cwl").description == command


def near(path: str) -> bytes:
    return (CASES / path).read_bytes()


@pytest.mark.parametrize("path", sorted(CASES.glob("*.cwl")), ids=lambda path: path.stem)
def test_a_tool_of_cwl_needs_no_hint(path: Path) -> None:
    told = read_tool(path.read_bytes(), path.name, near).description
    text = write_tool(told)
    assert HINT not in text
    assert read_tool(text.encode(), path.name).description == told


def test_records_are_exported_as_records() -> None:
    inner = {"type": "record", "fields": {"b c": "File", "in": "int?"}}
    fields = {"a": {"type": inner}, "n": "int"}
    inputs = {
        "x": {"type": ["null", {"type": "record", "fields": fields}]},
        "y": {"type": {"type": "record", "fields": {"z": "int"}}, "default": {"z": 4}},
    }
    arguments = ["$(inputs.x)", "$(inputs.x.a)", "$(inputs.x.a['b c'].path)", "$(inputs.y.z)"]
    tool = {"class": "CommandLineTool", "cwlVersion": "v1.2", "outputs": {}, "inputs": inputs}
    found = read_document({**tool, "baseCommand": "true", "arguments": arguments}).description
    part = Record({"b c": "x_a_b_c", "in": "x_a_in"}, optional=True)
    whole = Record({"a": part, "n": "x_n"}, optional=True)
    assert found.invocation.records == {"x": whole, "x_a": part}
    document = document_of(found)
    assert [one["valueFrom"] for one in document["arguments"]] == [
        *("$(inputs.x)", "$(inputs.x.a)", "$(inputs.x.a['b c'].path)", "$(inputs.y_z)"),
    ]  # fmt: skip
    assert document["inputs"]["x"]["type"][0] == "null"
    assert document["inputs"]["y_z"]["default"] == 4
    assert read_document(document).description == found


def test_all_inputs_are_a_record_where_names_differ() -> None:
    inputs = {"in-file": "File", "n": "int"}
    tool = {"class": "CommandLineTool", "cwlVersion": "v1.2", "outputs": {}, "inputs": inputs}
    found = read_document({**tool, "arguments": ["$(inputs)"]}).description
    assert found.invocation.records == {"inputs": Record({"in-file": "in_file", "n": "n"})}
    assert [word.text for word in found.invocation.words] == ["$(inputs.inputs)"]
    plain = read_document({**tool, "inputs": {"n": "int"}, "arguments": ["$(inputs)"]})
    assert plain.description.invocation.records == {}


def test_an_outdated_hint_is_left_out() -> None:
    told = Description(kind="command", command=("sort",), arguments=())
    told = msgspec.structs.replace(told, arguments=(Argument("n", type="int", reach=Option("-n")),))
    text = write_tool(told).replace("- sort\narguments", "- sort\narguments", 1)
    assert HINT in text and read_tool(text.encode(), "x").description == told
    changed = read_tool(text.replace("prefix: -n", "prefix: -k", 1).encode(), "x")
    assert changed.description.arguments is not None
    (argument,) = changed.description.arguments
    assert isinstance(argument.reach, Bound) and argument.reach.prefix == "-k"
    assert changed.notes[0] == because("cwl-hint-misfits", name=HINT)


def test_the_command_line_stays_the_same() -> None:
    arguments = (
        Argument("names", type="list", reach=Option("--name")),
        Argument("sizes", type="list", reach=Words("--sizes")),
        Argument("fast", type="bool", default=False, reach=Flag("--fast/--slow")),
        Argument("exact", type="bool", reach=Option("--exact", joined=True)),
        Argument("data", "input", reach=Positional(0, separated=True)),
    )
    told = Description(kind="command", command=("run",), arguments=arguments)
    given = {"names": ["a", "b"], "sizes": [1, 2], "exact": True, "data": "{attempt}/inputs/data/d"}
    line = build_argv(("run",), arguments, given)
    plain = read_document(document_of(told)).description
    assert plain.command is not None and plain.arguments is not None
    as_cwl = build_argv(
        plain.command, plain.arguments, {**given, "exact": "true"}, plain.invocation
    )
    assert as_cwl.argv == line.argv == [
        *("run", "--name", "a", "--name", "b", "--slow", "--exact=true"),
        *("--sizes", "1", "2", "--", "{attempt}/inputs/data/d"),
    ]  # fmt: skip


def test_a_script_is_an_input_of_its_own() -> None:
    told = Description(kind="command", command=("python3", "{file}", "-q"), arguments=())
    found = read_tool(write_tool(told, file="fit.py").encode(), "x").description
    assert found.command == ("python3",) and found.arguments is not None
    assert (found.arguments[0].name, found.arguments[0].default) == ("code", "fit.py")
    assert [word.text for word in found.invocation.words] == ["$(inputs.code.path)", "-q"]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (Argument("v", type="int", reach=Flag("-v")), "a flag that is repeated"),
        (Argument("v", type="json", reach=Option("-v")), "a JSON value on the command line"),
        (Argument("v", nullable=True, reach=Variable("V")), "a variable that may have no value"),
        (Argument("code", reach=Option("-c")), "is reserved for the script itself"),
        (Argument("v", type="secret", reach=Option("-v")), "a secret"),
    ],
)
def test_features_without_cwl_are_refused(argument: Argument, words: str) -> None:
    told = Description(kind="command", command=("{file}",), arguments=(argument,))
    with pytest.raises(Invalid) as refused:
        write_tool(told, file="x")
    assert words in refused.value.message and argument.name in refused.value.message


def test_a_notebook_is_no_command() -> None:
    with pytest.raises(Invalid, match="is a notebook"):
        write_tool(Description(kind="notebook"))
