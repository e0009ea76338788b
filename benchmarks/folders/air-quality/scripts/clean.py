"""Flag and drop bad readings."""
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


def main():
    stations = pl.read_csv(DATA / "stations.csv")
    pm = pl.read_csv(DATA / "pm25_2023.csv", try_parse_dates=True)
    pm = (
        pm.filter(pl.col("pm25") > 0)
        .join(stations, on="station", how="inner")
        .with_columns(pl.col("time").dt.hour().alias("hour"))
    )
    pm.write_parquet(DATA / "pm25_clean.parquet")
    print(pm.shape)


if __name__ == "__main__":
    main()
