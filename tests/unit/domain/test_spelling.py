"""Requests for a spelling are read strictly."""

import pytest

from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.spelling import SpellingRequest
from nbyard.errors import Invalid


def test_a_request_needs_an_operation_and_knows_its_fields():
    assert convert_json({"operation": "runs.create"}, SpellingRequest).body is None
    for wrong in ({}, {"operation": "runs.create", "bdy": {}}, {"operation": 1}):
        with pytest.raises(Invalid):
            convert_json(wrong, SpellingRequest)
