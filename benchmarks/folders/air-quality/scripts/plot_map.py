from pathlib import Path

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"

stations = pl.read_csv(ROOT / "data" / "stations.csv")
over = pl.read_csv(RESULTS / "exceedances.csv")
m = stations.join(over, on="station", how="left").fill_null(0)

fig, ax = plt.subplots()
sc = ax.scatter(m["lon"], m["lat"], c=m["len"], s=120, cmap="Reds")
for name, x, y in zip(m["station"], m["lon"], m["lat"]):
    ax.annotate(name, (x, y), textcoords="offset points", xytext=(6, 6))
fig.colorbar(sc, label="days above 25 µg/m³")
fig.savefig(RESULTS / "map.png", dpi=200)
