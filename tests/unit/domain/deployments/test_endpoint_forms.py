"""Forms for the endpoints that a service describes."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.endpoint_forms import PLACES, TYPES, CallField, CallForm, forms_of

SUMMARY = "Make a prediction given the input data"
SWAGGER = {
    "swagger": "2.0",
    "paths": {
        "/v2/models/": {"get": {"tags": ["models"], "summary": "Return loaded models"}},
        "/v2/models/cows/predict/": {
            "post": {
                "tags": ["models"],
                "summary": SUMMARY,
                "parameters": [
                    {"in": "formData", "name": "image", "required": True, "type": "file"},
                    {"in": "query", "name": "top", "type": "integer", "default": 5, "minimum": 1,
                     "maximum": 10, "required": False, "description": "How many."},
                    {"in": "query", "name": "accept", "enum": ["text/html", "application/json"]},
                    {"in": "body", "name": "unknown", "schema": {}},
                ],
            }
        },
    },
}  # fmt: skip
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_the_prediction_endpoint_comes_first_with_its_fields():
    predict, models = forms_of(SWAGGER)
    assert (predict.method, predict.path) == ("POST", "/v2/models/cows/predict/")
    assert (predict.title, predict.group) == (SUMMARY, "models")
    image, top, accept = predict.fields
    assert image == CallField("image", "formData", "file", is_required=True)
    assert top == CallField("top", "query", "integer", "How many.", 5, [], 1, 10)
    assert (accept.type, accept.choices) == ("string", ["text/html", "application/json"])
    assert models.fields == []


@given(json)
def test_any_description_gives_a_list_of_forms(told):
    assert forms_of(told) == []
    assert isinstance(forms_of({"paths": told}), list)
    for form in forms_of({"paths": {"/a": {"get": {"parameters": [told, {"in": told}]}}}}):
        assert all(field.place in PLACES and field.type in TYPES for field in form.fields)
    said = {"name": "x", "in": "query", "enum": told, "default": told, "minimum": told}
    (form,) = forms_of({"paths": {"/a": {"post": {"parameters": [said], "tags": told}}}})
    assert form.fields[0].name == "x"
    assert msgspec.json.decode(msgspec.json.encode(form), type=CallForm) == form
