"""Registries are asked for an image by its name only."""

import pytest

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError


def test_a_missing_image_is_not_looked_up_by_its_id(tmp_path):
    engine = Engine(f"unix://{tmp_path}/none.sock")
    with pytest.raises(NbyardError, match=r"sha256:abc was deleted"):
        engine.pull("sha256:abc", lambda _: None)
