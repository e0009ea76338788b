"""Writers on other machines wake the listeners of this one: PostgreSQL's NOTIFY."""

from pathlib import Path

import pytest

from nbyard.host.wakeup import open_listener
from nbyard.store import Store
from nbyard.store.events import Subject


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_writer_with_another_folder_wakes_us(tmp_path: Path, database_url: str) -> None:
    here, there = Store(tmp_path / "here", database_url), Store(tmp_path / "there", database_url)
    with here.relayed(), open_listener(here.folder) as listener:
        assert listener.wait(10)  # the relay is up
        with there.write() as c:
            there.events.append(c, "run", Subject("r", "ada"), {})
        assert listener.wait(10)
        here.deaf = listener.path.name
        with here.write() as c:
            here.events.append(c, "run", Subject("r", "ada"), {})
        with there.write() as c:
            there.events.append(c, "run", Subject("r", "ada"), {})
        assert listener.wait(10)
    here.close()
    there.close()


def test_with_sqlite_there_is_nothing_to_relay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.relayed(), open_listener(store.folder) as listener:
        assert not listener.wait(0.01)
    store.close()
