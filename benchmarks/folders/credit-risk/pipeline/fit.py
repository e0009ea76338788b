import argparse
import json
import pickle
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression

from pipeline.settings import Settings


def apply_woe(df, table):
    out = pd.DataFrame(index=df.index)
    for col, bins in table.items():
        out[col] = 0.0
        for b in bins:
            out.loc[(df[col] > b["left"]) & (df[col] <= b["right"]), col] = b["woe"]
    return out


def run(train_path, woe_path, out_path):
    df = pd.read_parquet(train_path)
    table = json.loads(Path(woe_path).read_text())
    lr = LogisticRegression(C=0.5).fit(apply_woe(df, table), df["default"])
    with open(out_path, "wb") as f:
        pickle.dump({"model": lr, "woe": table}, f)


if __name__ == "__main__":
    s = Settings()
    ap = argparse.ArgumentParser()
    ap.add_argument("--train", type=Path, default=s.train)
    ap.add_argument("--woe", type=Path, default=s.woe_table)
    ap.add_argument("-o", "--output", type=Path, default=s.scorecard)
    a = ap.parse_args()
    run(a.train, a.woe, a.output)
