import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from settings import cfg, paths

df = pd.read_parquet(paths["hourly"])
folds = np.load(paths["folds"])
X, y = df.drop(columns="kwh"), df["kwh"]

pred = pd.Series(index=df.index, dtype=float, name="pred")
for k in np.unique(folds):
    m = Ridge(alpha=cfg["model"]["alpha"]).fit(X[folds != k], y[folds != k])
    pred[folds == k] = m.predict(X[folds == k])

paths["model"].parent.mkdir(exist_ok=True)
joblib.dump(Ridge(alpha=cfg["model"]["alpha"]).fit(X, y), paths["model"])
pd.concat([y, pred], axis=1).to_parquet(paths["predictions"])
