"""./dev on a copy of the checkout: live rebuild, restart of the server, and a clean end."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import dev_processes

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("package.json", "LICENSE", "scripts", "src", "style", "schema", "examples/penguins")
CHECKED = "src/checked.ts"
PYTHON = "jupyter_ext/nbyard/__init__.py"
CAPTION = "nbyard: runs, datasets"


class Dev:
    """A running ./dev, and requests as an open page sends them."""

    def __init__(self, checkout: Path, child: subprocess.Popen[str]):
        self.checkout = checkout
        self.child = child
        self.lines: list[str] = []
        self.url, self.token = self.wait_for(r"JupyterLab: (http\S+)/lab\?token=(\w+)").groups()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read the lines of ./dev up to one with the pattern."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("./dev ended:\n" + "".join(self.lines))

    def get(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def post(self, path: str, body: dict[str, str]) -> None:
        self.get(path, json.dumps(body).encode())

    def build(self, shown: dict[str, str] | None = None) -> dict[str, str]:
        """Return what a page should show, as soon as it is something else."""
        query = "&".join(f"{name}={value}" for name, value in (shown or {}).items())
        while (now := json.loads(self.get(f"/nbyard-dev/build?{query}"))) == shown:
            pass
        return dict(now)

    def served(self, text: str) -> bool:
        """Return whether a script of the bundle that JupyterLab serves has the text."""
        static = self.checkout / "build/dev/labextensions/nbyard/static"
        newest = max(static.glob("src_index_ts*.js"), key=lambda path: path.stat().st_mtime_ns)
        content = self.get(f"/lab/extensions/nbyard/static/{newest.name}").decode()
        return text in content

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.checkout / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def page(self) -> dict[str, Any]:
        """Return the extension as the page of JupyterLab names it."""
        html = self.get("/lab").decode()
        found = re.search(r'"federated_extensions": (\[.*?\]), "', html)
        assert found
        (ours,) = [each for each in json.loads(found[1]) if each["name"] == "nbyard"]
        return dict(ours)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, copy / name)
    # the types of one small file, since those of all sources take 15 s
    (copy / CHECKED).write_text("export const count: number = 1;\n")
    narrowed = json.loads((ROOT / "tsconfig.json").read_text()) | {"include": [CHECKED]}
    (copy / "tsconfig.json").write_text(json.dumps(narrowed))
    (copy / "buildtools").mkdir()
    for path in (ROOT / "buildtools").glob("dev*"):
        shutil.copy(path, copy / "buildtools")
    (copy / PYTHON).parent.mkdir(parents=True)
    shutil.copy(ROOT / PYTHON, copy / PYTHON)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    return copy


@pytest.fixture(scope="module")
def dev(checkout: Path) -> Iterator[Dev]:
    # as a shell starts it in the background
    words = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable]
    words += ["buildtools/dev.py", "--no-browser", "--port", "0"]
    home = {f"JUPYTER_{name}_DIR": str(checkout / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with subprocess.Popen(
        words,
        cwd=checkout,
        env={**os.environ, **home, "JUPYTER_PLATFORM_DIRS": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield Dev(checkout, child)
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(60)


def left(checkout: Path) -> dict[str, psutil.Process]:
    """Return the processes that ./dev started, by their commands."""
    mark = f"{checkout / 'build/dev'}/"
    found = {}
    for process in psutil.process_iter():
        try:
            if mark in " ".join([*process.environ().values(), *process.cmdline()]):
                found[" ".join(process.cmdline())] = process
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.parametrize(
    ("variable", "value", "is_owned"),
    [
        ("NBYARD_DEV", "", True),
        ("NBYARD_ATTEMPT", "/store/attempts/one", True),
        ("NBYARD_STORE_DIR", "/store", False),
    ],
)
def test_only_descendants_are_swept(tmp_path: Path, variable: str, value: str, is_owned: bool):
    """./dev stops only its own descendants, not an editor whose variables name its store."""
    environment = {**os.environ, variable: f"{tmp_path}{value}"}
    with subprocess.Popen(["sleep", "1000"], env=environment) as program:
        assert [each.pid for each in dev_processes.marked(tmp_path)] == [program.pid] * is_owned
        dev_processes.sweep(tmp_path)
        assert (program.poll() is None) is not is_owned
        program.kill()


@pytest.mark.long
def test_second_dev_on_the_same_checkout_is_refused(dev: Dev):
    words = [sys.executable, "buildtools/dev.py", "--no-browser"]
    done = subprocess.run(words, cwd=dev.checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "./dev runs already" in done.stderr


def test_changed_typescript_and_css_reach_the_served_bundle(dev: Dev):
    shown = dev.build()
    assert dev.page()["load"] == shown["load"]
    dev.replace("src/panels/SidebarWidget.tsx", CAPTION, "my caption")
    changed = dev.build(shown)
    assert changed["load"] != shown["load"] and changed["server"] == shown["server"]
    assert dev.page()["load"] == changed["load"]
    assert dev.served("my caption")

    dev.replace("style/base.css", ".nby-Sr {", ".nby-Sr {\n  color: inherit;")
    assert dev.build(changed)["load"] != changed["load"]


def test_a_page_keeps_the_last_bundle_when_a_build_fails(dev: Dev):
    shown = dev.build()
    dev.replace("src/panels/plugin.ts", "autoStart: true", "autoStart: = true")
    dev.wait_for("Build failed")
    assert dev.build() == shown
    assert dev.get(f"/lab/extensions/nbyard/{shown['load']}")
    dev.replace("src/panels/plugin.ts", "autoStart: = true", "autoStart: true")
    dev.wait_for("Built in")


def test_a_type_error_is_shown(dev: Dev):
    dev.replace(CHECKED, "= 1", "= 'one'")
    dev.wait_for(r"types \|.*TS2322")


def test_changed_settings_schema_reaches_the_page(dev: Dev):
    shown = dev.build()
    schema = next((dev.checkout / "schema").glob("*.json"))
    described = json.loads(schema.read_text())
    schema.write_text(json.dumps(described | {"title": "My title"}))
    assert dev.build(shown)["load"] == shown["load"]
    asked = dev.get(f"/lab/api/settings/nbyard:{schema.stem}")
    assert json.loads(asked)["schema"]["title"] == "My title"


@pytest.mark.long
def test_changed_python_restarts_the_server(dev: Dev):
    shown = dev.build()
    with (dev.checkout / PYTHON).open("a") as file:
        file.write("# changed\n")
    dev.wait_for("Python changed")
    dev.wait_for("JupyterLab answers again")
    assert dev.build()["server"] != shown["server"]


@pytest.mark.long
def test_stopped_server_restarts_after_the_next_change(dev: Dev):
    (server,) = [each for words, each in left(dev.checkout).items() if "dev_server.py" in words]
    server.kill()
    dev.wait_for("JupyterLab ended")
    with (dev.checkout / PYTHON).open("a") as file:
        file.write("# mended\n")
    dev.wait_for("JupyterLab answers again")
    assert dev.build()


@pytest.mark.long
def test_dev_writes_only_into_its_own_folder(dev: Dev):
    assert not (dev.checkout / "lib").exists()
    assert not (dev.checkout / "tsconfig.tsbuildinfo").exists()
    assert not (dev.checkout / "jupyter_ext/nbyard/labextension").exists()


@pytest.mark.long
def test_ctrl_c_stops_all_processes(dev: Dev):
    """Kernels, the dispatcher and tasks of runs are detached processes, and stop as well."""
    (dev.checkout / "build/dev/root/endless.py").write_text("import time\ntime.sleep(1000)\n")
    dev.post("/api/kernels", {"name": "python3"})
    dev.post("/nbyard/api/runs", {"path": "endless.py"})
    programs = ("ipykernel_launcher", "nbyard.dispatch", "endless.py", "dev_bundle.cjs", "tsc")
    started: list[str] = []
    while not all(any(program in words for words in started) for program in programs):
        assert dev.child.poll() is None
        time.sleep(0.1)
        started = list(left(dev.checkout))
    dev.child.send_signal(signal.SIGINT)
    assert dev.child.wait(60) == 0
    assert left(dev.checkout) == {}
