"""The model of all servers: scaling, then logistic regression, over four columns."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ("a", "b", "c", "d")


class Sorter:
    """A pipeline that is trained on random data at its start."""

    def __init__(self) -> None:
        values = np.random.default_rng(0).normal(size=(500, len(COLUMNS)))
        self.model = make_pipeline(StandardScaler(), LogisticRegression())
        self.model.fit(values, (values.sum(axis=1) > 0).astype(int))

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"kind": self.model.predict(frame.to_numpy())})
