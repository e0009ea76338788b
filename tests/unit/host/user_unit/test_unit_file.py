"""The file of the unit: whose it is, and when it is replaced."""

from pathlib import Path

import pytest

from nbyard.errors import Conflict
from nbyard.host import user_unit
from nbyard.host.user_unit import DispatcherStart, unit_text

STORE = Path("/home/ann/store")


def text_for(store: Path = STORE, **variables: str) -> str:
    return unit_text(DispatcherStart("/py", store, variables))


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(user_unit, "LINGER", tmp_path / "linger")
    return tmp_path / "config/systemd/user/nbyard.service"


@pytest.mark.parametrize("configured", ["", "relative"])
def test_without_a_configured_folder_the_unit_is_below_home(monkeypatch, tmp_path, configured):
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_unit.unit_path() == tmp_path / ".config/systemd/user/nbyard.service"


def test_writing_it_twice_changes_nothing(path):
    assert user_unit.unit_state(STORE).state == "missing"
    assert user_unit.write(text_for(), STORE, False)
    assert not user_unit.write(text_for(), STORE, False)
    assert path.read_text() == text_for()
    found = user_unit.unit_state(STORE)
    assert (found.state, found.store, found.is_enabled) == ("installed", str(STORE), False)


def test_our_own_text_is_replaced(path):
    user_unit.write(text_for(), STORE, False)
    assert user_unit.write(text_for(NBYARD_SLOTS="2"), STORE, False)
    assert "NBYARD_SLOTS=2" in path.read_text()


@pytest.mark.parametrize("edited", ["[Service]\n", text_for() + "Nice=5\n"])
def test_an_edited_file_is_kept(path, edited):
    path.parent.mkdir(parents=True)
    path.write_text(edited)
    with pytest.raises(Conflict) as refused:
        user_unit.write(text_for(), STORE, False)
    assert "edited" in refused.value.message and "--force" in refused.value.hint
    assert path.read_text() == edited and user_unit.unit_state(STORE).state == "edited"
    assert user_unit.write(text_for(), STORE, True)
    assert path.read_text() == text_for()


def test_the_unit_of_another_store_is_kept(path):
    user_unit.write(text_for(), STORE, False)
    other = Path("/home/ann/other")
    with pytest.raises(Conflict, match="the store /home/ann/store"):
        user_unit.write(text_for(other), other, False)
    with pytest.raises(Conflict):
        user_unit.check_owned(other, False)
    assert user_unit.unit_state(other).state == "other-store"


def test_a_link_enables_the_unit_and_is_deleted_with_it(path, tmp_path):
    user_unit.write(text_for(), STORE, False)
    link = path.parent / "default.target.wants/nbyard.service"
    link.parent.mkdir()
    link.symlink_to(path)
    assert user_unit.unit_state(STORE).is_enabled and not user_unit.unit_state(STORE).lingers
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / user_unit.user_name()).touch()
    assert user_unit.unit_state(STORE).lingers
    user_unit.remove()
    assert not path.exists() and not link.is_symlink()
    user_unit.remove()


def test_a_user_without_a_name_is_supported(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert user_unit.user_name() == "4000000000"


def test_an_unreadable_file_is_not_replaced(path):
    path.mkdir(parents=True)
    assert user_unit.unit_state(STORE).state == "edited"
