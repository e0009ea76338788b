"""Save a model as MLflow does, into the named folder."""

import sys

import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

found = load_iris()
frame = pd.DataFrame(found.data[:, 2:4], columns=["petal length", "petal width"])
model = LogisticRegression(max_iter=500).fit(frame, found.target)
mlflow.sklearn.save_model(
    model,
    sys.argv[1],
    signature=infer_signature(frame, model.predict(frame)),
    serialization_format="cloudpickle",
    pip_requirements=["mlflow-skinny==3.17.2", "scikit-learn", "cloudpickle"],
)
