"""Commands of images, models and deployments."""

import pytest

from nbyard.services.spelling.resource_commands import CONTAINER_COMMANDS

from .sent_requests import check_command

SPELLED = [
    (
        "images.build",
        {"environment": "cows", "recipe": {"cuda": "12.6", "for_notebooks": False}},
        "images build --anew --cuda 12.6 --for-scripts cows",
    ),
    (
        "images.build",
        {"path": "t/Dockerfile", "recipe": {"base": "python:3.12"}},
        "images build --base python:3.12 t/Dockerfile",
    ),
    ("images.pull", {"reference": "a:1"}, "images pull a:1"),
    ("images.push", {"reference": "r.org/"}, "images push KEY r.org/"),
    (
        "models.build",
        {"path": "churn/model.py", "class_name": "Churn"},
        "models build churn/model.py:Churn",
    ),
    (
        "models.build",
        {"run": "12", "output": "train.model"},
        "models build --run 12 --output train.model",
    ),
    (
        "deployments.create",
        {
            "image": "a:1",
            "name": "web",
            "service": "own",
            "cpu": 2,
            "ports": [{"name": "web", "port": 80, "keep_prefix": True}],
            "command": ["python3", "-m", "http.server"],
        },
        "deployments create --service own --name web --cpu 2.0 --port web=80 --keep-prefix web -- "
        "a:1 python3 -m http.server",
    ),
    (
        "deployments.create",
        {"service": "jupyterlab", "name": "lab", "password": "x"},
        "deployments create --service jupyterlab --name lab",
    ),
    (
        "deployments.edit",
        {"revision": 3, "image": "a:2", "memory_gb": 4},
        "deployments edit --image a:2 --memory 4.0 KEY",
    ),
    (
        "deployments.create_key",
        {"name": "nightly", "days": 30},
        "deployments keys create --name nightly --expires 30d KEY",
    ),
]


@pytest.mark.parametrize(("name", "body", "command"), SPELLED)
def test_a_request_has_its_command(name, body, command):
    check_command(name, body, command)


def test_each_command_is_shown_here():
    assert {name for name, *_ in SPELLED} == CONTAINER_COMMANDS.keys()
