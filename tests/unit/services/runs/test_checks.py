"""A3: what a run could not begin with is told before anything is made."""

import msgspec
import pytest

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound


def test_what_is_not_there_is_refused_and_nothing_is_made(yard, ann, root):
    (root / "Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    (root / "a.csv").write_text("a\n")
    runs = yard.services.runs
    body = NewRun(
        path="Dockerfile",
        runtime="docker",
        texts={"data": "a.csv"},
        arguments=[Argument("data", role="input", required=True)],
    )
    assert sorted(runs.check(ann, body).nodes) == ["in_data", "main"]
    for changes, error, words in (
        ({"texts": {"data": "none.csv"}}, Invalid, "parameters.data: there is no file"),
        ({"texts": {}}, Invalid, "parameters.data: choose a file, dataset or artifact"),
        ({"runtime": "nowhere"}, Invalid, "runtime"),
        ({"gpu": 99}, Invalid, "gpu"),
        ({"path": "none/Dockerfile"}, NotFound, "no file"),
    ):
        with pytest.raises(error, match=words):
            runs.check(ann, msgspec.structs.replace(body, **changes))
    assert runs.list(ann).items == []


def test_several_files_are_a_folder_or_one_file(yard, ann, root):
    """E13: as the message says; one file is a list of one."""
    (root / "Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    (root / "a.csv").write_text("a\n")
    (root / "many").mkdir()
    several = Argument("files", role="input", type="list", format="folder", required=True)
    body = NewRun(path="Dockerfile", runtime="docker", arguments=[several])
    runs = yard.services.runs
    with pytest.raises(Invalid, match="a file or a folder with several files is") as refused:
        runs.check(ann, body)
    assert refused.value.hint == "From a shell: --input-file files=path"
    for given in ("a.csv", "many"):
        runs.check(ann, msgspec.structs.replace(body, texts={"files": given}))
        assert runs.create(ann, msgspec.structs.replace(body, texts={"files": given})).id
