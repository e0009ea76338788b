"""Work that has a secret and discloses it in every way, on any runtime."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.support.leaked_secrets import CANARY, in_memory, is_in, places_of

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import NewCredential
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from ..notebooks import PARAMETERS, notebook

ANN = Caller("ann")
BUILD_SECONDS = 300.0  # the first run in a container builds its image
ENDED = ("succeeded", "failed", "cancelled")
TELLS = """
import base64, json, sys, urllib.parse
told = [secret, base64.b64encode(secret.encode()).decode(), urllib.parse.quote(secret, safe="")]
told += [base64.b64encode(f"ann:{secret}".encode()).decode(), json.dumps(secret), repr([secret])]
for one in told:
    print(one)
print(secret[:5], end="", flush=True)
print(secret[5:])
print(secret, file=sys.stderr)
"""
REACHES: dict[str, tuple[dict[str, Any], str]] = {
    "option": ({"kind": "option", "flag": "--token"}, "secret = open(sys.argv[2]).read()"),
    "variable": ({"kind": "variable", "variable": "TOKEN"}, "secret = os.environ['TOKEN']"),
    "stdin": ({"kind": "stdin"}, "secret = sys.stdin.read()"),
}


class Telling:
    """Runs of ann, who has the credential `api`, in the folder `root`."""

    def __init__(self, root: Path, yard: Yard, dispatching: Dispatching):
        self.root = root
        self.yard = yard
        self.dispatching = dispatching
        body = NewCredential("api", "token", {"secret": CANARY})
        yard.services.credentials.create(ANN, body)

    def run(self, **body: Any) -> RunDetail:
        """Run to the end."""
        runs = self.yard.services.runs
        made = runs.create(ANN, NewRun(**body))
        return self.dispatching.until(
            lambda: runs.get(ANN, made.id), lambda d: d.run.state in ENDED, BUILD_SECONDS
        )

    def notebook(self, *sources: str) -> str:
        """Write a notebook whose first cell contains the parameters."""
        (self.root / "work.ipynb").write_text(notebook(*sources, tags=[PARAMETERS]))
        return "work.ipynb"

    def script(self, text: str, *arguments: dict[str, Any]) -> str:
        """Write a script with these arguments."""
        (self.root / "work.py").write_text(text)
        told = {"version": 1, "arguments": list(arguments)}
        (self.root / "work.py.nbexec").write_text(json.dumps(told))
        return "work.py"

    def telling_notebook(self) -> str:
        """Write a notebook that reads the secret in each way and prints it, and can fail with
        it."""
        return self.notebook(
            "token = ''  # type: secret\nfails = False",
            "import nbyard\nsecret = nbyard.secret('token')\n"
            "assert open(token).read() == nbyard.input('token') == secret and len(secret) == 17",
            TELLS,
            "secret",
            "if fails: raise ValueError(secret)",
        )

    def telling_script(self, reach: str, *, fails: bool) -> str:
        """Write a script that does the same."""
        told, reads = REACHES[reach]
        text = f"import os, sys\n{reads}\nassert len(secret) == 17, len(secret)\n{TELLS}\n"
        text += f"sys.exit(secret if {fails} else 0)\n"
        argument = {"name": "token", "type": "secret", "required": True, "reach": told}
        return self.script(text, argument)

    def log(self, detail: RunDetail) -> str:
        return self.yard.services.runs.log(ANN, detail.run.id, detail.tasks[0].node).text

    def told(self, detail: RunDetail) -> bytes:
        """Return all responses about the run."""
        runs, node = self.yard.services.runs, detail.tasks[0].node
        answers: list[Any] = [detail, self.yard.services.events.list(ANN)]
        answers += [runs.log(ANN, detail.run.id, node), runs.cells(ANN, detail.run.id, node)]
        return msgspec.json.encode(answers)

    def check(self, detail: RunDetail, *, fails: bool) -> None:
        """Check that the work disclosed the secret, but no response shows it and no copy
        remains."""
        state = "failed" if fails else "succeeded"
        assert detail.run.state == state, (detail.tasks[0].failure, self.log(detail))
        assert detail.tasks[0].arguments["token"] == "api"
        assert self.log(detail).count("***") >= 7
        assert not is_in(self.told(detail))
        assert places_of(self.yard.store.folder) == []
        ids = [self.yard.store.id, *(one.id for one in detail.tasks[0].attempts)]
        self.dispatching.until(lambda: in_memory(*ids), lambda found: not found)


def writing(work: Telling) -> str:
    """Write a script that writes its secret, a link and a harmless file beside its code."""
    text = (
        "import os\nopen('fine.txt', 'w').write('x')\nos.symlink('/etc/hostname', 'link')\n"
        "open('token.txt', 'w').write(os.environ['TOKEN'])\n"
    )
    argument = {"name": "token", "type": "secret", "reach": REACHES["variable"][0]}
    return work.script(text, argument)


def assert_only_the_harmless_one(work: Telling, detail: RunDetail) -> None:
    """Check that only the harmless file is kept, and the others are named."""
    assert detail.run.state == "succeeded", detail.tasks[0].failure
    found = work.yard.services.runs.files(ANN, detail.run.id, detail.tasks[0].node)
    assert [one.path for one in found.files] == ["fine.txt"], found
    assert {one.path: one.why for one in found.left_out} == {"link": "link", "token.txt": "secret"}
    assert work.yard.context.blobs.path(found.files[0].digest).read_text() == "x"


@contextmanager
def telling(folder: Path, **settings: Any) -> Iterator[Telling]:
    """Provide the work with its own store and dispatcher."""
    (folder / "root").mkdir()
    config = Settings(store_dir=str(folder / "store"), inline_dispatch=True, slots=2, **settings)
    root = folder / "root"
    with Yard.open(config, root, root) as yard, Dispatching(config) as dispatching:
        yield Telling(root, yard, dispatching)
