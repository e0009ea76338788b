"""Files and folders are objects for references."""

import pytest

from nbyard.domain.arguments.bindings import Bound, Companion, Referenced, Stdin
from nbyard.domain.arguments.file_objects import ReferenceFacts, as_file_object, change_path
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import build_argv, check_command
from nbyard.domain.commands.invocations import Invocation
from nbyard.errors import Invalid

TREE = Argument("tree", "input", format="folder", reach=Referenced())
FACTS = ReferenceFacts(listings={"tree": {"a.txt": 3, "sub": {"b": 0}}})


def test_a_folder_lists_its_content_on_request() -> None:
    found = as_file_object(TREE, "{attempt}/inputs/tree/x", FACTS)
    assert [one["basename"] for one in found["listing"]] == ["a.txt", "sub"]
    assert found["listing"][0]["size"] == 3
    assert found["listing"][1]["listing"][0]["path"] == "{attempt}/inputs/tree/x/sub/b"
    assert "listing" not in as_file_object(TREE, "{attempt}/inputs/tree/x", ReferenceFacts())


def test_content_of_a_folder_moves_with_it() -> None:
    found = as_file_object(TREE, "{attempt}/inputs/tree/x", FACTS)
    change_path(found, "/w/y")
    assert (found["basename"], found["listing"][0]["path"]) == ("y", "/w/y/a.txt")
    assert found["listing"][1]["listing"][0]["dirname"] == "/w/y/sub"


def test_a_file_may_be_its_own_companion() -> None:
    """As the runner takes the files of an output: a pattern may give the name of the item."""
    own, idx = Companion("^.txt"), Companion(".idx")
    many = Argument("many", "input", type="list", reach=Bound(), companions=(own, idx))
    files = ReferenceFacts(files={"many": ["a.txt", "a.txt.idx"]})
    (found,) = as_file_object(many, "/many", files)
    assert [one["basename"] for one in found["secondaryFiles"]] == ["a.txt.idx"]
    with pytest.raises(Invalid, match=r"a\.txt\.idx .* next to a\.txt"):
        as_file_object(many, "/many", ReferenceFacts(files={"many": ["a.txt"]}))


@pytest.mark.parametrize(
    ("text", "place"),
    [("$(inputs.tree.listing[1].listing[0].path)", "inputs/tree/x/sub/b"), ("$(null)", "")],
)
def test_standard_input_is_a_file_that_references_name(text: str, place: str) -> None:
    given = {"tree": "{attempt}/inputs/tree/x"}
    assert build_argv(["x"], [TREE], given, Invocation(stdin=text), FACTS).stdin == place


@pytest.mark.parametrize("text", ["$(inputs.n)", "{attempt}/../x"])
def test_only_the_exact_text_is_standard_input(text: str) -> None:
    with pytest.raises(Invalid, match="stdin: "):
        build_argv(["x"], [Argument("n", reach=Bound())], {"n": "/x"}, Invocation(stdin=text))


def test_standard_input_is_used_once() -> None:
    data = Argument("data", "input", reach=Stdin())
    with pytest.raises(Invalid, match="already uses stdin"):
        check_command(("x",), [data], Invocation(stdin="$(inputs.data.path)"))
