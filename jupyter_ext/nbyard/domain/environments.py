"""Environments as they are found: a kernel we did not make is known by a fingerprint."""

import msgspec


class EnvironmentRef(msgspec.Struct, frozen=True):
    """An interpreter or kernel of this machine.

    `kernel` is a kernelspec's name, `interpreter` the program that runs scripts; `fingerprint`
    covers the interpreter and its installed distributions.
    """

    kernel: str = ""
    language: str = ""
    interpreter: str = ""
    fingerprint: str = ""
    packages: dict[str, str] = {}
