"""One image for each different input."""

from nbyard.images import environment_tag


def test_the_tag_follows_the_input():
    same = [environment_tag("sha256:1", ["a==1"], for_notebooks=True) for _ in range(2)]
    others = [
        environment_tag("sha256:2", ["a==1"], for_notebooks=True),
        environment_tag("sha256:1", ["a==2"], for_notebooks=True),
        environment_tag("sha256:1", ["a==1"], for_notebooks=False),
    ]
    assert same[0] == same[1] and len({*same, *others}) == 4
    assert same[0].startswith("nbyard/env:")
