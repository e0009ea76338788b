"""Daily means per station; days with fewer than 18 hours are left out."""
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent


def main():
    daily = (
        pl.scan_parquet(ROOT / "data" / "pm25_clean.parquet")
        .with_columns(pl.col("time").dt.date().alias("day"))
        .group_by("station", "kind", "day")
        .agg(pl.col("pm25").mean(), pl.len().alias("n"))
        .filter(pl.col("n") >= 18)
        .collect()
    )
    daily.write_csv(ROOT / "data" / "daily.csv")

    over = daily.filter(pl.col("pm25") > 25).group_by("station").len()
    over.write_csv(ROOT / "results" / "exceedances.csv")


if __name__ == "__main__":
    main()
