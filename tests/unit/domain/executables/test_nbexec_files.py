"""Corrections in a description override what the file says."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import File, Flag, Option, Positional
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.nbexec_files import (
    Description,
    apply_description,
    description_file,
    read_description,
)
from nbyard.domain.executables.structs import Resources
from nbyard.errors import Invalid

NAMES = st.sampled_from(["alpha", "raw", "model", "seed"])
ARGUMENTS = st.lists(
    st.builds(
        Argument,
        NAMES,
        role=st.sampled_from(["input", "output", "value"]),
        type=st.sampled_from(["string", "float"]),
        format=st.sampled_from(["", "csv"]),
        required=st.booleans(),
        nullable=st.booleans(),
        default=st.just(msgspec.UNSET) | st.none() | st.sampled_from(["x", 0.5]),
        help=st.sampled_from(["", "Größe"]),
        reach=st.none() | st.just(Option("--a", True)) | st.just(Positional(1)),
    ),
    max_size=4,
    unique_by=lambda argument: argument.name,
).map(tuple)
RESOURCES = st.builds(Resources, cpu=st.none() | st.just(0.5), image=st.sampled_from(["", "img"]))


@given(
    st.builds(
        Description,
        name=st.sampled_from(["", "Clean – 2"]),
        kind=st.sampled_from(["", "command"]),
        arguments=st.none() | ARGUMENTS,
        command=st.none() | st.just(("python3", "{file}")),
        resources=RESOURCES,
    )
)
def test_a_written_file_is_read_back(description):
    text = description.text()
    assert read_description(text.encode(), "a.py.nbexec") == description
    assert read_description(text.encode(), "a.py.nbexec").text() == text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not valid JSON"),
        (b"[]", "Expected `object`"),
        (b'{"version": 2}', "version 2 is not known; upgrade nbyard"),
        (b'{"version": 1, "argumens": []}', "argumens"),
        (b'{"version": 1, "arguments": [{"name": "a", "roel": "input"}]}', "roel"),
        (b'{"version": 1, "arguments": [{"name": "a", "type": "colour"}]}', "colour"),
        (b'{"version": 1, "resources": {"gpus": 1}}', "gpus"),
        (b'{"version": 1, "command": "python3 x.py"}', "command"),
        (b'{"version": 1, "name": "a", "name": "b"}', "appears twice"),
        (b'{"version": 1, "name": "\\ud800"}', "surrogate"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_refusal_names_the_file(content, words):
    with pytest.raises(Invalid) as caught:
        read_description(content, "train.py.nbexec")
    assert words in caught.value.message
    assert caught.value.details[0].path == "train.py.nbexec"


def test_the_file_is_beside_the_code():
    assert description_file("train.ipynb") == "train.ipynb.nbexec"


OWN = [Argument("raw", default="a.csv", help="own"), Argument("alpha", type="float", default=0.5)]


def test_a_notebook_keeps_its_list_and_its_defaults():
    told = [
        Argument("raw", role="input", format="csv", default="other.csv", required=True),
        Argument("gone", role="output"),
    ]
    assert apply_description(OWN, told, keeps_list=True) == [
        Argument("raw", role="input", format="csv", default="a.csv", help="own"),
        OWN[1],
    ]
    without = apply_description([Argument("raw")], told, keeps_list=True)[0]
    assert without.required
    assert without.default is msgspec.UNSET


def test_a_command_has_the_declared_arguments():
    told = [Argument("n", type="int", reach=Positional(0))]
    assert apply_description(OWN, told, keeps_list=False) == told
    assert apply_description(OWN, [], keeps_list=False) == []
    assert (
        apply_description(OWN, None, keeps_list=False)
        == apply_description(OWN, None, keeps_list=True)
        == OWN
    )


def test_unreadable_code_has_the_declared_arguments() -> None:
    told = [Argument("alpha", type="float", default=0.5)]
    assert apply_description(None, told, keeps_list=True) == told
    assert apply_description(None, None, keeps_list=True) == []


@given(ARGUMENTS, ARGUMENTS)
def test_correction_of_a_notebook_never_changes_names_or_defaults(own, told):
    found = apply_description(own, told, keeps_list=True)
    assert [(a.name, a.default) for a in found] == [(a.name, a.default) for a in own]
    assert apply_description(found, told, keeps_list=True) == found
    roles = {a.name: a.role for a in told}
    assert all(a.role == roles.get(a.name, a.role) for a in found)


def test_an_argument_is_passed_by_name_by_default():
    told = (
        Argument("in_file", role="input"),
        Argument("quick", type="bool"),
        Argument("n", reach=Positional(0)),
    )
    reaches = [argument.reach for argument in apply_description([], told, False)]
    assert reaches == [Option("--in-file"), Flag("--quick"), Positional(0)]


CODES = [Argument("alpha"), Argument("seed")]
FILE = Argument("result", "output", default="r.csv", reach=File("r.csv"))


@pytest.mark.parametrize("keeps_list", [False, True])
def test_files_that_the_code_opens_are_added(keeps_list):
    """Without other ports, they leave the code's own list unchanged, also for scripts."""
    assert apply_description(CODES, (FILE,), keeps_list) == [*CODES, FILE]
    assert apply_description(None, (FILE,), keeps_list) == [FILE]
    told = (Argument("seed", type="int", reach=Option("--seed")), FILE)
    found = [one.name for one in apply_description(CODES, told, keeps_list)]
    assert found == (["alpha", "seed", "result"] if keeps_list else ["seed", "result"])
