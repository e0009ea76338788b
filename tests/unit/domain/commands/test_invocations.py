"""Words, variables, streams and files of a command with a working folder of its own."""

import json
from typing import Any

import msgspec
import pytest

from nbyard.domain.arguments.bindings import (
    Beside,
    Bound,
    Companion,
    Found,
    Option,
    Referenced,
    Stderr,
    Stdout,
)
from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.commands.command_line import build_argv, check_command
from nbyard.domain.commands.invocations import (
    Invocation,
    PlacedFile,
    ReferenceContext,
    WorkFile,
    input_places,
    with_contents,
)
from nbyard.errors import Invalid

DATA = Argument("data", "input", required=True, reach=Referenced())


def line_of(invocation: Invocation, *arguments: Argument, **values: Any) -> Any:
    return build_argv(["run"], arguments, values, invocation, ReferenceFacts(2, 2**30, {"data": 3}))


def test_bound_arguments_follow_all_others() -> None:
    told = Invocation(words=(Bound(3, text="$(runtime.cores)"), Bound(1, "-p", text="x")))
    found = line_of(
        told,
        Argument("n", type="int", reach=Bound(2, "-n", joined=True)),
        Argument("o", reach=Option("--o")),
        n=-5,
        o="a",
    )
    assert found.argv == ["run", "--o", "a", "-p", "x", "-n-5", "2"]


def test_self_of_a_fixed_word_is_null() -> None:
    told = Invocation(words=(Bound(0, text="$(self)"), Bound(1, "-n", text="x$(self)")))
    assert line_of(told).argv == ["run", "-n", "xnull"]
    assert with_contents(told, [DATA]) == set()


@pytest.mark.parametrize(
    ("bound", "value", "words"),
    [
        (Bound(prefix="-v"), True, ["-v"]),
        (Bound(prefix="-v"), False, []),
        (Bound(), True, []),
        (Bound(prefix="-v"), None, []),
        (Bound(prefix="-v"), [], []),
        (Bound(prefix="-v"), {"a": 1}, ["-v"]),
        (Bound(), "-x", ["-x"]),
        (Bound(), 1e-7, ["0.0000001"]),
        (Bound(), 1.23e5, ["123000"]),
        (Bound(prefix="-v", separator=","), [1, 2], ["-v", "1,2"]),
        (
            Bound(prefix="-v", each=Bound(prefix="-w", joined=True)),
            ["a", "b"],
            ["-v", "-wa", "-wb"],
        ),
        (Bound(text="$(self[0])"), ["a", "b"], ["a"]),
        (Bound(prefix="-v", text="$(self)"), ["a", "b"], ["-v", "a", "b"]),
        (Bound(each=Bound(separator="+")), [[1, 2], [3]], ["1+2", "3"]),
    ],
)
def test_values_become_arguments(bound: Bound, value: Any, words: list[str]) -> None:
    argument = Argument("x", type="json", nullable=True, reach=bound)
    assert line_of(Invocation(), argument, x=value).argv[1:] == words


def test_files_variables_and_streams() -> None:
    told = Invocation(
        apart=True,
        variables={"WHERE": "$(inputs.data.path)", "SIZE": "$(inputs.data.size)"},
        files=(WorkFile("$(inputs.data)", "in/x.csv"), WorkFile("n = $(inputs.n)", "n.cfg", True)),
        stdout="$(inputs.data.nameroot).out",
        words=(Bound(0, text="$(inputs.data)"),),
    )
    found = line_of(told, DATA, Argument("n", type="int", reach=Referenced()),
                    data="{attempt}/inputs/data/d.csv", n=3)  # fmt: skip
    assert found.argv == ["run", "{attempt}/outputs/.work/in/x.csv"]
    assert found.environment == {"WHERE": "{attempt}/outputs/.work/in/x.csv", "SIZE": "3"}
    assert found.stdout == "outputs/.work/x.out"
    assert found.files == (
        PlacedFile("in/x.csv", "{attempt}/inputs/data/d.csv", "", False),
        PlacedFile("n.cfg", "", "n = 3", True),
    )


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", ".", "a/.."])
def test_nothing_is_written_outside_the_working_folder(name: str) -> None:
    for told in (Invocation(apart=True, files=(WorkFile("x", name),)),
                 Invocation(apart=True, stdout=name)):  # fmt: skip
        with pytest.raises(Invalid, match="inside the working folder"):
            line_of(told)


