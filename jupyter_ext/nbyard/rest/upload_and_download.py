"""Streamed uploads and downloads, which do not fit into one JSON body."""

import asyncio
import os
from typing import Any, BinaryIO
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError

from nbyard.blobs import open_download
from nbyard.domain.arguments.structs import check_text
from nbyard.domain.datasets.structs import Upload
from nbyard.errors import Invalid, NbyardError
from nbyard.rest.operation_handler import NbyardHandler

CHUNK = 1 << 20
UPLOAD_SECONDS = 24 * 3600.0
# The bytes of other nouns belong to runs.
SCOPES = {
    "datasets": "datasets:read",
    "projects": "projects:read",
    "home": "executables:read",
}


@web.stream_request_body
class UploadHandler(NbyardHandler, APIHandler):
    """`PATCH /uploads/{upload}`: writes the next bytes of an upload to disk as they arrive."""

    request: HTTPServerRequest

    async def prepare(self, **kwargs: Any) -> None:
        self._refused: NbyardError | None = None
        self._piece: Any = None
        self._appending: Any = None
        await super().prepare(**kwargs)
        if self.request.method == "PATCH":  # large pieces over slow networks take long
            self.request.connection.set_max_body_size(self.context.settings.max_upload_bytes)  # type: ignore[union-attr]
            self.request.connection.set_body_timeout(UPLOAD_SECONDS)  # type: ignore[union-attr]

    async def data_received(self, chunk: bytes) -> None:
        # The body of a stranger arrives before `patch` refuses the request.
        if self.request.method != "PATCH" or self._refused is not None or not self.current_user:
            return
        try:
            if self._piece is None:
                await self.context.call(self._open)
            await self.context.call(self._piece.write, chunk)
        except NbyardError as error:
            self._refused = error
            await self.context.call(self._close)

    def _open(self) -> None:
        caller = self.authorised("datasets:write")
        uploads = self.context.services.uploads
        self._appending = uploads.appending(caller, self.path_kwargs["upload"], self._offset())
        self._piece = self._appending.__enter__()

    def _offset(self) -> int:
        text = self.request.headers.get("Upload-Offset", "")
        if not (text.isdecimal() and len(text) < 16):
            raise Invalid.field("Upload-Offset", "a whole number of bytes is needed")
        return int(text)

    def _close(self) -> None:
        appending, self._appending, self._piece = self._appending, None, None
        if appending is not None:
            appending.__exit__(None, None, None)

    @web.authenticated
    async def patch(self, upload: str) -> None:
        """Respond with the state of the upload, once the whole piece is stored."""
        try:
            if self._refused is not None:
                raise self._refused
            caller = self.authorised("datasets:write")
            self._offset()
            await self.context.call(self._close)
            record: Upload = await self.context.ask("uploads", "get", caller, upload)
        except NbyardError as error:
            self.fail(error)
        else:
            self.answer(200, record)

    def on_connection_close(self) -> None:
        # The written bytes stay: a client without its connection asks for the offset to continue.
        self.context.pool.submit(self._close)  # syncing the bytes to disk may take long
        super().on_connection_close()


class PictureHandler(NbyardHandler):
    """`GET /runs/{run}/pictures/{digest}`: a small picture, which nbyard itself encoded."""

    @web.authenticated
    async def get(self, run: str, digest: str) -> None:
        """Send a small picture, which browsers show in a page."""
        try:
            caller = self.authorised("runs:read")
            picture = await self.context.ask(
                "runs", "picture", caller, check_text(run, "run"), check_text(digest, "digest")
            )
        except NbyardError as error:
            self.fail(error)
            return
        is_png = picture.startswith(b"\x89PNG")
        self.set_header("Content-Type", "image/png" if is_png else "image/jpeg")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        # The same digest always gives the same picture. Caches of proxies must not keep it.
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        self.finish(picture)


class ContentHandler(NbyardHandler):
    """`GET …/content`: the bytes of a dataset, an artifact, or an input or other file of a task.

    `GET /runs/{run}/crate` is a run with all of them.

    Several files are sent as a zip.
    """

    def initialize(self, context: Any, name: str) -> None:  # type: ignore[override]
        super().initialize(context)
        self._noun, _, self._verb = name.partition(".")

    def get_content_type(self) -> str:
        return "application/octet-stream"

    @web.authenticated
    async def get(self, **path: str) -> None:
        """Send a file as a download."""
        try:
            caller = self.authorised(SCOPES.get(self._noun, "runs:read"))
            keys = {name: check_text(text, name) for name, text in path.items()}
            download = await self.context.ask(
                self._noun, self._verb, caller, **keys, **self._asked()
            )
            source, filename = await self.context.call(
                open_download, self.context.services.blobs, download
            )
        except NbyardError as error:
            self.fail(error)
            return
        with source:
            await self._send(source, filename)

    def _asked(self) -> dict[str, Any]:
        """Return the arguments in the query for the service's method."""
        if self._verb == "file" or self._noun == "home":
            return {"path": check_text(self.get_query_argument("path", "", strip=False), "path")}
        if self._verb == "crate":
            return {"inputs": self.get_query_argument("inputs", "true") != "false"}
        text = self.get_query_argument("version", "")
        if self._noun != "datasets" or not text:
            return {}
        if not (text.isdecimal() and len(text) < 10):
            raise Invalid.field("version", "a whole number is needed")
        return {"version": int(text)}

    async def _send(self, source: BinaryIO, filename: str) -> None:
        self._name_download(filename)
        self.set_header("Content-Length", str(os.fstat(source.fileno()).st_size))
        try:
            while chunk := await self.context.call(source.read, CHUNK):
                self.write(chunk)
                await self.flush()
            await asyncio.shield(self.finish())
        except StreamClosedError:  # the client left
            return

    def _name_download(self, filename: str) -> None:
        self.set_header("Content-Type", "application/octet-stream")
        # A browser that shows the file anyway must not run its scripts at this origin.
        self.set_header("Content-Security-Policy", "sandbox")
        self.set_header(
            "Content-Disposition", f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        )
