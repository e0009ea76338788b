"""Tools of CWL v1.2 run from a real shell with the command lines and outputs that the standard
requires. The tools of `tests/cases/cwl` were written from the specification; `source` names its
section. If cwltool is installed, its results must be equal."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.forked_shells import ForkedShell, StoreShell

CASES = Path(__file__).resolve().parents[1] / "cases" / "cwl"
FOUND: list[dict[str, Any]] = json.loads((CASES / "cases.json").read_text())
PEER = shutil.which("cwltool")


@pytest.fixture(scope="module")
def shell(
    forked_shell: ForkedShell, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoreShell]:
    """Provide one store and one dispatcher for all tools; each tool has a folder of its own."""
    made = StoreShell(forked_shell, tmp_path_factory.mktemp("cwl") / "store")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def laid_out(case: dict[str, Any], folder: Path) -> None:
    """Write the tool, and the files of the case beside it."""
    for name, content in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for name in (f"{case['tool']}.cwl", "beside.txt"):
        shutil.copy(CASES / name, folder / name)
    shutil.copytree(CASES / "parts", folder / "parts", dirs_exist_ok=True)


def with_beside(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [file, *file.get("secondaryFiles", [])]


def are_files(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(one, dict) and "class" in one for one in value
    )


def bytes_of(store: Path, digest: str) -> str:
    name = digest.partition(":")[2][2:]
    (blob,) = [path for path in (store / "blobs").rglob(f"*{name}") if path.is_file()]
    return blob.read_text()


def shown(store: Path, artifact: dict[str, Any]) -> Any:
    """Return a file as its name, a folder as its entries, and a value unchanged."""
    content = bytes_of(store, artifact["digest"])
    if artifact["format"] == "folder":
        entries = json.loads(content)["files"]
        return {entry["path"]: bytes_of(store, entry["digest"]) for entry in entries}
    if artifact["filename"] == f"{artifact['name']}.json":
        return json.loads(content)
    return {artifact["filename"]: content}


def without_folders(text: str) -> list[str]:
    """Return a command line without the folders of its files."""
    return [re.sub(r"/[^\s,:=]*/(?=[^/\s,:=]+)", "…/", word) for word in json.loads(text)]


@pytest.mark.sample(5)
@pytest.mark.parametrize("case", FOUND, ids=[case["tool"] for case in FOUND])
def test_tool_receives_its_command_line_and_writes_its_outputs(
    case: dict[str, Any], folder: Path, shell: StoreShell
) -> None:
    laid_out(case, folder)
    (folder / "job.json").write_text(json.dumps(case["job"]))
    given = ("--job", "job.json")
    done = shell("run", f"{case['tool']}.cwl", "--json", "--force", *given, folder=folder)
    assert done.code == 0, done.out + done.err
    (main,) = [task for task in done.json["tasks"] if task["node"] == "main"]
    found = {one["name"]: shown(shell.store, one) for one in main["artifacts"]}
    if "argv" in case:
        assert without_folders(found["argv"]["line.json"]) == case["argv"]
    else:
        wanted = {name: value for name, value in case["outputs"].items() if value is not None}
        assert found == wanted


@pytest.mark.skipif(PEER is None, reason="cwltool is not installed: there is no peer to compare")
@pytest.mark.parametrize("case", FOUND, ids=[case["tool"] for case in FOUND])
def test_cwltool_gives_equal_results(case: dict[str, Any], folder: Path) -> None:
    laid_out(case, folder)
    (folder / "job.json").write_text(json.dumps(case["job"]))
    line = [str(PEER), "--quiet", "--outdir", "out", f"{case['tool']}.cwl", "job.json"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)
    told = dict(by_nbyard_names(json.loads(done.stdout), case.get("outputs", {})))
    if "argv" in case:
        assert without_folders(Path(told["argv"]["path"]).read_text()) == case["argv"]
    else:
        for name, value in list(told.items()):
            for one in value.get("secondaryFiles", []) if isinstance(value, dict) else []:
                told[f"{name}_{one['basename'].rpartition('.')[2]}"] = one
        left = {name: left_by_peer(value) for name, value in told.items() if value is not None}
        assert left == {name: one for name, one in case["outputs"].items() if one is not None}


def by_nbyard_names(told: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the outputs by nbyard's names: each field of a record is an output, and no output has
    the name of an input."""
    for name, value in told.items():
        if name not in wanted and isinstance(value, dict) and "class" not in value:
            yield from by_nbyard_names({f"{name}_{k}": one for k, one in value.items()}, wanted)
        else:
            yield f"{name}_out" if f"{name}_out" in wanted else name, value


