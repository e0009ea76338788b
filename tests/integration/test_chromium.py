"""Chromium, as the tests start it, does not watch network changes."""

import os
import subprocess
import sys

TRY = """
import errno, os, socket
socket.create_server(("127.0.0.1", 0)).close()
socket.socketpair()
try:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_the_browser_opens_no_netlink_socket(repository):
    done = subprocess.run(
        [repository / "ui-tests/lab/chromium.py", "-c", TRY],
        env={**os.environ, "CHROMIUM": sys.executable},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "EAFNOSUPPORT\n"
