"""A server for tests that shows its state, and acts as its path says."""

import contextlib
import http.server
import os
import sys
import time

OWN = os.environ.get("VERSION", "1")
HOG: list[bytes] = []


def limits():
    """Return the limits of the kernel, for both versions of control groups."""
    for path in ("memory/memory.limit_in_bytes", "memory.max", "cpu/cpu.cfs_quota_us", "cpu.max"):
        with contextlib.suppress(OSError), open(f"/sys/fs/cgroup/{path}") as file:
            yield path, file.read().strip()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        word, _, rest = self.path.lstrip("/").partition("/")
        if word == "exit":
            sys.stderr.write("leaving as told\n")
            sys.stderr.flush()
            os._exit(int(rest))
        if word == "hog":
            while True:
                HOG.append(b"x" * (64 << 20))
        if word == "slow":
            time.sleep(float(rest))
        text = {"env": str(sorted(os.environ.items())), "say": rest}.get(word, f"version {OWN}")
        if word == "limits":
            text = "\n".join(f"{path}={told}" for path, told in limits())
        if word == "keep":
            with open(os.path.expanduser("~/kept"), "a+") as kept:
                kept.write(rest)
                kept.seek(0)
                text = kept.read()
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


sys.stdout.write(f"serving version {OWN}\n")
sys.stdout.flush()
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
