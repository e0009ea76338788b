"""A local mail server that answers as a test says."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailReceiver:
    """Records mails. `answers` are the next replies to DATA, such as `451 later`; then 250."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.port = 0


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """Run a mail server that speaks plain SMTP for the block."""
    receiver = MailReceiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._reply("220 test")
            while line := self.rfile.readline():
                word = line.decode().strip()
                if word.upper().startswith("RCPT TO:"):
                    receiver.recipients.append(word[8:].strip("<> "))
                if word.upper() == "DATA":
                    self._data()
                elif word.upper() == "QUIT":
                    self._reply("221 bye")
                    return
                else:
                    self._reply("250 ok")

        def _data(self) -> None:
            self._reply("354 go on")
            lines = []
            # A line that contains only a period ends the mail, see RFC 5321.
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.decode("utf-8", "replace"))
            reply = receiver.answers.pop(0) if receiver.answers else "250 ok"
            if reply.startswith("250"):
                receiver.mails.append("".join(lines))
            self._reply(reply)

        def _reply(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
