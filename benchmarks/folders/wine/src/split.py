from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / "data"
SPLIT_DIR = DATA_DIR / "split"


def read_colour(colour: str) -> pd.DataFrame:
    df = pd.read_csv(DATA_DIR / f"winequality-{colour}.csv", sep=";")
    df.columns = [c.replace(" ", "_") for c in df.columns]
    return df.assign(colour=colour)


def main() -> None:
    wines = pd.concat([read_colour(c) for c in ("red", "white")], ignore_index=True)
    wines["good"] = (wines["quality"] >= 7).astype(int)
    train, test = train_test_split(wines, test_size=0.25, random_state=7, stratify=wines["colour"])
    SPLIT_DIR.mkdir(parents=True, exist_ok=True)
    train.to_csv(SPLIT_DIR / "train.csv", index=False)
    test.to_csv(SPLIT_DIR / "test.csv", index=False)


if __name__ == "__main__":
    main()
