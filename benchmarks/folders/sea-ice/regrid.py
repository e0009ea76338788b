import numpy as np
import xarray as xr

from store import Store

store = Store()
ds = xr.open_mfdataset("raw/ice_*.nc", combine="by_coords")
ds = ds.where(ds["conc"] <= 1.0)
ds = ds.interp(lat=np.arange(60, 90, 0.5), lon=np.arange(0, 360, 1.0))
ds.chunk({"time": 12}).to_zarr(store["fields"], mode="w")

clim = ds["conc"].sel(time=slice("1991", "2020")).groupby("time.month").mean()
clim.to_netcdf(store["clim"])
