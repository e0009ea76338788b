"""A login belongs to one caller, in one thread, during one call."""

import threading

from nbyard.dockerd import logged_in
from nbyard.dockerd.engine_images import login_for
from nbyard.domain.credentials import Login

MINE, YOURS = Login("hub", "ann", "x"), Login("hub", "bob", "y")


def test_the_innermost_block_sets_the_login():
    assert login_for("h.test/cows") is None
    with logged_in({"h.test/cows": MINE}.get):
        assert login_for("h.test/cows") is MINE
        assert login_for("cows") is None
        with logged_in(lambda _: YOURS):
            assert login_for("h.test/cows") is YOURS
        assert login_for("h.test/cows") is MINE
    assert login_for("h.test/cows") is None


def test_another_thread_has_another_one():
    seen: list[Login | None] = []
    with logged_in(lambda _: MINE):
        other = threading.Thread(target=lambda: seen.append(login_for("cows")))
        other.start()
        other.join()
    assert seen == [None]
