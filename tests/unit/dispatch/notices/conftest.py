"""Channels on a bench whose clock and answers the test decides."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.notices.controller import NoticeController
from nbyard.domain.ids import new_id
from nbyard.domain.notices.structs import (
    Channel,
    ChannelSecret,
    Delivery,
    DigestLimit,
    Message,
    Notice,
    NoticeRule,
    Receiver,
)
from nbyard.host import clock

PLENTY = DigestLimit()
FIRST = datetime(2026, 11, 26, 8, tzinfo=UTC)


class NoticeBench:
    """A bench whose messages are recorded; `answers` are the next deliveries, then successes."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        self.bench, self.store = bench, bench.store
        self._monkeypatch = monkeypatch
        self.time = FIRST
        self.sent: list[Message] = []
        self.answers: list[Delivery] = []
        monkeypatch.setattr(clock, "now", lambda: self.time)
        self.attach()

    @property
    def controller(self) -> NoticeController:
        """Return the controller of the dispatcher in charge."""
        return self.bench.dispatcher.notices

    def attach(self) -> None:
        """Let the dispatcher in charge send to the test, and only when the test looks."""
        self._monkeypatch.setattr(self.controller, "tick", lambda **given: None)
        self.controller.deliveries.send = self.send
        self.controller.deliveries.luck = lambda: 0.0

    def send(self, receiver: Receiver, message: Message) -> Delivery:
        """Record a message."""
        assert receiver.url.endswith("s3cr3t")
        self.sent.append(message)
        return self.answers.pop(0) if self.answers else Delivery()

    def channel(
        self, name: str = "team", *rules: NoticeRule, digest: DigestLimit = PLENTY
    ) -> Channel:
        """Create a channel with rules; by default, one that reports failures."""
        now = self.time
        made = Channel(
            id=new_id(),
            name=name,
            owner=OWNER.name,
            revision=1,
            kind="webhook",
            service="webhook",
            address="https://h.test/…",
            digest=digest,
            created_at=now,
            updated_at=now,
        )
        secret = ChannelSecret("https://h.test/s3cr3t")
        with self.store.write() as c:
            self.store.channels.insert_sealed(c, made, secret)
            self.store.rules.replace(c, OWNER.name, made.id, rules or (NoticeRule(["failed"]),))
        return made

    def pass_time(self, seconds: float) -> None:
        """Set the clock forward and send what is due."""
        self.time += timedelta(seconds=seconds)
        self.look()

    def look(self) -> None:
        """Send until nothing is due."""
        for _ in range(100):
            NoticeController.tick(self.controller)
            assert self.bench.dispatcher.settle(30)
            if self.controller.seconds_until_due() > 0.0:
                return
        raise AssertionError("the controller never rests")

    def fail(self, count: int = 1) -> list[str]:
        """Let runs fail; return their IDs."""
        return [self.end("failed") for _ in range(count)]

    def end(self, state: str = "succeeded", path: str = "", **more: Any) -> str:
        """Let a run end; return its ID."""
        run_id = self.bench.submit()
        if path:
            self.set_run(run_id, path=path)
        self.bench.until(lambda: self.bench.runtime.running)
        self.bench.runtime.end(self.bench.attempt(run_id), state, **more)
        self.bench.until(lambda: self.bench.run(run_id).state == state)
        return run_id

    def set_run(self, run_id: str, **columns: Any) -> None:
        """Change columns of a run, as if it had been created so."""
        with self.store.write() as c:
            names = ", ".join(f"{name} = :{name}" for name in columns)
            c.execute(text(f"update runs set {names} where id = :it"), {**columns, "it": run_id})

    def notices(self, channel: Channel) -> list[Notice]:
        """Return all notices of a channel, oldest first."""
        with self.store.read() as c:
            return self.store.notices.page(c, channel.id, 1000, "", "")[::-1]

    def now(self, channel: Channel) -> Channel:
        """Return a channel as it is stored."""
        with self.store.read() as c:
            found = self.store.channels.by_id(c, channel.id)
        assert found is not None
        return found


@pytest.fixture
def notified(bench: Bench, monkeypatch) -> Iterator[NoticeBench]:
    yield NoticeBench(bench, monkeypatch)
