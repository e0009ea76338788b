"""The example that users copy."""

import msgspec
import pytest

from nbyard.domain.workflows.structs import NAME, NewExample


def test_a_misspelled_field_of_a_new_example_is_refused():
    with pytest.raises(msgspec.ValidationError, match="fodler"):
        msgspec.convert({"fodler": "a"}, NewExample)
    with pytest.raises(msgspec.ValidationError, match="template"):
        msgspec.convert({"template": "pipeline"}, NewExample)
    assert msgspec.convert({}, NewExample) == NewExample(folder="", environment="", template=NAME)
