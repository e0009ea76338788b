"""A backup is written during runs, and the restored store shows the same records.

Secrets beside the code get neither into the store nor into exports."""

from pathlib import Path

import pytest

from nbyard.testing.dispatcher_thread import Dispatching

CHOICES = [
    ("--new-id", "backfills and bisections of the restored store are off"),
    ("--same-id", "Do not start the former store"),
]
SCRIPT = """\
#!/bin/sh
echo line
sleep 0.2
"""


def test_backups_during_runs_are_restored_with_logs(
    shell, yard, dispatcher: Dispatching, tmp_path, monkeypatch
) -> None:
    root = yard.context.files.root
    (root / "s.sh").write_text(SCRIPT)
    assert shell("run", "s.sh", "--name", "first").code == 0
    archives = [tmp_path / f"{number}.tar.gz" for number in range(3)]
    for archive in archives:
        for number in range(3):
            (root / "s.sh").write_text(f"{SCRIPT}# {archive} {number}\n")
            assert shell("run", "s.sh", "--detach").code == 0
        said = shell("store", "backup", str(archive))
        assert said.code == 0 and "runs" in said.out
    assert shell("store", "backup", str(archives[0])).code == 1
    for number, archive in enumerate(archives):
        assert "can be restored" in shell("store", "restore", str(archive), "--dry-run").out
        with monkeypatch.context() as patch:
            patch.setenv("NBYARD_STORE_DIR", str(tmp_path / f"restored{number}"))
            refused = shell("store", "restore", str(archive))
            assert refused.code == 1 and "--new-id" in refused.err
            which, words = CHOICES[number % 2]
            restored = shell("store", "restore", str(archive), which, *["--json"][number:])
            assert restored.code == 0 and words in restored.err
            assert shell("runs", "log", "first").out == "line\n"
            assert len(shell("runs", "ls", "--json").json["items"]) == 1 + 3 * (number + 1)
            assert shell("store", "restore", str(archive)).code == 1
            assert "Schema: 00" in shell("store", "migrate").out


def test_backup_without_the_key_of_channels_is_reported(shell, yard, tmp_path) -> None:
    assert "crypt.key" not in shell("store", "backup", str(tmp_path / "before.tar")).err
    url = tmp_path / "url"
    url.write_text("https://h.test/secret")
    assert shell("channels", "create", "team", "--file", str(url)).code == 0
    assert "crypt.key" in shell("store", "backup", str(tmp_path / "b.tar")).err
    said = shell("store", "backup", str(tmp_path / "with.tar"), "--with-key")
    assert said.code == 0 and "crypt.key" not in said.err


CANARY = "canary-7f3a9"
SECRETS = ("local.nbvars", ".env", "tls.pem", "certs/id_rsa", "rclone.conf", ".aws/credentials")


def holds(folder: Path) -> list[Path]:
    """Return the files below a folder that contain the text of the secrets."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if CANARY.encode() in path.read_bytes()]


@pytest.fixture
def project(yard) -> Path:
    root: Path = yard.context.files.root
    for name in SECRETS:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(CANARY)
    (root / "s.sh").write_text("#!/bin/sh\ncat tls.pem || true\n")
    (root / ".gitignore").write_text("!.env\n!.aws\n")
    (root / "nbyard.toml").touch()
    return root


def test_secrets_beside_the_code_are_not_stored_or_exported(
    shell, yard, dispatcher: Dispatching, project: Path, tmp_path: Path
) -> None:
    said = shell("run", "s.sh")
    assert said.code == 0 and "rclone.conf, tls.pem" in said.err
    out = tmp_path / "out"
    out.mkdir()
    for words in (
        ("store", "backup", str(out / "b.tar")),
        ("runs", "export", "1", "-o", str(out / "crate.zip")),
        ("runs", "bundle", "1", "-o", str(out / "run.zip")),
    ):
        assert shell(*words).code == 0
    assert holds(yard.store.folder) == holds(out) == []
    # A named file is passed, and counts as declared.
    (project / ".nbyardignore").write_text("!tls.pem\n!*.nbvars\n")
    assert shell("run", "s.sh").code == 0 and shell("runs", "log", "2").out == CANARY
    assert len(holds(yard.store.folder / "blobs")) == 1
