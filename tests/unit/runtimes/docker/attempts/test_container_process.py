"""What a runner in a container says outside the attempt's log."""

from typing import Any, cast

from tests.support.leaked_secrets import CANARY

from nbyard.domain.attempts.structs import NotebookWork, TaskFile
from nbyard.runner import secret_files
from nbyard.runtimes.docker.attempts.container_process import output_outside_log
from nbyard.runtimes.docker.files.local_folder import prepare_folder
from nbyard.runtimes.protocol import Order

NOTEBOOK = TaskFile("a", "t", "m", NotebookWork("code/n.ipynb", "", "python", {}), {})


class Engine:
    def log(self, name):
        yield True, f"{name}: Traceback of s3cr3t".encode()
        yield False, f"{CANARY[6:]}\n".encode()


def test_last_lines_of_a_notebook_show_no_secret(tmp_path, monkeypatch):
    """The folder no longer leads to the secrets, which are mounted in the container."""
    monkeypatch.setattr(secret_files, "SHARED", str(tmp_path))
    folder = tmp_path / "attempt"
    folder.mkdir()
    user = (folder.stat().st_uid, folder.stat().st_gid)
    order = Order("a", "s", "r", "n", folder, "m")
    place = secret_files.secrets_folder("s", "a")
    secret_files.store_secrets(str(folder), place, {"token": CANARY.encode()}, [CANARY])
    prepare_folder(folder, NOTEBOOK, user)
    assert not (folder / "secrets").is_symlink()
    assert output_outside_log(cast(Any, Engine()), "nby-a", order) == "nby-a: Traceback of ***\n"
    secret_files.delete_secrets(place)
    assert output_outside_log(cast(Any, Engine()), "nby-a", order) == ""