def left_by_peer(value: Any) -> Any:
    if are_files(value):
        every = [each for item in value for each in with_beside(item)]
        return {name: text for one in every for name, text in in_list(one).items()}
    if not isinstance(value, dict) or "class" not in value:
        return {} if value == [] else value
    path = Path(value["path"])
    files = [path] if path.is_file() else sorted(path.iterdir())
    return {file.name: file.read_text() for file in files}


def test_tool_with_a_shell_is_refused_outside_containers(folder: Path, shell: StoreShell) -> None:
    laid_out({"tool": "shell"}, folder)
    done = shell("run", "shell.cwl", "-p", "said=x", "-p", 'many=["y"]', folder=folder)
    assert done.code == 2
    assert "main.runtime: " in done.err


def in_list(value: Any) -> dict[str, str]:
    """Return the files of one item of a list.

    Names in a folder start with the name of the folder."""
    is_folder = value["class"] == "Directory"
    lead = f"{Path(value['path']).name}/" if is_folder else ""
    return {f"{lead}{name}": text for name, text in left_by_peer(value).items()}


@pytest.mark.skipif(PEER is None, reason="cwltool is not installed: there is no peer to compare")
@pytest.mark.timeout(400)
def test_exported_tool_is_valid(folder: Path, shell: StoreShell) -> None:
    (folder / "fit.py").write_text(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('data', type=argparse.FileType())\n"
        "parser.add_argument('--alpha', type=float, default=0.5)\n"
        "parser.add_argument('--names', nargs='+', default=['a'])\n"
        "parser.add_argument('--fast', action='store_true')\n"
        "parser.add_argument('--out', default='model.json', help='output: json')\n"
        "parser.parse_args()\n"
    )
    for case in FOUND:
        laid_out(case, folder)
    for file in ["fit.py", *(f"{case['tool']}.cwl" for case in FOUND)]:
        assert shell("executables", "add", file, folder=folder).code == 0
        name = file.rpartition(".")[0]
        done = shell("executables", "export", name, "--format", "cwl", folder=folder)
        assert done.code == 0, done.err
        (folder / "export.cwl").write_text(done.out)
        checked = [str(PEER), "--validate", "--strict", "export.cwl"]
        said = subprocess.run(checked, cwd=folder, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(("code", "words"), [(3, ""), (4, "a temporary"), (5, "a permanent"),
                                             (1, "exit code 1")])  # fmt: skip
def test_exit_codes_have_the_meaning_that_the_tool_declares(
    code: int, words: str, folder: Path, shell: StoreShell
) -> None:
    laid_out({"tool": "codes"}, folder)
    done = shell("run", "codes.cwl", "--force", "-p", f"code={code}", folder=folder)
    assert (done.code == 0) == (not words), done.out + done.err
    assert words in done.out + done.err


@pytest.mark.parametrize("arguments", [["$(inputs.data.contents)"], []])
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"x" * 65537, "has more than 64 KiB"), (b"\xff", "is not UTF-8 text (byte 0)")],
)
def test_contents_that_are_not_short_text_fail_the_task(
    content: bytes, words: str, arguments: list[str], folder: Path, shell: StoreShell
) -> None:
    (folder / "data").write_bytes(content)
    inputs = {"data": {"type": "File", "loadContents": True}}
    tool: dict[str, Any] = {"cwlVersion": "v1.2", "class": "CommandLineTool"}
    tool |= {
        "baseCommand": "true",
        "inputs": inputs,
        "outputs": {},
        "arguments": arguments,
    }
    (folder / "tool.cwl").write_text(json.dumps(tool))
    done = shell("run", "tool.cwl", "-p", "data=data", folder=folder)
    assert done.code == 1
    assert f"inputs.data: {words}" in done.out + done.err
