"""Weight of evidence per bin."""
import json

import numpy as np
import pandas as pd

from .settings import SETTINGS as S


def woe(x, y, bins=5):
    b = pd.qcut(x, bins, duplicates="drop")
    t = pd.crosstab(b, y) + 0.5
    w = np.log((t[0] / t[0].sum()) / (t[1] / t[1].sum()))
    return [{"left": float(i.left), "right": float(i.right), "woe": float(v)} for i, v in w.items()]


def main():
    df = pd.read_parquet(S.train)
    table = {c: woe(df[c], df["default"]) for c in S.numeric}
    S.woe_table.parent.mkdir(exist_ok=True)
    with S.woe_table.open("w") as f:
        json.dump(table, f, indent=2)


if __name__ == "__main__":
    main()
