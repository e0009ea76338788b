"""HTTP client for all services, with the standard library and msgspec only.

It raises the same errors as the services.
"""

import contextlib
import http.client
import os
import shutil
import ssl
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from nbyard.domain.callers import ATTEMPT_HEADER, PROJECT_HEADER
from nbyard.domain.inspection.functions import SEPARATOR
from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.runs.structs import VALUES, from_program
from nbyard.errors import ErrorBody, Forbidden, Invalid, NbyardError, Unavailable, error_classes
from nbyard.reasons.structs import Reason, is_known
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table

SECONDS = 60.0  # until an answer
NO_TOKEN = (
    "No token was sent: set NBYARD_TOKEN, or token_file or token_env of a configured server, or"
    " pass --server 'URL?token=…', which other users of this machine can see with ps. Users of"
    " JupyterHub create tokens on its page /hub/token."
)
WRONG_TOKEN = (
    "Check the token in NBYARD_TOKEN or of the configured server: this server may not know it."
)
# A JupyterHub responds with these in place of a stopped server.
STOPPED = (424, 503)
# For a stopped server, a JupyterHub first redirects to its own address (`/hub/user/…`).
REDIRECTS = range(300, 400)
START = "Start the server in JupyterHub, and check the address: https://HUB/user/NAME/"
CHUNK = 8 << 20


