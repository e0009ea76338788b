"""Commands of datasets, executables, environments, projects, channels and credentials."""

import pytest

from nbyard.services.spelling.resource_commands import COMMANDS

from .sent_requests import check_command

SPELLED = [
    (
        "channels.create",
        {
            "name": "team",
            "url": "slack://x",
            "rules": [{"events": ["failed", "recovered"], "path": "a.nbflow", "long_seconds": 60}],
        },
        "channels create --on failed,recovered --long-after 60.0 --of a.nbflow team",
    ),
    ("channels.create", {"name": "team", "url": "slack://x"}, "channels create --on none team"),
    ("quotas.set", {"gpus": 2}, "quotas set --gpus 2 KEY"),
    ("channels.update", {"revision": 1, "url": "slack://x"}, "channels update --url KEY"),
    (
        "credentials.create",
        {
            "name": "minio",
            "kind": "s3",
            "fields": {"access_key_id": "ann", "secret_access_key": "s"},
        },
        "credentials add --kind s3 --field access_key_id=ann minio",
    ),
    (
        "datasets.create",
        {"source": {"kind": "file", "path": "data/a b.csv"}, "replace": True, "name": "a"},
        "datasets add --name a --replace 'data/a b.csv'",
    ),
    (
        "datasets.create",
        {"source": {"kind": "url", "url": "https://x.org/a.zip"}, "unpack": True},
        "datasets add --unpack https://x.org/a.zip",
    ),
    (
        "environments.create",
        {"name": "cows", "requirements": "cowsay==6.1\npandas"},
        "environments create cows cowsay==6.1 pandas",
    ),
    ("environments.change", {"add": "rich>13"}, "environments install KEY 'rich>13'"),
    (
        "environments.change",
        {"requirements": "--no-binary x"},
        "environments install --replace -- KEY '--no-binary x'",
    ),
    ("environments.change", {"remove": ["rich"]}, "environments uninstall KEY rich"),
    ("environments.change", {"version": 2}, "environments use KEY@2"),
    (
        "executables.create",
        {"path": "clean.py", "name": "clean"},
        "executables add --name clean clean.py",
    ),
    (
        "projects.create",
        {"name": "wine", "task": {"goal": "Good wine"}, "metadata": {"t": "x"}},
        "projects create --goal 'Good wine' --set t=x wine",
    ),
    (
        "shares.grant",
        {"name": "bob", "role": "editor", "group": True},
        "shares grant --role editor --group KEY KEY bob",
    ),
    ("shares.create_link", {"days": 7}, "shares create-link --expires 7d KEY KEY"),
    ("projects.link", {"kind": "dataset", "resource": "red"}, "projects link KEY dataset red"),
]


@pytest.mark.parametrize(("name", "body", "command"), SPELLED)
def test_a_request_has_its_command(name, body, command):
    check_command(name, body, command)


def test_each_command_is_shown_here():
    assert {name for name, *_ in SPELLED} == COMMANDS.keys()
