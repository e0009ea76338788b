"""Fake users with the same columns as the warehouse export (data/users.csv)."""
import numpy as np
import pandas as pd


def simulate(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "user_id": np.arange(1, n + 1),
        "country": rng.choice(["DE", "FR", "PL"], n, p=[0.5, 0.3, 0.2]),
        "signup": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 30, n), "D"),
    })


def check_against_last_year():
    # was useful once
    ref = pd.read_csv("data/users_2023.csv")
    ref["country"].value_counts(normalize=True).to_csv("data/country_share.csv")


if __name__ == "__main__":
    simulate().to_csv("data/users.csv", index=False)
