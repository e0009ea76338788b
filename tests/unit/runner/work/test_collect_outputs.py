"""What a program left in its working folder is taken to its outputs, and nothing else is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nbyard.reasons.structs import read_reason
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.work.collect_outputs import UNTOUCHED
from nbyard.runner.work.work_outcome import check_outputs

WORK = "outputs/.work"


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    (tmp_path / WORK / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.txt", ".hidden", "sub/c.txt"):
        (tmp_path / WORK / name).write_text(name)
    return tmp_path


def output(*patterns: str, **more: Any) -> dict[str, Any]:
    return {"path": "outputs/o", "patterns": [*patterns], "declared_in": "cwl.output.json", **more}


def look(attempt: Path, told: dict[str, Any]) -> tuple[list[str], str]:
    for name, one in told.items():
        one["path"] = f"outputs/{name}"
    present, broken = check_outputs(AttemptFolder(str(attempt)), told, WORK)
    return present, str(read_reason(broken["reason"])) if broken else ""


def left(attempt: Path, name: str) -> list[str]:
    folder = attempt / "outputs" / name
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_one_file_is_moved(attempt: Path) -> None:
    assert look(attempt, {"o": output("a.*")}) == (["o"], "")
    assert left(attempt, "o") == ["a.txt"] and not (attempt / WORK / "a.txt").exists()


def test_a_value_is_reported_by_its_key(attempt: Path) -> None:
    content = {"made": {"file": {"class": "File", "path": "a.txt"}, "n": {"x": 2}}, "o": 1}
    (attempt / WORK / "cwl.output.json").write_text(json.dumps(content))
    told = {"f": output(key=["made", "file"]), "n": output(key=["made", "n"]), "o": output()}
    told["none"] = output(key=["made", "n", "x", "y"], required=False)
    assert look(attempt, told) == (["f", "n", "o"], "")
    assert left(attempt, "f") == ["a.txt"]
    assert json.loads((attempt / "outputs/n/n.json").read_text()) == {"x": 2}


@pytest.mark.parametrize("folder", ["inputs", "code"])
def test_an_input_as_output_is_copied(attempt: Path, folder: str) -> None:
    """That of a default lies with the code."""
    (attempt / folder).mkdir()
    (attempt / folder / "in.txt").write_text("in")
    content = {"o": {"class": "File", "path": str(attempt / folder / "in.txt")}}
    (attempt / WORK / "cwl.output.json").write_text(json.dumps(content))
    assert look(attempt, {"o": output()}) == (["o"], "")
    assert left(attempt, "o") == ["in.txt"] and (attempt / folder / "in.txt").exists()


def test_a_value_may_be_an_input(attempt: Path) -> None:
    (attempt / "inputs/in").mkdir(parents=True)
    for name in ("in.txt", "in.txt.idx"):
        (attempt / "inputs/in" / name).write_text(name)
    file = {"class": "File", "path": "{attempt}/inputs/in/in.txt"}
    told = {"o": output(value=[{"is": file}]), "i": output(beside="o", pattern=".idx")}
    told["text"] = output(value=[{"is": "{attempt}/inputs"}])
    (attempt / WORK / "left").write_text("{attempt}/mine")
    told["left"] = output("left", value=[{"of": ["self", "0", "contents"]}])
    assert look(attempt, told) == (["o", "i", "text", "left"], "")
    assert json.loads((attempt / "outputs/left/left.json").read_text()) == "{attempt}/mine"
    assert (left(attempt, "o"), left(attempt, "i")) == (["in.txt"], ["in.txt.idx"])
    assert (attempt / "inputs/in/in.txt").exists()
    assert json.loads((attempt / "outputs/text/text.json").read_text()) == str(attempt / "inputs")


def test_files_of_several_outputs_are_copied_for_each(attempt: Path) -> None:
    told = {"all": output("*.txt", several=True), "one": output("b.txt")}
    told["files"] = output("*.txt", several=True, only="file")
    told["folders"] = output("sub", several=True, only="folder")
    told["both"] = output("*", several=True)
    told["sub"] = output("sub", format="folder")
    told["inner"] = output("sub/*")
    told["whole"] = output(".", format="folder")
    assert look(attempt, told) == (list(told), "")
    assert left(attempt, "all") == ["a.txt", "b.txt"] and left(attempt, "one") == ["b.txt"]
    assert left(attempt, "sub") == ["sub", "sub/c.txt"] and left(attempt, "inner") == ["c.txt"]
    assert left(attempt, "files") == ["a.txt", "b.txt"]
    assert left(attempt, "folders") == ["sub", "sub/c.txt"]
    assert left(attempt, "both") == ["a.txt", "b.txt", "sub", "sub/c.txt"]
    assert "whole/sub/c.txt" in left(attempt, "whole")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (output("x*"), "in the working folder matches x*"),
        (output("*.txt"), "2 files match where one is expected: a.txt, b.txt"),
        (output("sub"), "sub is a folder where a file is expected"),
        (output("a.txt", format="folder"), "a.txt is not a folder"),
        (output("[as]*", several=True, only="file"), "sub is a folder where a file is expected"),
        (output("[as]*", several=True, only="folder"), "a.txt is not a folder"),
        (output("out"), "points outside the attempt's folder"),
        (output("up/*"), "points outside the attempt's folder"),
        (output(), "in the working folder matches cwl.output.json"),
    ],
)
def test_invalid_outputs_are_refused(attempt: Path, told: dict[str, Any], words: str) -> None:
    (attempt / "task.json").write_text("{}")
    (attempt / WORK / "out").symlink_to("/etc/hostname")
    (attempt / WORK / "up").symlink_to(attempt)
    present, message = look(attempt, {"o": told})
    assert present == [] and words in message


def test_a_link_to_an_input_is_its_bytes(attempt: Path) -> None:
    (attempt / "inputs").mkdir()
    (attempt / "inputs/x").write_text("input")
    (attempt / WORK / "link").symlink_to(attempt / "inputs/x")
    assert look(attempt, {"o": output("link")}) == (["o"], "")
    taken = attempt / "outputs/o/link"
    assert taken.read_text() == "input" and not taken.is_symlink()


def test_an_optional_output_may_be_missing(attempt: Path) -> None:
    told = {"o": output("x", required=False), "many": output("x", several=True)}
    (attempt / "outputs/many").mkdir()
    assert look(attempt, told) == (["many"], "")


def test_outputs_reported_by_the_program_are_used(attempt: Path) -> None:
    said = {
        "file": {"class": "File", "path": "a.txt"},
        "many": [{"class": "File", "location": "b.txt"}],
        "count": 3,
        "none": None,
    }
    (attempt / WORK / "cwl.output.json").write_text(json.dumps(said))
    told = {"file": output("b.txt"), "many": output(several=True), "count": output()}
    told["none"] = output("a.txt", required=False)
    assert look(attempt, told) == (["file", "many", "count"], "")
    assert left(attempt, "file") == ["a.txt"] and left(attempt, "many") == ["b.txt"]
    assert (attempt / "outputs/count/count.json").read_text() == "3"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "is not a JSON object of at most"),
        ('{"o": {"class": "File", "path": "../../task.json"}}', "which was not found"),
        ('{"o": {"class": "File", "path": "/etc/hostname"}}', "which was not found"),
        ('{"o": {"class": "File"}}', "which was not found"),
    ],
)
def test_invalid_reports_of_the_program_are_refused(attempt: Path, said: str, words: str) -> None:
    (attempt / "task.json").write_text("{}")
    (attempt / WORK / "cwl.output.json").write_text(said)
    assert words in look(attempt, {"o": output("a.txt")})[1]


def test_a_companion_of_another_output(attempt: Path) -> None:
    """By its name, wherever the other was found; one that lacks it may not be there."""
    for name in ("a.txt.idx", "a.map"):
        (attempt / WORK / name).write_text(name)
    told = {"idx": output(beside="o", pattern=".idx"), "o": output("a.txt")}
    told["map"] = output(beside="o", pattern="^.map")
    told["none"] = output(beside="o", pattern=".none", required=False)
    present, broken = look(attempt, told)
    assert (sorted(present), broken) == (["idx", "map", "o"], "")
    assert left(attempt, "idx") == ["a.txt.idx"] and left(attempt, "map") == ["a.map"]
    lacking = {"b": output("b.txt"), "gone": output(beside="b", pattern=".idx")}
    assert "'gone' is missing" in look(attempt, lacking)[1]


def test_values_of_matching_files_are_evaluated(attempt: Path) -> None:
    """A value becomes JSON, a file is collected, and null is nothing."""
    contents = [{"of": ["self", "0", "contents"]}]
    told = {"text": output("b.txt", value=contents)}
    told["code"] = output(value=[{"of": ["runtime", "exitCode"]}])
    told["first"] = output("*.txt", value=[{"of": ["self", "0"]}])
    told["all"] = output("*.txt", value=[{"of": ["self"]}], several=True)
    told["empty"] = output("*.gone", value=[{"of": ["self"]}], several=True)
    told["idx"] = output(beside="first", value=[{"of": ["self", "nameroot"]}, {"is": ".idx"}])
    told["null"] = output(value=[{"is": None}], required=False)
    (attempt / WORK / "a.idx").write_text("i")
    for name in ("all", "empty"):
        (attempt / "outputs" / name).mkdir(parents=True)
    assert look(attempt, told) == (["text", "code", "first", "all", "empty", "idx"], "")
    assert (attempt / "outputs/text/text.json").read_text() == '"b.txt"'
    assert (attempt / "outputs/code/code.json").read_text() == "0"
    assert left(attempt, "first") == ["a.txt"] and left(attempt, "all") == ["a.txt", "b.txt"]
    assert left(attempt, "empty") == [] and left(attempt, "idx") == ["a.idx"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (output("*.gone", value=[{"of": ["self", "0", "contents"]}]), "there is no '0'"),
        (output("a.txt", value=[{"is": None}]), "its value is null"),
        (output("sub", value=[{"of": ["self", "0", "size"]}]), "there is no 'size'"),
    ],
)
def test_invalid_expressions_are_refused(attempt: Path, told: dict[str, Any], words: str) -> None:
    assert words in look(attempt, {"o": told})[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"x" * 65537, "a.txt has more than 64 KiB"), (b"\xff", "a.txt is not UTF-8 text (byte 0)")],
)
def test_contents_are_short_texts(attempt: Path, content: bytes, words: str) -> None:
    (attempt / WORK / "a.txt").write_bytes(content)
    told = {"o": output("a.txt", value=[{"of": ["self", "0", "contents"]}])}
    assert words in look(attempt, told)[1]


def test_contents_are_read_on_request(attempt: Path) -> None:
    (attempt / WORK / "a.txt").write_bytes(b"\xff" * 65537)
    told = {"o": output("a.txt", value=[{"of": ["self", "0", "size"]}])}
    assert look(attempt, told) == (["o"], "")
    assert (attempt / "outputs/o/o.json").read_text() == "65537"


def test_a_caret_removes_the_extension_of_a_hidden_file(attempt: Path) -> None:
    """As on the server, which says before the work how the file is called."""
    (attempt / WORK / ".idx").write_text("i")
    told = {"o": output(".hidden"), "idx": output(beside="o", pattern="^.idx")}
    assert look(attempt, told) == (["o", "idx"], "")
    assert left(attempt, "idx") == [".idx"]


def test_a_file_may_be_its_own_companion(attempt: Path) -> None:
    own = {"pattern": "^.txt", "value": [], "required": True}
    (attempt / "outputs/o").mkdir(parents=True)
    told = {"o": output("*.txt", several=True, companions=[own])}
    assert look(attempt, told) == (["o"], "")
    assert left(attempt, "o") == ["a.txt", "b.txt"]


def test_companions_of_several_files_are_collected(attempt: Path) -> None:
    """Each companion is collected once. A missing required one is reported."""
    (attempt / WORK / "a.txt.idx").write_text("i")
    idx = {"pattern": ".idx", "value": [], "required": False}
    told = {"o": output("*.txt", "*.idx", several=True, companions=[idx])}
    (attempt / "outputs/o").mkdir(parents=True)
    lacking = {"o": output("*.txt", several=True, companions=[{**idx, "required": True}])}
    assert "b.txt.idx is missing" in look(attempt, lacking)[1]
    assert look(attempt, told) == (["o"], "")
    assert left(attempt, "o") == ["a.txt", "a.txt.idx", "b.txt"]


def written(attempt: Path, path: str = "r.csv", **more: Any) -> dict[str, Any]:
    return {"path": f"outputs/o/{Path(path).name}", "at": f"code/{path}", **more}


def test_written_files_are_collected_from_their_path(attempt: Path) -> None:
    """A file, and a folder into the one that is expected."""
    (attempt / "code/out").mkdir(parents=True)
    (attempt / "outputs/o").mkdir()
    (attempt / "outputs/f").mkdir()
    (attempt / "code/r.csv").write_text("r")
    (attempt / "code/out/x").write_text("x")
    told = {"o": written(attempt), "f": written(attempt, "out", format="folder")}
    told["f"]["path"] = "outputs/f/out"
    assert check_outputs(AttemptFolder(str(attempt)), told) == (["o", "f"], None)
    assert left(attempt, "o") == ["r.csv"] and left(attempt, "f") == ["out", "out/x"]
    assert not (attempt / "code/r.csv").exists()


@pytest.mark.parametrize("seconds", [0, 1])
def test_written_files_may_have_any_usual_time(attempt: Path, seconds: int) -> None:
    """As with SOURCE_DATE_EPOCH, or `cp -p` from the store of Nix."""
    (attempt / "code").mkdir()
    (attempt / "outputs/o").mkdir()
    (attempt / "code/r.csv").write_text("new")
    os.utime(attempt / "code/r.csv", (seconds, seconds))
    assert check_outputs(AttemptFolder(str(attempt)), {"o": written(attempt)}) == (["o"], None)


def test_only_new_files_of_a_folder_are_collected(attempt: Path) -> None:
    """Old files stay behind with their folders, and alone they are no output."""
    (attempt / "outputs/o").mkdir()
    for name in ("a.png", "sub/deep/b.png"):
        file = attempt / "code/plots" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("old")
        os.utime(file, (UNTOUCHED, UNTOUCHED))
    told = {"o": written(attempt, "plots", format="folder")}
    present, broken = check_outputs(AttemptFolder(str(attempt)), told)
    assert present == [] and broken
    assert " plots contains no file" in str(read_reason(broken["reason"]))
    (attempt / "code/plots/sub/c.png").write_text("new")
    assert check_outputs(AttemptFolder(str(attempt)), told) == (["o"], None)
    assert left(attempt, "o") == ["plots", "plots/sub", "plots/sub/c.png"]


def test_unwritten_outputs_are_missing(attempt: Path) -> None:
    """Not there, there from before, and a link that leads out."""
    (attempt / "code").mkdir()
    (attempt / "outputs/o").mkdir()
    place = attempt / "code/r.csv"

    def problem() -> str:
        _, broken = check_outputs(AttemptFolder(str(attempt)), {"o": written(attempt)})
        return str(broken and str(read_reason(broken["reason"])))

    assert problem().endswith(" r.csv was not written")
    place.write_text("old")
    os.utime(place, (UNTOUCHED, UNTOUCHED))
    assert ": r.csv is unchanged" in problem()
    place.unlink()
    place.symlink_to("/etc/hostname")
    assert "points outside" in problem()
    place.unlink()
    place.mkdir()
    assert "a folder where" in problem()
