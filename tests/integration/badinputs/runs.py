"""Bad parameters and arguments of runs, and bad output of runs."""

import json
import re
from typing import Any

from nbyard.reasons.structs import read_reason

from .ground import TOOL, Ground, Seen, seen

DECLARED = "epochs: int = 1\ns: str = ''\nlr: float = 0.1\nd: dict = {}\nx: str = 'x'"
SHOW = "import json\nprint('>>' + json.dumps(s) + '<<')"


def submit_parameters(ground: Ground, given: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Submit parameters of a notebook as JSON."""
    path = ground.notebook(DECLARED, SHOW)
    if "__inf__" in given.values():
        text = json.dumps({"path": path, "parameters": given}).replace('"__inf__"', "Infinity")
        assert ground.send("POST", "/runs", text.encode()).status == 400
        return seen(ground.send("POST", "/runs", {"path": path, "texts": {"lr": "inf"}}))
    if "functools" in entry.get("gen", ""):
        deep = '{"a":' * 1000 + "1" + "}" * 1000
        text = f'{{"path": "{path}", "parameters": {{"d": {deep}}}}}'
        assert ground.send("POST", "/runs", text.encode()).status == 400
        return seen(ground.send("POST", "/runs", {"path": path, "texts": {"d": deep}}))
    if "api_token" in given:
        return _by_its_name(ground, given["api_token"])
    found, detail = ground.run(path=path, parameters=given)
    if detail is None:
        return found
    assert detail["run"]["state"] == "succeeded", detail
    log = ground.get(f"/runs/{detail['run']['id']}/tasks/main/log")["text"]
    shown = re.search(r">>(.*)<<", log)
    return Seen(201, kept=shown is not None and json.loads(shown[1]) == given["s"])


def _by_its_name(ground: Ground, secret: str) -> Seen:
    """Store a secret as a credential. The work receives it, and nothing shows it."""
    body = {"name": "api", "kind": "token", "fields": {"secret": secret}}
    ground.send("POST", "/credentials", body)
    asked = f"with open(api_token) as file: print(len(file.read()) == {len(secret)})\nprint(secret)"
    path = ground.notebook(
        "api_token = ''  # type: secret", f"secret = {secret[::-1]!r}[::-1]\n{asked}"
    )
    _, detail = ground.run(path=path, parameters={"api_token": "api"})
    assert detail is not None and detail["run"]["state"] == "succeeded", detail
    log = ground.get(f"/runs/{detail['run']['id']}/tasks/main/log")["text"]
    return Seen(201, kept=log == "True\n***\n")


def submit_output_path(ground: Ground, given: str, entry: dict[str, Any]) -> Seen:
    """Submit a path for an output, which callers may not choose."""
    path = ground.notebook("out_csv = 'a.csv'", "pass")
    assert ground.send("POST", "/runs", {"path": path, "output_path": given}).status == 422
    return seen(ground.send("POST", "/runs", {"path": path, "parameters": {"out_csv": given}}))


def submit_arguments(ground: Ground, given: dict[str, str], entry: dict[str, Any]) -> Seen:
    """Submit one option of a program that prints its arguments."""
    ((option, value),) = given.items()
    argument = {"name": option.strip("-"), "reach": {"kind": "option", "flag": option}}
    path = ground.tool([argument], "import json, sys\nprint(json.dumps(sys.argv[1:]))")
    parameters = {argument["name"]: value}
    found, detail = ground.run(path=path, parameters=parameters)
    if detail is None:
        return found
    if detail["run"]["state"] == "failed":
        ground.send("DELETE", f"/runs/{detail['run']['id']}")
        ground.send("DELETE", f"/executables/{detail['tasks'][0]['executable_id']}")
        return Seen(422, str(read_reason(detail["tasks"][0]["failure"]["reason"])))
    log = ground.get(f"/runs/{detail['run']['id']}/tasks/main/log")["text"]
    argv = json.loads(log.splitlines()[0])
    return Seen(201, kept=argv in ([option, value], [f"{option}={value}"]))


def log(ground: Ground, given: Any, entry: dict[str, Any]) -> Seen:
    """Print a text in a program; read its log in pieces and on a terminal."""
    content = given if isinstance(given, bytes) else given.encode()
    data = ground.file("data.bin", content)
    path = ground.tool(
        [{"name": "x", "role": "input", "reach": {"kind": "positional", "position": 1}}], TOOL
    )
    found, detail = ground.run(path=path, parameters={"x": data})
    assert detail is not None, found
    key = detail["run"]["id"]
    assert detail["run"]["state"] == "succeeded"
    text = _whole_log(ground, key)
    if len(content) > 1 << 20:
        return Seen(200, f"{len(text)} characters")
    if not ground.is_shared:  # whose shell uses the server
        code, out, _ = ground.cli("runs", "log", key)
        assert code == 0
        assert not re.search(r"\x1b(?!\[[0-9;]*m)", out)
    return Seen(200, kept=text.rstrip("\n") == content.decode("utf-8", "replace").rstrip("\n"))


def _whole_log(ground: Ground, key: str) -> str:
    pieces, after, done = [], 0, False
    while not done:
        chunk = ground.get(f"/runs/{key}/tasks/main/log?after={after}")
        pieces.append(chunk["text"])
        done, after = chunk["done"], chunk["next"]
    return "".join(pieces)


def view_artifact(ground: Ground, given: Any, entry: dict[str, Any]) -> Seen:
    """View HTML as an output file, and as the output of a cell."""
    html = given["text/html"] if isinstance(given, dict) else given
    path = ground.notebook(
        "out_html = 'page.html'",
        f"open(out_html, 'w').write({html!r})\n"
        f"from IPython.display import HTML, display\ndisplay(HTML({html!r}))",
    )
    _, detail = ground.run(path=path)
    assert detail["run"]["state"] == "succeeded", detail
    (artifact,) = [a for a in detail["tasks"][0]["artifacts"] if a["name"] == "out_html"]
    page = ground.send("GET", f"/artifacts/{artifact['id']}/content")
    assert page.headers["Content-Security-Policy"].startswith("sandbox")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.headers["Content-Type"] == "application/octet-stream"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    cells = ground.send("GET", f"/runs/{detail['run']['id']}/tasks/main/cells")
    assert cells.headers["Content-Type"] == "application/json"
    return Seen(200, kept=page.content.decode() == html)
