"""15-minute meter readings to the hourly total."""
import pandas as pd

from settings import cfg, paths


def main():
    raw = pd.read_csv(paths["raw"], parse_dates=["timestamp"])
    raw = raw[raw["timestamp"] >= str(cfg["start"])]
    hourly = raw.set_index("timestamp")["kwh"].resample("1h").sum().to_frame()
    weather = pd.read_csv(paths["weather"], parse_dates=["time"], index_col="time")
    hourly = hourly.join(weather).interpolate(limit=3)
    for lag in cfg["model"]["lags"]:
        hourly[f"lag_{lag}"] = hourly["kwh"].shift(lag)
    paths["hourly"].parent.mkdir(parents=True, exist_ok=True)
    hourly.dropna().to_parquet(paths["hourly"])


if __name__ == "__main__":
    main()
