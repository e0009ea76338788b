"""Open pages in a browser that Node's Playwright drives, from Python."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple, Self

PROGRAM = Path(__file__).with_name("pages.mjs")


class Page(NamedTuple):
    """An opened page; `seconds` is the time from the request until the element is shown."""

    seconds: float
    text: str


class Pages:
    """A browser; each of its pages has a context without a cache."""

    def __init__(self, browser: str):
        self._browser = browser

    def __enter__(self) -> Self:
        command = ["node", str(PROGRAM), self._browser]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=300)

    def open(self, address: str, *, until: str = "", text: str = "") -> Page:
        """Open a page, wait until one element is shown, and read the text of another."""
        assert self._process.stdin is not None and self._process.stdout is not None
        question = {"address": address, "until": until, "text": text}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the browser has ended"
        return Page(**json.loads(line))
