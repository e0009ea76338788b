#!/usr/bin/env python3
"""Start Chromium so that it does not hear of networks that come and go.

Docker's networks do so all the time while the check runs, and for each of them Chromium drops the
requests that wait for a connection (ERR_NETWORK_CHANGED). Without netlink sockets it takes the
machine for always online.
"""

import ctypes
import errno
import os
import socket
import struct
import sys

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium-headless-shell"
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT
# where struct seccomp_data has the number of the call and the first argument of it
NUMBER, ARGUMENT = 0, 16
LOAD, IS_EQUAL, RETURN = 0x20, 0x15, 0x06
SOCKET_CALLS = {"x86_64": 41, "aarch64": 198}


class Program(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_netlink(call: int) -> None:
    """Let this process and its children open no netlink socket: a filter for seccomp(2)."""
    steps = (
        (LOAD, 0, 0, NUMBER),
        (IS_EQUAL, 0, 3, call),
        (LOAD, 0, 0, ARGUMENT),
        (IS_EQUAL, 0, 1, socket.AF_NETLINK),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    )
    program = Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for words in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if prctl(*words):
            raise OSError(ctypes.get_errno(), "the filter is refused")


if number := SOCKET_CALLS.get(os.uname().machine):
    refuse_netlink(number)
os.execv(CHROMIUM, [CHROMIUM, *sys.argv[1:]])
