"""Sends messages with Apprise, and finds out what the servers responded."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbyard.domain.notices.channel_urls import GENERIC, masked_url, scheme_of, without_secrets
from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.reasons.structs import because
from nbyard.transfer.notices.protocol import (
    ANSWER_SECONDS,
    LATER,
    http_delivery,
    mail_delivery,
    too_late,
)

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

LOGGER = "apprise"
AGENT = "nbyard"


class AppriseKind:
    """All services of Apprise, also by the web addresses of their own webhooks."""

    name, rank = "apprise", 50

    def describe(self, url: str) -> ChannelAddress | None:
        """Return the service and masked address of a URL, None if Apprise does not know it."""
        from apprise import Apprise

        service: Any = Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            return None
        shown = str(service.url(privacy=True)).partition("?")[0]
        if scheme_of(url) in GENERIC:
            shown = masked_url(url)
        return ChannelAddress(self.name, str(service.service_name), shown)

    def send(self, url: str, service: str, message: Message) -> Delivery:
        """Send the text of a message with Apprise. `service` names the receiver in reasons."""
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

        asset = AppriseAsset(app_id=AGENT, app_desc=AGENT, app_url="", async_mode=False)
        channel = Apprise(asset=asset)
        if not channel.add(url):
            return Delivery(because("unknown-channel-url"), is_final=True)
        kind = NotifyType.FAILURE if message.is_failure else NotifyType.SUCCESS
        with Recorder(service).recording() as seen:
            # As plain text, so that a name or a line of a log is never read as HTML or Markdown.
            is_sent = bool(
                channel.notify(
                    body=message.body,
                    title=message.title,
                    notify_type=kind,
                    body_format=NotifyFormat.TEXT,
                )
            )
        if is_sent:
            return Delivery()
        if seen.delivery is not None and seen.delivery.reason is not None:
            return seen.delivery
        text = without_secrets(seen.problem or "no answer", url)
        return Delivery(because("channel-not-sent", service=service, message=text))


class Recorder(logging.Handler):
    """Records the last HTTP response, refusal by a mail server, and warning of Apprise."""

    def __init__(self, service: str):
        super().__init__(logging.WARNING)
        self._service = service
        self.delivery: Delivery | None = None
        self.problem = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Record the text of a warning."""
        self.problem = record.getMessage()

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Record responses and warnings during the block. It replaces functions of libraries."""
        from requests.adapters import HTTPAdapter

        # Apprise returns only whether it succeeded. The status and Retry-After, which decide about
        # another attempt, are seen only here.
        log = logging.getLogger(LOGGER)
        send, reply = HTTPAdapter.send, smtplib.SMTP.getreply
        log.addHandler(self)
        HTTPAdapter.send = self._sending(send)  # type: ignore[method-assign]
        smtplib.SMTP.getreply = self._replying(reply)  # type: ignore[method-assign]
        try:
            yield self
        finally:
            HTTPAdapter.send = send  # type: ignore[method-assign]
            smtplib.SMTP.getreply = reply  # type: ignore[method-assign]
            log.removeHandler(self)

    def _sending(self, send: Any) -> Any:
        from requests import ConnectionError as Lost
        from requests import RequestException, Timeout

        def record(adapter: Any, request: PreparedRequest, **options: Any) -> Response:
            try:
                # Apprise would wait for 4 s, and some services take longer.
                limited = {**options, "timeout": ANSWER_SECONDS}
                answer: Response = send(adapter, request, **limited)
            except Timeout:
                self.delivery = too_late(self._service)
                raise
            except RequestException as error:
                message = type(error).__name__
                why = because("channel-unreachable", service=self._service, message=message)
                self.delivery = Delivery(why)
                raise
            retry = answer.headers.get("Retry-After", "")
            self.delivery = http_delivery(self._service, answer.status_code, retry)
            if answer.status_code in LATER:
                # Otherwise some services of Apprise would wait here.
                raise Lost("later")
            return answer

        return record

    def _replying(self, reply: Any) -> Any:
        def record(mail: Any) -> Any:
            code, text = reply(mail)
            if code >= 400:
                message = bytes(text).decode("utf-8", "replace")
                self.delivery = mail_delivery(self._service, code, message)
            return code, text

        return record
