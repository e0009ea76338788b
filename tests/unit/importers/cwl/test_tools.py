"""A `CommandLineTool` becomes the command line that CWL v1.2 requires."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import (
    Beside,
    Bound,
    Flag,
    Found,
    Option,
    Positional,
    Reach,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.commands.command_line import build_argv
from nbyard.domain.commands.invocations import Record, with_contents
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import Resources
from nbyard.errors import Invalid
from nbyard.importers.cwl.tool_document import HINT, document_of
from nbyard.importers.cwl.tools import read_document, read_tool, write_tool
from nbyard.reasons.structs import because

CASES = Path(__file__).resolve().parents[3] / "cases" / "cwl"
FOUND = json.loads((CASES / "cases.json").read_text())


def flat(job: dict[str, Any]) -> dict[str, Any]:
    """The values of a job by our names: the fields of a record are values of their own."""
    found: dict[str, Any] = {}
    for name, value in job.items():
        is_record = isinstance(value, dict) and "class" not in value
        inner = flat(value) if is_record else {}
        found |= {f"{name}_{k}": v for k, v in inner.items()} if is_record else {name: value}
        for one in value.get("secondaryFiles", []) if isinstance(value, dict) else []:
            found[f"{name}_{one['path'].rpartition('.')[2]}"] = one
    return found


def listing(files: dict[str, str], folder: str) -> dict[str, Any]:
    """What lies in a folder of the case."""
    found: dict[str, Any] = {}
    for path, content in sorted(files.items()):
        if path.startswith(folder):
            *above, name = path.removeprefix(folder).split("/")
            place = found
            for one in above:
                place = place.setdefault(one, {})
            place[name] = len(content)
    return found


@pytest.mark.parametrize("case", FOUND, ids=[case["tool"] for case in FOUND])
def test_the_command_line_of_a_tool_equals_the_specification(case: dict[str, Any]) -> None:
    content = (CASES / f"{case['tool']}.cwl").read_bytes()
    told = read_tool(content, "tool.cwl", lambda path: (CASES / path).read_bytes()).description
    assert told.arguments is not None and told.command is not None
    check_arguments(told.arguments)
    values: dict[str, Any] = {}
    sizes, files, texts, listings = {}, {}, {}, {}
    for name, value in flat(case["job"]).items():
        if isinstance(value, dict):
            values[name] = f"{{attempt}}/inputs/{name}/{value['path']}"
            sizes[name] = len(case["files"].get(value["path"], ""))
            texts[name] = case["files"].get(value["path"], "")
            listings[name] = listing(case["files"], f"{value['path']}/")
        elif isinstance(value, list) and "class" in str(value):
            values[name] = f"{{attempt}}/inputs/{name}/files"
            every = [each for one in value for each in (one, *one.get("secondaryFiles", []))]
            files[name] = [one["path"] for one in every]
            texts |= {f"{name}/{one['path']}": case["files"][one["path"]] for one in value}
        else:
            values[name] = value
    for one in told.arguments:
        if isinstance(one.reach, Beside) and one.role == "input" and one.required:
            folder, _, name = values[one.reach.of].rpartition("/")
            values.setdefault(one.name, f"{folder}/{one.reach.name(name)}")
    outputs = {a.name: f"{{attempt}}/outputs/{a.name}/x" for a in told.arguments}
    outputs = {a.name: outputs[a.name] for a in told.arguments if a.role == "output"}
    facts = ReferenceFacts(1, 512 * 2**20, sizes, files, texts, listings)
    line = build_argv(told.command, told.arguments, values | outputs, told.invocation, facts)
    if "argv" in case:
        words = [re.sub(r"\{attempt\}/[^\s,:=]*/", "…/", word) for word in line.argv]
        assert words[len(told.command) :] == case["argv"]


def tool(**fields: Any) -> bytes:
    plain = {"cwlVersion": "v1.2", "class": "CommandLineTool", "baseCommand": "true"}
    return json.dumps({**plain, "inputs": {}, "outputs": {}, **fields}).encode()


def test_an_optional_record_is_present_with_any_value() -> None:
    fields = {"a": "int?", "b": {"type": "int", "inputBinding": {"prefix": "-b"}}}
    record = {"type": ["null", {"type": "record", "fields": fields}]}
    inputs = {"r": {**record, "inputBinding": {"prefix": "--r"}}}
    told = read_tool(tool(inputs=inputs), "tool.cwl").description
    for passed, words in (({}, []), ({"r_a": 1}, ["--r"]), ({"r_b": 2}, ["--r", "-b", "2"])):
        line = build_argv(("x",), told.arguments or (), passed, told.invocation)
        assert line.argv[1:] == words
    with pytest.raises(Invalid, match="CWL cannot express this:"):
        write_tool(told)


def types(text: str, kind: str = "T") -> str:
    """An input of a named type."""
    return f"requirements: {{SchemaDefRequirement: {{types: [{text}]}}}}, inputs: {{x: {kind}}}"


def listed(fields: str, binding: str = "") -> str:
    """An input that is a list of records."""
    record = f"{{type: record, fields: {{f: '{fields}'}}{binding}}}"
    return f"inputs: {{x: {{type: {{type: array, items: {record}}}}}}}"


def output(fields: str) -> str:
    return f"outputs: {{x: {{{fields}}}}}"


NESTED = [
    "{name: A0, type: array, items: int}",
    *(f"{{name: A{n}, type: record, fields: {{a: A{n - 1}, b: A{n - 1}}}}}" for n in range(1, 12)),
]
UNSUPPORTED = [
    ("class: Workflow", "class: CommandLineTool is needed"),
    ("cwlVersion: v2.0", "cwlVersion: one of v1.0"),
    ("baseCommand: null", "baseCommand: the program is missing"),
    ("colour: 1", "colour: is not supported"),
    ("requirements: {InlineJavascriptRequirement: {}}", "InlineJavascriptRequirement: Java"),
    ("requirements: [{class: InplaceUpdateRequirement}]", "Requirement: this requirement"),
    (types("{type: enum, symbols: [a]}"), "types: each type needs a name"),
    (types("{name: T, type: enum, symbols: [a]}, {name: 'x#T'}"), "T appears twice"),
    (
        types("{name: T, type: record, fields: {t: 'T?'}}"),
        "inputs.x.type.fields.t.type: the type T contains itself",
    ),
    (types(", ".join(NESTED), "A11"), "types are named more than 1,000 times"),
    ("arguments: ['$(1 + 1)']", "JavaScript (InlineJavascriptRequirement)"),
    ("arguments: ['${return 1;}']", "JavaScript (InlineJavascriptRequirement)"),
    ("arguments: [$(inputs.gone)]", "refers to gone, which is not an input"),
    ("arguments: [$(runtime.exitCode)]", "$(runtime.exitCode) is not supported"),
    ("arguments: [{valueFrom: x, shellQuote: 1}]", "true or false is needed, not 1"),
    ("inputs: {x: Blob}", "inputs.x.type: there is no type 'Blob'"),
    ("inputs: {x: [int, string]}", "inputs.x.type: a union"),
    (
        "inputs: {x: {type: 'File[]', secondaryFiles: [/bai]}}",
        "x.secondaryFiles: '/bai' does not produce a file name",
    ),
    (
        output("type: Directory, secondaryFiles: .bai"),
        "x.secondaryFiles: is allowed only for files and lists",
    ),
    ("inputs: {x: {type: File, secondaryFiles: ../a}}", "does not produce a file name"),
    (
        "inputs: {x: {type: File, secondaryFiles: $(inputs.x.path).i}}",
        "x.secondaryFiles: $(inputs.x.path) is not supported here; supported: $(self.basename)",
    ),
    (
        "inputs: {x: {type: Directory, secondaryFiles: .i}}",
        "x.secondaryFiles: is allowed only for files and lists",
    ),
    (
        "inputs: {x: File}, arguments: ['$(inputs.x.secondaryFiles[0].path)']",
        "secondaryFiles is not available",
    ),
    ("inputs: {x: {type: int, $import: 'http://x'}}", "$import is not supported here"),
    ("inputs: {$import: x.yml}", "$import is not supported here"),
    ("inputs: {x: {type: int, label: 1.1}}", "label: text is needed, not 1.1"),
    (
        output("type: int, outputBinding: {outputEval: '$(1 + 1)'}"),
        "outputEval: '$(1 + 1)' is JavaScript",
    ),
    (
        output("type: Any, outputBinding: {outputEval: $(inputs.y)}"),
        "refers to y, which is not an input",
    ),
    (
        output("type: string, outputBinding: {glob: a, outputEval: '$(self[0].contents)'}"),
        "$(self.0.contents) needs loadContents of x",
    ),
    (
        output("type: File, outputBinding: {glob: a, outputEval: '$(self[0].path)'}"),
        "outputEval: must be a file that glob finds",
    ),
    (output("type: int, outputBinding: {glob: a}"), "outputBinding"),
    (
        output("type: {type: record, fields: {f: File}}, outputBinding: {glob: a}"),
        "outputs.x.outputBinding: needs outputEval for a record",
    ),
    (output("type: 'File[][]'"), "files in inner lists are not supported"),
    (output("type: [File, Directory]"), "outputs.x.type: a union"),
    ("inputs: {x: [File, Directory]}", "inputs.x.type: a union"),
    ("inputs: {x: int}, stdin: $(inputs.x)", "stdin: a reference to one input file is needed"),
    ("inputs: {x: File}, arguments: ['$(inputs.x.listing[0].path)']", "listing is not available"),
    ("stdin: data.txt", "stdin: a reference to one input file"),
    (
        "inputs: {x: {type: File, default: {class: 3, location: x}}}",
        "inputs.x.default.class: File or Directory is needed, not 3",
    ),
    (
        "inputs: {x: {type: File, default: {class: File, location: /etc/x}}}",
        "inputs.x.default: a file in the folder",
    ),
    ("successCodes: [256]", "successCodes: 256 is not an exit code"),
    (
        "inputs: {x: File}, arguments: [$(inputs.x.contents)]",
        "arguments.0: $(inputs.x.contents) needs loadContents of x",
    ),
    (
        "inputs: {x: {type: File, inputBinding: {valueFrom: $(self.contents)}}}",
        "$(self.contents) needs loadContents of x",
    ),
    ("inputs: {x: {type: int, loadContents: true}}", "loadContents: is allowed only for files"),
    (listed("File"), "fields.f.type: a File in a list of records"),
    (listed("File[][]"), "f.type: a File in a list of records"),
    (
        "inputs: {x: {type: {type: array, items: {type: array, items:"
        " {type: record, fields: {f: File}}}}}}",
        "fields.f.type: a File in a list of records",
    ),
    ("inputs: {x: 'File[][]'}", "x.type: a File in inner lists is not supported"),
    ("inputs: {x: 'Directory[][][]'}", "a Directory in inner lists is not supported"),
    (listed("Any", ", inputBinding: {valueFrom: v}"), "valueFrom: is not supported"),
    (
        "inputs: {x: {type: {type: array, inputBinding: {}, items:"
        " {type: record, fields: {f: Any}, inputBinding: {}}}}}",
        "the records of the list already have a binding",
    ),
]


@pytest.mark.parametrize(("fields", "words"), UNSUPPORTED)
def test_unsupported_features_are_refused_by_name(fields: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_tool(tool(**yaml.safe_load(f"{{{fields}}}")), "tool.cwl")
    assert words in refused.value.message


def test_shell_quotes_need_a_shell() -> None:
    words = [{"valueFrom": "a > b", "shellQuote": False}]
    told = read_tool(tool(arguments=words), "tool.cwl").description
    assert build_argv(("x",), (), {}, told.invocation).argv == ["x", "a > b"]


def test_unquoted_text_is_read_by_the_shell() -> None:
    content = (CASES / "shell.cwl").read_bytes()
    told = read_tool(content, "shell.cwl").description
    values = {"said": "it's; echo $HOME", "many": ["c  d", "&"], "all": "{attempt}/outputs/all/x"}
    line = build_argv(told.command or (), told.arguments or (), values, told.invocation)
    assert line.argv[:2] == ["/bin/sh", "-c"] and len(line.argv) == 3
    done = subprocess.run(line.argv, capture_output=True, text=True, check=True)
    assert done.stdout == "IT'S; ECHO $HOME\na b c  d &\n"


def test_unknown_hints_are_reported() -> None:
    hints = {"SoftwareRequirement": {"packages": {}}, "NetworkAccess": {"networkAccess": True}}
    found = read_tool(tool(hints=hints, **{"x:y": 1}, cwlVersion="v1.0"), "tool.cwl")
    notes = " ".join(map(str, found.notes))
    for words in ("SoftwareRequirement is left out", "NetworkAccess", "x:y", "v1.0 is read as"):
        assert words in notes


def test_a_requirement_wins_over_a_hint() -> None:
    needs: dict[str, Any] = {"requirements": {"DockerRequirement": {"dockerPull": "one"}}}
    needs["hints"] = {
        "DockerRequirement": {"dockerPull": "two"},
        "ToolTimeLimit": {"timelimit": 5},
        "ResourceRequirement": {"coresMin": 2, "ramMin": 256},
        "WorkReuse": {"enableReuse": False},
    }
    resources = read_tool(tool(**needs), "tool.cwl").description.resources
    assert (resources.image, resources.timeout_seconds, resources.cpu) == ("one", 5, 2.0)
    assert (resources.memory_bytes, resources.cache) == (256 * 2**20, False)


def test_a_hinted_image_requires_no_container() -> None:
    hints = {"DockerRequirement": {"dockerPull": "one", "dockerOutputDirectory": "/x"}}
    found = read_tool(tool(hints=hints), "tool.cwl")
    assert "The image 'one'" in str(found.notes[0])
    told = found.description
    assert (told.resources.image, told.resources.hinted_image) == ("", "one")
    assert read_document(document_of(told)).description == told
    hints = {"DockerRequirement": {"dockerFile": "FROM x"}}
    found = read_tool(tool(hints=hints), "tool.cwl")
    assert found.description.resources == Resources()
    assert "specifies no image" in str(found.notes[0])


def test_amounts_are_rounded_up() -> None:
    needs = {"ResourceRequirement": {"coresMin": 1.25, "ramMin": 0.5, "tmpdirMax": 2.1}}
    told = read_tool(tool(requirements=needs), "tool.cwl")
    assert (told.description.resources.cpu, told.description.resources.memory_bytes) == (
        1.25,
        2**19,
    )
    assert (told.description.invocation.tmpdir_mib, told.description.invocation.outdir_mib) == (
        3,
        1024,
    )
    assert "disk space is not" in str(told.notes[0])


def test_lists_of_outputs_are_of_files_or_folders_or_both() -> None:
    outputs = {
        name: {"type": {"type": "array", "items": items}, "outputBinding": {"glob": "*"}}
        for name, items in (("a", "File"), ("b", "Directory"), ("c", ["Directory", "File"]))
    }
    told = read_tool(tool(outputs=outputs), "tool.cwl").description
    assert [one.reach.only for one in told.arguments or ()] == ["file", "folder", ""]  # type: ignore[union-attr]


def test_the_fields_of_a_record_are_outputs_and_keep_their_place() -> None:
    fields = {"file": "File", "size": "int"}
    outputs = {
        "made": {"type": {"type": "record", "fields": fields}},
        "plain": {"type": {"type": "record", "fields": {"n": "int"}}},
        "x": "int",
    }
    told = read_tool(tool(inputs={"x": "int"}, outputs=outputs), "tool.cwl").description
    keys = {a.name: a.reach.key for a in told.arguments or () if isinstance(a.reach, Found)}
    assert keys == {
        "made_file": ("made", "file"),
        "made_size": ("made", "size"),
        "plain": (),
        "x_out": ("x",),
    }


def test_contents_are_loaded_also_if_nothing_asks_for_them() -> None:
    inputs = {name: {"type": "File", "loadContents": True} for name in "ab"}
    told = read_tool(tool(inputs=inputs, arguments=["$(inputs.a.contents)"]), "tool.cwl")
    description = told.description
    assert description.invocation.loaded == ("b",)
    assert with_contents(description.invocation, description.arguments or ()) == {"a", "b"}
    assert read_document(document_of(description)).description == description


def test_an_output_has_the_format_of_an_input() -> None:
    edam = {"$namespaces": {"edam": "http://edamontology.org/"}}
    inputs = {"in-file": {"type": "File", "format": "edam:format_3752"}}
    output = {"type": "File", "format": "$(inputs['in-file'].format)"}
    outputs = {"out": {**output, "outputBinding": {"glob": "*"}}}
    told = read_tool(tool(inputs=inputs, outputs=outputs, **edam), "tool.cwl").description
    assert [one.format for one in told.arguments or ()] == ["csv", "csv"]
    outputs["out"]["format"] = "$(inputs.gone.format)"
    with pytest.raises(Invalid, match=r"outputs\.out\.format: references"):
        read_tool(tool(inputs=inputs, outputs=outputs, **edam), "tool.cwl")


def test_a_tool_of_a_graph_is_selected() -> None:
    one = json.loads(tool(id="#main", baseCommand="one"))
    two = json.loads(tool(id="#two", baseCommand="two"))
    for graph in ([two | {"id": "#x"}], [one, two], [two, {"class": "Workflow"}]):
        text = json.dumps({"cwlVersion": "v1.2", "$graph": graph}).encode()
        assert read_tool(text, "tool.cwl").description.command in (("one",), ("two",))
    with pytest.raises(Invalid, match="has: two, two"):
        read_tool(json.dumps({"$graph": [two, two]}).encode(), "tool.cwl")


def test_invalid_argument_names_are_changed() -> None:
    inputs = {"in-file": "File", "in_file": "int", "class": "int", "2nd": "int"}
    found = read_tool(tool(inputs=inputs, arguments=["$(inputs['in-file'].size)"]), "tool.cwl")
    assert found.description.arguments is not None
    names = [argument.name for argument in found.description.arguments]
    assert names == ["in_file", "in_file_2", "class_", "_2nd"]
    assert found.description.invocation.words[0].text == "$(inputs.in_file.size)"


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
