"""P5: what the proxy and the container of a model both know."""

import stat

from nbyard.kept_secrets import KeptSecret


def test_only_the_owner_reads_it_and_it_stays_what_it_is(tmp_path):
    kept = KeptSecret(tmp_path / "deployment", 3)
    assert kept.read() == ""
    kept.create()
    known = kept.read()
    kept.create()
    assert kept.read() == known and len(known) > 40
    (path,) = (tmp_path / "deployment").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = KeptSecret(tmp_path / "deployment", 4)
    other.create()
    assert other.read() not in ("", known)
