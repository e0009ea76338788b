"""Extent in million km2 per month, as a parquet folder by year"""
import numpy as np
import xarray as xr

from store import Store


def cell_area(lat):
    return 111.2 ** 2 * 0.5 * np.cos(np.deg2rad(lat))


def main(store):
    conc = xr.open_zarr(store["fields"])["conc"]
    ice = (conc > 0.15) * cell_area(conc["lat"])
    df = (ice.sum(["lat", "lon"]) / 1e6).to_dataframe("extent").reset_index()
    df["year"] = df["time"].dt.year
    df["month"] = df["time"].dt.month
    df.to_parquet(store["extent"], partition_cols=["year"])


if __name__ == "__main__":
    main(Store())
