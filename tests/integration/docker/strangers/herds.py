"""A model for DEEPaaS (https://docs.deep-hybrid-datacloud.eu, API V2), found by its entry point."""

from webargs import fields


def get_metadata():
    return {"name": "herds", "summary": "Counts cows", "version": "1"}


def get_predict_args():
    return {
        "herd": fields.Str(
            load_default="small",
            metadata={"enum": ["small", "large"], "description": "Which herd"},
        ),
        "limit": fields.Int(load_default=3, metadata={"description": "At most"}),
        "data": fields.Field(
            required=True,
            metadata={"type": "file", "location": "form", "description": "A picture"},
        ),
    }


def predict(herd, limit, data):
    with open(data.filename, "rb") as file:
        return {"herd": herd, "limit": limit, "bytes": len(file.read())}


def get_train_args():
    return {}


def train():
    return {}
