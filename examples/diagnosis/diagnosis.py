"""A model class: nbyard reads its columns from the types of `predict`, without running it."""

from typing import NamedTuple

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = ["radius", "texture", "smoothness", "concavity"]


class Answer(NamedTuple):
    malignant: bool
    probability: float


def measured() -> pd.DataFrame:
    """Return 569 samples that scikit-learn brings, with four measurements of each."""
    data = load_breast_cancer(as_frame=True)
    samples = data.data[[f"mean {name}" for name in FEATURES]].set_axis(FEATURES, axis=1)
    return samples.assign(malignant=data.target == 0)


class Diagnosis:
    """Tells whether a sample is malignant. It learns from `samples`, by default from all."""

    def __init__(self, samples: pd.DataFrame | None = None, threshold: float = 0.5):
        known = measured() if samples is None else samples
        self.threshold = threshold
        self.model = make_pipeline(StandardScaler(), LogisticRegression())
        self.model.fit(known[FEATURES], known["malignant"])

    def predict(self, radius: float, texture: float, smoothness: float, concavity: float) -> Answer:
        row = pd.DataFrame([[radius, texture, smoothness, concavity]], columns=FEATURES)
        probability = float(self.model.predict_proba(row)[0, 1])
        return Answer(probability >= self.threshold, round(probability, 4))
