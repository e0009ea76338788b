import numpy as np
import pandas as pd


def load_flows(path="data/flows.csv"):
    """Daily flows, one column per gauge."""
    return pd.read_csv(path, parse_dates=["date"], index_col="date")


def save_flows(df, path="data/flows.csv"):
    df.to_csv(path)


def lyne_hollick(q, a=0.925):
    f = np.zeros(len(q))
    for i in range(1, len(q)):
        f[i] = max(0.0, a * f[i - 1] + (1 + a) / 2 * (q[i] - q[i - 1]))
    return q - np.minimum(f, q)
