"""Measure how many connections between notebooks and scripts are found before their first run.

    python benchmarks/connected_folders.py [FOLDER …] [--smallest]

A FOLDER has subfolders, each with notebooks and scripts as people write them, and a file
`connections.json`: `nodes` are paths, `connections` have a `source`, a `target` and the `file` that
the one writes and the other reads. Without arguments, the folders of `benchmarks/folders` are read.

| figure | what is counted |
|---|---|
| right | the share of the proposed connections that are in `connections.json` |
| found | the share of the connections in `connections.json` that are proposed |

Nothing is run. Every copy of a folder is a root of its own with an empty store.
"""

import argparse
import json
import os
import posixpath
import shutil
import sys
import tempfile
from pathlib import Path

from parts.paired import options_of, print_line

from nbyard.domain.callers import Caller
from nbyard.domain.workflows.structs import CheckWorkflow, NodeView
from nbyard.settings import Settings
from nbyard.yard import Yard

HERE = Path(__file__).parent
TRUTH = "connections.json"
TARGET = "target: right at least 0.9, found at least 0.85"
Connection = tuple[str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, default=[HERE / "folders"])
    parser.add_argument("--show", action="store_true", help="list what is wrong or missing")
    options = options_of(parser)
    places = sorted(file.parent for folder in options.folders for file in folder.rglob(TRUTH))
    counts = {}
    for place in places[:2] if options.smallest else places:
        proposed, meant = compared(place)
        counts[place.name] = [len(proposed), len(meant), len(proposed & meant)]
        if options.show:
            for pair in sorted(proposed ^ meant):
                word = "wrong" if pair in proposed else "missing"
                sys.stderr.write(f"{place.name}: {word} {' → '.join(pair)}\n")
    offered, known, same = map(sum, zip(*counts.values(), strict=True))
    right, found = same / max(offered, 1), same / known
    sys.stderr.write(
        f"{len(counts)} folders: {right:.2f} of {offered} proposals are right,"
        f" {found:.2f} of {known} connections are found; {TARGET}\n"
    )
    print_line("Connections before the first run", right=right, found=found, counts=counts)


def compared(place: Path) -> tuple[set[Connection], set[Connection]]:
    """Return the connections that nbyard proposes, and those of the truth."""
    truth = json.loads((place / TRUTH).read_text())
    meant = {(c["source"], c["file"], c["target"]) for c in truth["connections"]}
    nodes = {f"n{index}": path for index, path in enumerate(truth["nodes"])}
    document = {
        "version": 1,
        "nodes": {name: {"type": "executable", "path": path} for name, path in nodes.items()},
        "edges": {},
    }
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "root")
        shutil.copytree(place, root)
        settings = Settings(store_dir=f"{name}/store", inline_dispatch=True)
        with Yard.open(settings, root=root) as yard:
            body = CheckWorkflow("all.nbflow", json.dumps(document))
            checked = yard.services.workflows.check(Caller("ann"), body)
    proposed = set()
    for proposal in checked.proposals:
        source, target = nodes[proposal.source], nodes[proposal.target]
        written = proposal.writes or _default(checked.nodes[proposal.source], proposal.output)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), written))
        # code that is started in the root names its files from there
        from_root = (source, posixpath.normpath(written), target)
        proposed.add(from_root if from_root in meant else (source, file, target))
    return proposed, meant


def _default(view: NodeView, name: str) -> str:
    argument = next(each for each in view.arguments if each.name == name)
    return str(argument.default or argument.name)


if __name__ == "__main__":
    os.environ.setdefault("NBYARD_LOG_LEVEL", "ERROR")
    main()
