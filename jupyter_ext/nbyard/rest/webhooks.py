"""Receives messages of webhooks.

They have no token of Jupyter, so their signature is checked.
"""

from collections.abc import Iterable

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado import web
from tornado.httputil import HTTPServerRequest
from tornado.log import app_log

from nbyard.domain.automations.webhooks import ID, MOST_BYTES, SIGNATURE, TIMESTAMP, Message
from nbyard.errors import NbyardError, TooLarge
from nbyard.rest.operation_handler import NbyardHandler

PATH = "/hooks/{automation}"
BODY_SECONDS = 30.0


@web.stream_request_body
class WebhookHandler(NbyardHandler):
    """Receives a message, limits its size and passes it to the automations.

    Cookies and tokens are ignored, so that a message from a browser has no more rights than others.
    """

    request: HTTPServerRequest

    async def prepare(self) -> None:  # type: ignore[override]
        # Without `super().prepare`, Jupyter looks for no user of the request.
        self.request.connection.set_body_timeout(BODY_SECONDS)  # type: ignore[union-attr]
        self._pieces: list[bytes] = []
        self._size = 0
        if self.request.method != "POST":
            raise web.HTTPError(405)

    def check_xsrf_cookie(self) -> None:
        """Do nothing: senders have no cookies, and other sites cannot forge a signature."""

    def known_methods(self) -> Iterable[str]:
        return ("POST",)

    async def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= MOST_BYTES:
            self._pieces.append(chunk)
        else:
            # Too large: keep reading, so that the sender gets the error, but free the memory.
            self._pieces.clear()

    @allow_unauthenticated
    async def post(self, automation: str) -> None:
        """Respond with 202 once a message was recorded as a firing, else with the error.

        Raises:
            TooLarge: the body is too large. It is caught here, and the response has its status.
        """
        headers = self.request.headers
        try:
            if self._size > MOST_BYTES:
                raise TooLarge(f"may have at most {MOST_BYTES} bytes")
            message = Message(
                headers.get(ID, ""),
                headers.get(TIMESTAMP, ""),
                headers.get(SIGNATURE, ""),
                b"".join(self._pieces),
            )
            # Behind a trusted proxy, Jupyter reads this address from the headers of the proxy.
            sender = self.request.remote_ip or ""
            delivery = await self.context.ask(
                "automations", "deliver", automation[:100], message, sender
            )
        except NbyardError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  the REST boundary
            app_log.error("nbyard %s failed", self.request_id, exc_info=error)
            self.fail(
                NbyardError(hint=f"The server's log has details. Look for {self.request_id}.")
            )
        else:
            self.answer(202, delivery)
