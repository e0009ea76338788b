"""Connections to an engine that looks like one on another machine: TLS and ssh."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from .bench import until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificates(folder: Path) -> Path:
    """Create an authority in `folder`, and below it `server` and `client`, each in Docker's
    layout."""
    folder.mkdir()
    _openssl(folder, "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours", "ca")
    for name in ("server", "client"):
        place = folder / name
        place.mkdir()
        shutil.copyfile(folder / "ca.pem", place / "ca.pem")
        more = f"-CA {folder}/ca.pem -CAkey {folder}/ca-key.pem -addext subjectAltName=IP:127.0.0.1"
        usage = f"-addext extendedKeyUsage={name}Auth"
        request = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} {more} {usage}"
        _openssl(place, request, "cert")
        (place / "cert-key.pem").rename(place / "key.pem")
    return folder


def _openssl(folder: Path, request: str, name: str) -> None:
    files = ["-out", str(folder / f"{name}.pem"), "-keyout", str(folder / f"{name}-key.pem")]
    subprocess.run(["openssl", *request.split(), *files], check=True, capture_output=True)


class Ssh:
    """An sshd of the test, whose users find the engine at `docker_host`."""

    def __init__(self, folder: Path, docker_host: str):
        self.folder = folder
        self.port = free_port()
        self.url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"
        folder.mkdir()
        for name in ("host", "key", "stranger"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True)
        shutil.copyfile(folder / "key.pub", folder / "authorized")
        host = (folder / "host.pub").read_text()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {host}")
        told = f"""
            Port {self.port}
            ListenAddress 127.0.0.1
            HostKey {folder}/host
            AuthorizedKeysFile {folder}/authorized
            PidFile {folder}/pid
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            SetEnv DOCKER_HOST={docker_host}
        """
        (folder / "sshd_config").write_text(told)

    @staticmethod
    def why_not() -> str:
        """Return why sshd cannot start here, or ""."""
        missing = [name for name in ("sshd", "ssh", "docker") if shutil.which(name) is None]
        names = ", ".join(missing)
        return f"{names} not found (apt-get install openssh-server docker.io)" if names else ""

    def client(self, key: str) -> str:
        """Return a folder for PATH, whose `ssh` uses that key and none of the user's settings."""
        place = self.folder / f"bin-{key}"
        place.mkdir(exist_ok=True)
        told = f"IdentityFile {self.folder}/{key}\nIdentitiesOnly yes\nIdentityAgent none\n"
        told += f"UserKnownHostsFile {self.folder}/known\n"
        (place / "config").write_text(told)
        (place / "ssh").write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} -F {place}/config "$@"\n'
        )
        (place / "ssh").chmod(0o755)
        return f"{place}:{os.environ['PATH']}"

    def start(self) -> None:
        Path("/run/sshd").mkdir(exist_ok=True)
        words = [str(shutil.which("sshd")), "-f", str(self.folder / "sshd_config")]
        subprocess.run([*words, "-E", str(self.folder / "log")], check=True)
        until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def cut(self) -> None:
        """Close every connection; new ones are possible."""
        for child in psutil.Process(self._pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()

    @property
    def _pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def stop(self) -> None:
        os.kill(self._pid, signal.SIGTERM)
        until(lambda: not self._answers())
