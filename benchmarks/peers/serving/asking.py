"""Send requests from many clients for some seconds, and print their times.

    python asking.py PORT PATH CLIENTS SECONDS EXPECTED BODY [HEADER…]

Each client has its own connection and sends one request after the other. Spaces in responses do not
count. The program uses the standard library only.
"""

import asyncio
import json
import sys
import time


async def ask(port: int, request: bytes, expected: bytes, until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        place = lower.index(b"content-length:") + len(b"content-length:")
        body = await reader.readexactly(int(lower[place : lower.index(b"\r\n", place)]))
        times.append(time.perf_counter() - began)
        if b" 200 " not in head[:20] or expected not in body.replace(b" ", b""):
            raise SystemExit(f"{head!r} {body!r}")
    writer.close()


async def main(port: int, path: str, clients: int, seconds: float, rest: list[str]) -> None:
    expected, body, *headers = (text.encode() for text in rest)
    lines = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head = lines.encode() + b"".join(b"%s\r\n" % line for line in headers)
    request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    times: list[float] = []
    until = time.perf_counter() + seconds
    asked = (ask(port, request, expected, until, times) for _ in range(clients))
    await asyncio.gather(*asked)
    json.dump(sorted(times), sys.stdout)


if __name__ == "__main__":
    port, path, clients, seconds, *rest = sys.argv[1:]
    asyncio.run(main(int(port), path, int(clients), float(seconds), rest))
