import pandas as pd

from .paths import COUNTS, FINAL, PROJECT


def read_counts():
    return pd.read_parquet(COUNTS)


def write_counts(df):
    COUNTS.parent.mkdir(parents=True, exist_ok=True)
    df.to_parquet(COUNTS)


def read_samples():
    return pd.read_csv(PROJECT / "metadata" / "samples.tsv", sep="\t", index_col="sample")


def write_table(df, stem):
    FINAL.mkdir(parents=True, exist_ok=True)
    df.to_csv(FINAL / f"{stem}.tsv", sep="\t")
