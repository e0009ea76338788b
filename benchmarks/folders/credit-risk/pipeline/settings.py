from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    root: Path = Path(".")
    loans: Path = Path("data/loans.csv")
    train: Path = Path("data/interim/train.parquet")
    oot: Path = Path("data/interim/oot.parquet")
    woe_table: Path = Path("artefacts/woe.json")
    scorecard: Path = Path("artefacts/scorecard.pkl")
    report: Path = Path("artefacts/validation.html")
    cut_off: str = "2020-07-01"
    numeric: list = field(default_factory=lambda: ["amount", "income", "term"])


SETTINGS = Settings()
