"""A connection of a user's server to the services of a yard, without HTTP."""

import dataclasses
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from nbyard.blobs import open_download
from nbyard.domain.callers import Caller
from nbyard.domain.projects.homes import Home, HomeChange, HomeState, HomeUpdate
from nbyard.freezing.pushed_folders import home_folder
from nbyard.host.project_files import ProjectFiles
from nbyard.services.registry import Services
from nbyard.yard import Yard


class DirectConnection:
    """The operations on the mirror of one owner.

    `asked` has the names of requests, `sent` the sizes of uploads.
    """

    def __init__(self, yard: Yard, owner: str = "ann"):
        self.files = ProjectFiles(home_folder(yard.store.folder, owner))
        self.context = dataclasses.replace(yard.context, files=self.files)
        self.services = Services(self.context)
        self.caller = Caller(owner)
        self.asked: list[str] = []
        self.sent: list[int] = []
        self.home = self

    def get(self) -> Home:
        self.asked.append("get")
        return self.services.home.get(self.caller)

    def update(self, body: HomeUpdate) -> HomeState:
        self.asked.append("update")
        body = msgspec.json.decode(msgspec.json.encode(body), type=HomeUpdate)
        return self.services.home.update(self.caller, body)

    def changes(self) -> list[HomeChange]:
        self.asked.append("changes")
        return self.services.home.changes(self.caller)

    def upload(self, filename: str, size: int, pieces: Iterator[bytes]) -> str:
        self.sent.append(size)
        made = self.context.uploads.create(self.caller.name, filename, size)
        self.context.uploads.append(self.caller.name, made.id, 0, pieces)
        return made.id

    def home_file(self, path: str) -> tuple[BinaryIO, str]:
        download: Any = self.services.home.content(self.caller, path)
        return open_download(self.context.blobs, download)

    def wait(self, seconds: float) -> None:
        pass
