"""Where requests have secrets."""

import pytest

from nbyard.domain.credentials import CredentialPatch, NewCredential
from nbyard.domain.deployments.structs import DashboardGeneral, DeploymentChange, NewDeployment
from nbyard.domain.notices.structs import ChannelPatch, NewChannel
from nbyard.domain.runs.structs import NewRun
from nbyard.services.spelling.resource_commands import secret_places


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (NewRun(path="a.py"), []),
        (NewChannel("a", ""), ["url"]),
        (ChannelPatch(1), []),
        (ChannelPatch(1, url="slack://x"), ["url"]),
        (NewCredential("a", "token", {}), ["fields.secret"]),
        (NewCredential("a", "registry", {"username": "ann"}), ["fields.password"]),
        (
            NewCredential("a", "s3", {"session_token": "x"}),
            ["fields.secret_access_key", "fields.session_token"],
        ),
        (CredentialPatch(1), []),
        (CredentialPatch(1, {"password": "x", "username": "ann"}), ["fields.password"]),
        (NewDeployment("a:1"), []),
        (NewDeployment("a:1", password="x"), ["password"]),
        (NewDeployment("a:1", service="jupyterlab"), ["password"]),
        (
            NewDeployment(general=DashboardGeneral(jupyter_password="x")),
            ["general.jupyter_password"],
        ),
        (DeploymentChange(), []),
        (DeploymentChange(password="x"), ["password"]),
    ],
)
def test_places_of_secrets_are_known(body, places):
    assert secret_places(body) == places
