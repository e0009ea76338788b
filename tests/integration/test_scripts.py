"""Scripts with argparse or click run from a real shell without any description."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.forked_shells import StoreShell

from nbyard.reasons.structs import because

ARGPARSE = """
import argparse, csv, json

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help="the table")
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--names", nargs="+", default=["a"])
    parser.add_argument("--scale", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.data) as handle:
        rows = len(list(csv.DictReader(handle)))
    with open(args.out, "w") as handle:
        json.dump([rows, args.alpha, args.names, args.scale, args.verbose], handle)

if __name__ == "__main__":
    main()
"""
CLICK = """
import csv, json
import click

@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--alpha", default=0.5, show_default=True)
@click.option("--names", multiple=True, default=["a"])
@click.option("--scale/--no-scale", default=True)
@click.option("-v", "--verbose", count=True)
@click.argument("data", type=click.File())
@click.argument("out", type=click.Path(dir_okay=False))
def main(data, alpha, names, scale, verbose, out):
    rows = len(list(csv.DictReader(data)))
    with open(out, "w") as handle:
        json.dump([rows, alpha, list(names), scale, verbose], handle)

main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "table.csv").write_text("x,y\n1,2\n3,4\n")
    return tmp_path / "project"


def made(shell: StoreShell, folder: Path, *words: str) -> Any:
    """Return the output that the run wrote."""
    done = shell("run", "fit.py", "--json", *words, folder=folder)
    assert done.code == 0, done.out + done.err
    (main,) = [task for task in done.json["tasks"] if task["node"] == "main"]
    (artifact,) = main["artifacts"]
    assert artifact["name"] == "out"
    digest = artifact["digest"].removeprefix("sha256:")
    (blob,) = [
        path for path in (folder.parent / "store/blobs").rglob(f"*{digest[2:]}*") if path.is_file()
    ]
    return json.loads(blob.read_bytes())


@pytest.mark.sample(1)
@pytest.mark.timeout(200)
@pytest.mark.parametrize("script", [ARGPARSE, CLICK], ids=["argparse", "click"])
def test_script_runs_from_the_shell_without_a_description(
    folder: Path, store_shell: StoreShell, script: str
) -> None:
    (folder / "fit.py").write_text(script)
    given = ["-p", "data=table.csv"]
    assert made(store_shell, folder, *given) == [2, 0.5, ["a"], True, 0]
    more = ["alpha=-0.00003", 'names=["b", "c d"]', "scale=false", "verbose=2"]
    given += [word for one in more for word in ("-p", one)]
    assert made(store_shell, folder, *given) == [2, -0.00003, ["b", "c d"], False, 2]
    done = store_shell("run", "fit.py", "-p", "alpha=0.3", folder=folder)
    assert done.code == 2 and "data: Choose a file" in done.err
    changed = script.replace("alpha", "beta")
    (folder / "fit.py").write_text(changed)
    assert made(store_shell, folder, "-p", "data=table.csv", "-p", "beta=0.3")[1] == 0.3
    assert sorted(path.name for path in folder.iterdir()) == ["fit.py", "table.csv"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("crlf.sh", b"#!/bin/bash\r\nset -e\r\nif true; then\r\n", "windows-line-ends"),
        ("miss.sh", b"#!/opt/none/tool\necho one\n", "shebang-unusable"),
        ("plain", b"echo one\n", "script-names-no-program"),
        ("win.exe", b"MZ\x90\x00", "binary-of-system"),
    ],
)
def test_a_failed_run_shows_why_its_program_could_not_start(
    folder: Path, store_shell: StoreShell, name: str, content: bytes, hint: str
) -> None:
    (folder / name).write_bytes(content)
    done = store_shell("run", name, "--json", folder=folder)
    assert done.code == 1
    (task,) = done.json["tasks"]
    reason = task["failure"]["reason"]
    assert (reason["code"], reason["params"]["hint"]["code"]) == ("start-hinted", hint)
    assert reason["params"]["hint"]["params"]["name"] == name
    assert task["reason"] == task["attempts"][0]["reason"] == reason
    told = store_shell("runs", "show", str(done.json["run"]["number"]), folder=folder)
    assert str(because(hint, **reason["params"]["hint"]["params"])) in told.out
