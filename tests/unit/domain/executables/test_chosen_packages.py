"""The packages of a node are its own, else those of its executable."""

import pytest

from nbyard.domain.executables.chosen_packages import chosen_packages, has_image
from nbyard.domain.executables.structs import Resources
from nbyard.domain.workflows.structs import Node
from nbyard.errors import Invalid


def test_settings_of_the_node_win():
    default = Resources(environment="cows")
    assert chosen_packages(Node("executable"), default) == ("cows", "")
    assert chosen_packages(Node("executable", requirements="r.txt"), default) == ("", "r.txt")
    assert chosen_packages(Node("executable"), Resources()) == ("", "")
    with pytest.raises(Invalid):
        chosen_packages(Node("executable", environment="a", requirements="r.txt"), Resources())


def test_the_image_of_the_executable_is_the_default():
    assert has_image(Node("executable", image="own:1"), Resources())
    assert has_image(Node("executable"), Resources(hinted_image="its:1"))
    assert not has_image(Node("executable"), Resources())