def test_many_files_are_a_folder() -> None:
    argument = Argument("many", "input", "list", "folder", reach=Bound(separator=","))
    facts = ReferenceFacts(files={"many": ["a", "b"]})
    values = {"many": "{attempt}/inputs/many/d"}
    found = build_argv(["run"], [argument], values, Invocation(), facts)
    assert found.argv[1] == "{attempt}/inputs/many/d/a,{attempt}/inputs/many/d/b"


def test_patterns_are_names_in_the_working_folder() -> None:
    context = ReferenceContext(
        Invocation(apart=True), [DATA], {"data": "{attempt}/inputs/data/d.x"}, ReferenceFacts()
    )
    texts = ["*.txt", "$(inputs.data.nameroot).y", "$(runtime.outdir)", "."]
    assert context.patterns(texts, "f") == ["*.txt", "d.y", ".", "."]
    with pytest.raises(Invalid):
        context.patterns(["$(inputs.data.path)/../../x"], "f")


@pytest.mark.parametrize(
    ("invocation", "argument", "words"),
    [
        (Invocation(words=(Bound(1), Bound(1))), DATA, "position can be used only once"),
        (Invocation(variables={"PATH": "x"}), DATA, "PATH may not be set"),
        (Invocation(stdout="x"), DATA, "need a separate working folder"),
        (
            Invocation(),
            Argument("o", "output", reach=Found(("x",))),
            "need a separate working folder",
        ),
        (
            Invocation(apart=True),
            Argument("o", "output", reach=Found(("/x",))),
            "is not a pattern relative to",
        ),
        (
            Invocation(apart=True),
            Argument("o", "output", reach=Bound()),
            "an output gets a path only as",
        ),
        (Invocation(apart=True), Argument("o", reach=Bound(joined=True)), "needs a prefix"),
        (Invocation(apart=True, stderr="x"), Argument("o", "output", reach=Stderr()), "already"),
    ],
)
def test_impossible_commands_are_refused(
    invocation: Invocation, argument: Argument, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        check_command(["run"], [argument], invocation)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (Argument("o", reach=Found()), "only an output can be collected"),
        (Argument("o", reach=Stdout()), "only an output can be standard output"),
        (Argument("o", reach=Stderr()), "only an output can be standard error"),
        (Argument("o", items="int"), "items need the type list"),
    ],
)
def test_invalid_arguments_are_refused(argument: Argument, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_arguments([argument])


def test_items_of_a_list_are_checked() -> None:
    numbers = Argument("n", type="list", items="int", reach=Bound())
    assert line_of(Invocation(), numbers, n=[1, 2.0]).argv[1:] == ["1", "2"]
    with pytest.raises(Invalid, match=r"arguments.n.1: .* number"):
        line_of(Invocation(), numbers, n=[1, "x"])


def test_a_reference_with_a_line_break_is_a_text() -> None:
    told = Invocation(apart=True, files=(WorkFile("$(inputs.data)\n", "data.json"),))
    (file,) = line_of(told, DATA, data="{attempt}/inputs/data/d.csv").files
    assert file.source == "" and file.text.endswith("}\n")
    assert json.loads(file.text)["basename"] == "d.csv"


def test_references_know_the_resources() -> None:
    told = Invocation(words=(Bound(text="=$(runtime)"),), apart=True, outdir_mib=5)
    facts = ReferenceFacts(cores=2, memory_bytes=2**20 + 1)
    (word,) = build_argv([], [], {}, told, facts).argv
    assert json.loads(word[1:]) == {
        "cores": 2,
        "ram": 2,
        "outdir": "{attempt}/outputs/.work",
        "outdirSize": 5,
        "tmpdir": "{attempt}/outputs/.tmp",
        "tmpdirSize": 1024,
    }


FILES_BESIDE = [
    Argument("idx", "input", reach=Beside("reads", ".idx")),
    Argument("reads", "input", reach=Bound()),
    Argument("map", "input", nullable=True, default=None, reach=Beside("reads", "^.map")),
]


def test_companions_are_placed_beside_their_file() -> None:
    check_arguments(FILES_BESIDE)
    given = {"idx": "other.idx", "reads": "a.bam"}
    places = {"reads": "inputs/reads/a.bam", "idx": "inputs/reads/a.bam.idx"}
    assert input_places(FILES_BESIDE, given) == places
    assert input_places(FILES_BESIDE, {"idx": "x"}) == {"idx": "inputs/idx/x"}, "a default stays"
    same = [*FILES_BESIDE, Argument("more", "input", reach=Beside("reads", ".idx"))]
    with pytest.raises(Invalid, match=r"a\.bam\.idx is already"):
        input_places(same, {**given, "more": "x"})


def test_companions_of_an_input_move_with_it() -> None:
    told = Invocation(apart=True, files=(WorkFile("$(inputs.reads)", "b.bam"),))
    values = {"reads": "{attempt}/inputs/reads/a.bam", "idx": "{attempt}/inputs/reads/a.bam.idx"}
    line = build_argv(["x"], FILES_BESIDE, values, told)
    assert [file.name for file in line.files] == ["b.bam.idx", "b.bam"]
    assert line.argv[1:] == ["{attempt}/outputs/.work/b.bam"]


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        (Beside("gone", ".i"), "there is no input 'gone'"),
        (Beside("i", ".i"), "there is no input 'i'"),
        (Beside("reads", "^"), "does not produce a file name"),
        (Beside("reads", "/i"), "does not produce a file name"),
        (Beside("reads", "$(inputs.x).i"), r"\$\(inputs.x\) is not supported here"),
    ],
)
def test_impossible_companions_are_refused(reach: Beside, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_arguments([*FILES_BESIDE, Argument("i", "input", reach=reach)])


def test_listed_files_bring_their_companions() -> None:
    """They are in references and in the working folder."""
    many = Argument("many", "input", type="list", format="folder", reach=Bound())
    many = msgspec.structs.replace(many, companions=(Companion(".i"), Companion("^.m", False)))
    check_arguments([many])
    word = Bound(text="$(inputs.many[0].secondaryFiles[0].path)", position=1)
    told = Invocation(apart=True, files=(WorkFile("$(inputs.many)"),), words=(word,))
    values = {"many": "{attempt}/inputs/many/f"}
    facts = ReferenceFacts(files={"many": ["a", "a.i", "b", "b.i", "b.m"]})
    line = build_argv(["x"], [many], values, told, facts)
    assert [file.name for file in line.files] == ["a.i", "a", "b.i", "b.m", "b"]
    work = "{attempt}/outputs/.work"
    assert line.argv[1:] == [f"{work}/a", f"{work}/b", f"{work}/a.i"]
    lacking = ReferenceFacts(files={"many": ["a", "a.i", "b"]})
    with pytest.raises(Invalid, match=r"inputs.many: b\.i .* b"):
        build_argv(["x"], [many], values, told, lacking)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "string"}, "only a list of files can have companions"),
        ({"role": "value"}, "only a list of files can have companions"),
        ({"companions": (Companion("../x"),)}, "does not produce a file name"),
    ],
)
def test_invalid_companions_are_refused(changes: dict[str, Any], words: str) -> None:
    many = Argument("many", "input", type="list", format="folder", companions=(Companion(".i"),))
    with pytest.raises(Invalid, match=words):
        check_arguments([msgspec.structs.replace(many, **changes)])
