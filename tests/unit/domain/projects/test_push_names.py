"""J2: folders of pushes."""

from nbyard.domain.projects.push_names import push_name


def test_a_push_is_named_by_its_digest():
    assert push_name("tree:0123456789abcdef0123") == "0123456789abcdef"
