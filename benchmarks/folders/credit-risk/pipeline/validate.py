import pickle

import pandas as pd
from sklearn.metrics import roc_auc_score

from pipeline.fit import apply_woe
from pipeline.settings import SETTINGS


def main(oot=SETTINGS.oot, scorecard=SETTINGS.scorecard, report=SETTINGS.report):
    df = pd.read_parquet(oot)
    with open(scorecard, "rb") as f:
        card = pickle.load(f)
    p = card["model"].predict_proba(apply_woe(df, card["woe"]))[:, 1]
    gini = 2 * roc_auc_score(df["default"], p) - 1
    deciles = df.assign(p=p, decile=pd.qcut(p, 10, labels=False, duplicates="drop"))
    table = deciles.groupby("decile").agg(n=("p", "size"), predicted=("p", "mean"), observed=("default", "mean"))
    report.write_text(f"<h1>Gini {gini:.3f}</h1>\n" + table.to_html())


if __name__ == "__main__":
    main()
