from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT / "data"
RAW, INTERIM, FINAL = DATA / "raw", DATA / "interim", DATA / "final"
FIGURES = PROJECT / "figures"

COUNTS_RAW = RAW / "counts.tsv.gz"
COUNTS = INTERIM / "counts.parquet"
CPM = INTERIM / "log_cpm.parquet"
