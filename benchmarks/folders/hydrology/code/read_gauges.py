import os

import pandas as pd

from hydro import save_flows

RAW = r"data\raw" if os.name == "nt" else "data/raw"
# RAW = r"D:\gauges\export_2021"

df = pd.read_csv(os.path.join(RAW, "gauges.txt"), sep=r"\s+", comment="#", names=["gauge", "date", "q"])
df.loc[df["q"] < 0, "q"] = None
flows = df.pivot(index="date", columns="gauge", values="q").interpolate(limit=5)
save_flows(flows)
print(flows.describe())
