"""Gumbel and GEV quantiles

usage: flood_freq.py [annual maxima] [output]
"""
import sys

import numpy as np
import pandas as pd
from scipy import stats

RETURN_PERIODS = np.array([2, 5, 10, 20, 50, 100])


def quantiles(x):
    x = x.dropna()
    p = 1 - 1 / RETURN_PERIODS
    gumbel = stats.gumbel_r(*stats.gumbel_r.fit(x)).ppf(p)
    gev = stats.genextreme(*stats.genextreme.fit(x)).ppf(p)
    return pd.DataFrame({"T": RETURN_PERIODS, "gumbel": gumbel, "gev": gev})


def main(argv):
    source = argv[1] if len(argv) > 1 else "data/annual_max.csv"
    target = argv[2] if len(argv) > 2 else "results/quantiles.csv"
    amax = pd.read_csv(source, index_col="year")
    pd.concat({g: quantiles(amax[g]) for g in amax}, names=["gauge", "i"]).to_csv(target)


if __name__ == "__main__":
    main(sys.argv)
