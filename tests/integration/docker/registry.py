"""Debian's image registry, on a port of its own."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PROGRAM = "docker-registry"
SECONDS = 20.0
USER = "ann"
# bcrypt of tests.support.leaked_secrets.CANARY
PASSWORDS = f"{USER}:$2y$05$abcdefghijklmnopqrstuuk.C1wdujZoTIv45MrRffq5cOOjrglMG\n"


class Registry:
    """Serves until it is stopped. If it `is_closed`, it requires a login."""

    def __init__(self, folder: Path, *, is_closed: bool = False):
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{probe.getsockname()[1]}"
        told: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
            "http": {"addr": self.host},
        }
        if is_closed:
            (folder / "passwords").write_text(PASSWORDS)
            told["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "passwords")}}
        (folder / "config.yml").write_text(json.dumps(told))
        words = [PROGRAM, "serve", str(folder / "config.yml")]
        self._said = (folder / "log").open("wb")
        self._process = subprocess.Popen(words, stdout=self._said, stderr=self._said)
        end = time.monotonic() + SECONDS
        while not self._answers():
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.host}/v2/", timeout=2):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False

    def tags(self, name: str) -> list[str]:
        with urllib.request.urlopen(f"http://{self.host}/v2/{name}/tags/list", timeout=5) as answer:
            return sorted(json.loads(answer.read())["tags"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(SECONDS)
        self._said.close()


def is_there() -> bool:
    return shutil.which(PROGRAM) is not None
