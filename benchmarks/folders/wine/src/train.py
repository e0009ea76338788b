"""Random forest on the training split."""
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

BASE_DIR = Path(__file__).resolve().parent.parent
MODEL_PATH = BASE_DIR / "models" / "forest.joblib"
TARGETS = ["quality", "good", "colour"]


def main() -> None:
    train = pd.read_csv(BASE_DIR / "data" / "split" / "train.csv")
    X = train.drop(columns=TARGETS)
    search = GridSearchCV(
        RandomForestClassifier(random_state=7),
        {"max_depth": [4, 8, None], "min_samples_leaf": [1, 5]},
        cv=5,
        scoring="roc_auc",
    )
    search.fit(X, train["good"])
    MODEL_PATH.parent.mkdir(exist_ok=True)
    joblib.dump(search.best_estimator_, MODEL_PATH)
    pd.DataFrame(search.cv_results_).to_csv(BASE_DIR / "reports" / "grid.csv")


if __name__ == "__main__":
    main()
