"""Environments as they are found: a kernel we did not make is known by a fingerprint."""

from typing import Any

import msgspec


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """An installed distribution. `record` is the SHA-256 of its RECORD, which lists the SHA-256 of
    each of its files: two builds of one version differ in it. `direct_url` is there where it came
    from a folder, an archive or a repository and not from an index (direct_url.json)."""

    name: str
    version: str
    record: str = ""
    direct_url: dict[str, Any] | None = None


class Lock(msgspec.Struct, frozen=True):
    """What was installed, as far as it is known on the spot: what a lock file (PEP 751) says of
    packages and environment, with what is installed in place of where to get it."""

    python: str
    build: str
    implementation: str
    platform: str
    packages: list[Package]


class EnvironmentRef(msgspec.Struct, frozen=True):
    """An interpreter or kernel of this machine.

    `kernel` is a kernelspec's name, `interpreter` the program that runs scripts; `fingerprint`
    covers the interpreter and its installed distributions, which `lock` lists.
    """

    kernel: str = ""
    language: str = ""
    interpreter: str = ""
    fingerprint: str = ""
    lock: Lock | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions of distributions by name; empty where the lock is unknown."""
        return (
            {package.name: package.version for package in self.lock.packages} if self.lock else {}
        )
