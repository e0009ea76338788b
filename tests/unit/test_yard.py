"""Settings in, services out."""

from nbyard.settings import Settings
from nbyard.yard import Yard


def test_an_opened_yard_is_closed_and_opened_again(tmp_path):
    settings = Settings(store_dir=str(tmp_path / "store"), inline_dispatch=True)
    with Yard.open(settings, tmp_path, tmp_path) as first:
        assert first.context.files.root == tmp_path
        assert first.context.files.is_served
    with Yard.open(settings) as again:
        assert again.store.id == first.store.id
        assert not again.context.files.is_served
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0
