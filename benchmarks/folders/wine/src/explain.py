from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.inspection import permutation_importance

BASE_DIR = Path(__file__).resolve().parent.parent
REPORTS = BASE_DIR / "reports"


def main() -> None:
    forest = joblib.load(BASE_DIR / "models" / "forest.joblib")
    test = pd.read_csv(BASE_DIR / "data" / "split" / "test.csv")
    X, y = test[forest.feature_names_in_], test["good"]
    r = permutation_importance(forest, X, y, n_repeats=20, random_state=0)
    imp = pd.Series(r.importances_mean, index=X.columns).sort_values()
    REPORTS.mkdir(exist_ok=True)
    imp.to_json(REPORTS / "importance.json", indent=2)
    ax = imp.plot.barh()
    ax.figure.tight_layout()
    ax.figure.savefig(REPORTS / "importance.svg")


if __name__ == "__main__":
    main()
