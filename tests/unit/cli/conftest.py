"""The command line on a store, as a shell would use it."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from nbyard.cli.main import main
from nbyard.yard import Yard


class Said:
    """What a command left: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def shell(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line on the store of `yard`, in its root."""
    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(yard.parts.files.root)

    def call(*arguments: str) -> Said:
        with CliRunner().isolation() as (out, err, _):
            code = 0
            try:
                main(list(arguments))
            except SystemExit as ended:
                code = int(ended.code or 0)
            sys.stdout.flush()
            return Said(code, out.getvalue().decode(), err.getvalue().decode())

    return call