class Client:
    """The services over HTTP: attributes are nouns and methods verbs.

    For example, `client.runs.create({"path": "train.ipynb"})` creates a run.
    """

    def __init__(self, url: str, token: str = ""):
        """Create a client; `url` is the Jupyter server's, with its base URL prefix."""
        self.url = urlsplit(url.rstrip("/"))
        self.headers = {"Authorization": f"token {token}"} if token else {}
        # The code of a task names its attempt: a dataset that it publishes then refers to the run.
        if attempt := os.environ.get("NBYARD_ATTEMPT_ID"):
            self.headers[ATTEMPT_HEADER] = attempt
        self.project = ""
        self.seconds = SECONDS
        for noun in {operation.noun for operation in table()}:
            setattr(self, noun, Noun(self, [o for o in table() if o.noun == noun]))

    def __getattr__(self, name: str) -> Any:
        # Declared for type checkers, because nouns are set in the constructor.
        raise AttributeError(name)

    def address(self, deployment: Any) -> str:
        """Return the URL of a deployment's first port, below this server."""
        return f"{self.url.geturl()}/{deployment.links[0].path}"

    def ask(self, operation: Operation, values: dict[str, Any]) -> Any:
        """Call one operation and return its result; a body may be a dictionary.

        Raises:
            NbyardError: the class for the error code in the response.
        """
        path = operation.path
        query: dict[str, Any] = {}
        headers = dict(self.headers)
        if self.project:
            headers[PROJECT_HEADER] = self.project
        body = None
        for field in operation.fields:
            if field.name not in values:
                continue
            value = values[field.name]
            if field.place == "path":
                path = path.replace(f"{{{field.name}}}", quote(str(value), safe=""))
            elif field.place == "query":
                query[field.name] = str(value).lower() if isinstance(value, bool) else value
            elif field.place == "header":
                headers["Idempotency-Key"] = value
            else:
                if isinstance(value, dict):
                    value = convert_json(value, field.type)
                body = self.encode(from_program(value))
                headers["Content-Type"] = "application/json"
        full = path + (f"?{urlencode(query)}" if query else "")
        content = self.send(operation.method, full, body, headers)
        if operation.returns is type(None):
            return None
        return msgspec.json.decode(content, type=operation.returns)

    def encode(self, value: Any) -> bytes:
        """Return a body as JSON."""
        return msgspec.json.encode(value)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """Send a request below /nbyard/api; return the response's bytes.

        Raises:
            Unavailable: the server does not respond.
            NbyardError: the server responded with an error.
        """
        with_headers = {**self.headers, **(headers or {})}
        connection = self._connect()
        try:
            place = f"{self.url.path}/nbyard/api{path}"
            connection.request(method, place, body=body, headers=with_headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from None
        finally:
            connection.close()
        if answer.status >= 300:
            raise self.error_of(answer.status, content)
        return content

    def download(self, noun: str, key: str) -> tuple[BinaryIO, str]:
        """Return the bytes of a dataset or artifact in an open file, and a file name.

        Raises:
            Unavailable: the server does not respond, or stopped during the download.
            NbyardError: the server responded with an error.
        """
        return self._fetch(f"/{noun}/{quote(key, safe='')}/content", key)

    def other_file(self, run: str, node: str, path: str) -> tuple[BinaryIO, str]:
        """Return another file of a task in an open file, and its name; an empty path means all."""
        task = f"/runs/{quote(run, safe='')}/tasks/{quote(node, safe='')}"
        return self._fetch(f"{task}/files/content?{urlencode({'path': path})}", path)

    def run_crate(self, run: str, *, inputs: bool = True) -> tuple[BinaryIO, str]:
        """Return a run as an RO-Crate in an open zip file, and its name."""
        place = f"/runs/{quote(run, safe='')}/crate"
        return self._fetch(f"{place}?{urlencode({'inputs': str(inputs).lower()})}", run)

    def run_bundle(self, run: str) -> tuple[BinaryIO, str]:
        """Return the zip with which papermill repeats a run in an open file, and its name."""
        return self._fetch(f"/runs/{quote(run, safe='')}/bundle", run)

    def project_file(self, project: str, path: str) -> tuple[BinaryIO, str]:
        """Return a pushed file of a project in an open file, and its name."""
        place = f"/projects/{quote(project, safe='')}/files/content"
        return self._fetch(f"{place}?{urlencode({'path': path})}", path)

    def home_file(self, path: str) -> tuple[BinaryIO, str]:
        """Return a file of the mirror of one's files in an open file, and its name."""
        return self._fetch(f"/home/content?{urlencode({'path': path})}", path)

    def _fetch(self, path: str, default: str) -> tuple[BinaryIO, str]:
        place = f"{self.url.path}/nbyard/api{path}"
        with contextlib.ExitStack() as undone, contextlib.closing(self._connect()) as connection:
            # Download everything first, so that callers never see half a file.
            whole = undone.enter_context(tempfile.TemporaryFile())
            try:
                connection.request("GET", place, headers=self.headers)
                answer = connection.getresponse()
                if answer.status >= 300:
                    raise self.error_of(answer.status, answer.read())
                shutil.copyfileobj(answer, whole, CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise self._silent(error) from None
            # Success: keep the file open for the caller.
            undone.pop_all()
        whole.seek(0)
        # The server sends only the extended form of RFC 8187, which can hold any character.
        _, _, name = answer.headers.get("Content-Disposition", "").partition("filename*=UTF-8''")
        return whole, unquote(name) or default

    def _silent(self, error: Exception) -> Unavailable:
        url = self.url.geturl()
        return Unavailable(f"{url} does not respond: {error}")

    def error_of(self, status: int, content: bytes) -> NbyardError:
        """Return the error in a response; a proxy or hub may respond with another body."""
        token = WRONG_TOKEN if "Authorization" in self.headers else NO_TOKEN
        try:
            body = msgspec.json.decode(content, type=ErrorBody)
        except msgspec.DecodeError:
            if status in (401, 403):
                return Forbidden("The server does not accept the token, or is stopped.", hint=token)
            if status in STOPPED or status in REDIRECTS:
                return Unavailable(
                    f"No Jupyter server runs at this URL (status {status}).", hint=START
                )
            if status == 404:
                return Unavailable("This server does not offer nbyard: is its extension enabled?")
            return Unavailable(f"The server answered {status}.")
        if status == 403 and token is NO_TOKEN and "_xsrf" in body.message:
            # Jupyter expects a browser where a request has no token.
            return Forbidden("The server needs a token.", hint=token)
        # A newer server may send codes that this version cannot render. Then its texts count.
        hint: Reason | str | None = body.hint
        if body.hint_reason and is_known(body.hint_reason):
            hint = body.hint_reason
        elif not (body.hint or body.reason) and body.code in (Forbidden.code, "unauthenticated"):
            hint = token
        why = body.reason if body.reason and is_known(body.reason) else body.message
        return error_classes().get(body.code, NbyardError)(why, hint=hint, details=body.details)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self.seconds, context=context)
        return http.client.HTTPConnection(host, port, timeout=self.seconds)

    def wait(self, seconds: float) -> None:
        """Wait at most `seconds`, and at most 0.5 s, until the next poll."""
        time.sleep(min(seconds, 0.5))

    def upload(self, filename: str, size: int, chunks: Iterator[bytes]) -> str:
        """Send bytes in pieces and return the upload's ID."""
        begun = self.uploads.create(body={"filename": filename, "size_bytes": size})
        offset = 0
        for chunk in chunks:
            headers = {
                "Upload-Offset": str(offset),
                "Content-Type": "application/octet-stream",
            }
            self.send("PATCH", f"/uploads/{begun.id}", chunk, headers)
            offset += len(chunk)
        return str(begun.id)


class OwnServer(Client):
    """The user's own server of a JupyterHub, which sends files below its `root` to the service.

    Paths begin in the working folder, as with a store on this machine.
    """

    def __init__(self, url: str, token: str, root: str):
        super().__init__(url, token)
        self._root = Path(os.path.realpath(root))

    def encode(self, value: Any) -> bytes:
        """Return a body as JSON, with paths relative to the root of the server.

        Raises:
            Invalid: A file is outside of the root.
        """
        return msgspec.json.encode(self._located(msgspec.to_builtins(value), ""))

    def _located(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            # The values of a run may be files, too.
            inner = field if field in VALUES else ""
            return {name: self._located(member, inner or name) for name, member in value.items()}
        if not isinstance(value, str) or field not in (*VALUES, "path"):
            return value
        file, sign, function = value.partition(SEPARATOR)
        real = Path(os.path.realpath(file))
        if not (value and real.exists()):
            return value
        if real.is_relative_to(self._root):
            return f"{real.relative_to(self._root).as_posix()}{sign}{function}"
        if field == "path":
            why = f"{value[:200]} is outside {self._root}, the folder of your server"
            raise Invalid.field(field, f"{why}: copy it there")
        return value

    def dataset_folder(self, dataset: Any) -> Path:
        """Return a folder with the version of a dataset; fetch it."""
        current = dataset.current
        return self._fetched("datasets", dataset.id, current.digest, current.filename)

    def artifact_path(self, artifact: Any) -> Path:
        """Return a copy of an artifact's file or folder, after fetching it if necessary."""
        folder = self._fetched("artifacts", artifact.id, artifact.digest, artifact.filename)
        return folder if artifact.digest.startswith("tree:") else folder / str(artifact.filename)

    def _fetched(self, noun: str, key: str, digest: str, filename: str) -> Path:
        """Return a folder with a file, or with the files of a folder."""
        folder = Path(os.environ["NBYARD_RESOURCES"], key)
        kept, version = folder.with_name(f"{key}.version"), f"{digest} {filename}"
        if folder.is_dir() and kept.is_file() and kept.read_text() == version:
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            new = Path(place, key)
            new.mkdir()
            content, _ = self.download(noun, key)
            with content:
                if digest.startswith("tree:"):
                    zipfile.ZipFile(content).extractall(new)
                else:
                    with (new / filename).open("wb") as file:
                        shutil.copyfileobj(content, file, CHUNK)
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)
        kept.write_text(version)
        return folder


class Noun:
    """The methods of one noun."""

    def __init__(self, client: Client, operations: list[Operation]):
        self._client = client
        self._operations = {operation.verb: operation for operation in operations}

    def __getattr__(self, verb: str) -> Any:
        operation = self._operations.get(verb)
        if operation is None:
            raise AttributeError(verb)

        def call(*positional: Any, **named: Any) -> Any:
            names = [field.name for field in operation.fields]
            return self._client.ask(operation, dict(zip(names, positional, strict=False)) | named)

        call.__doc__ = operation.summary
        return call
