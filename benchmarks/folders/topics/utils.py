"""Small helpers, used everywhere."""
import json
import pickle
from pathlib import Path

CACHE = Path(__file__).parent / "cache"
CACHE.mkdir(exist_ok=True)


def save(obj, name):
    with open(CACHE / f"{name}.pkl", "wb") as f:
        pickle.dump(obj, f, protocol=4)


def load(name):
    with open(CACHE / f"{name}.pkl", "rb") as f:
        return pickle.load(f)


def save_json(obj, name):
    p = CACHE / (name + ".json")
    p.write_text(json.dumps(obj, indent=2, ensure_ascii=False), encoding="utf-8")


def clean_text(s):
    return " ".join(w for w in s.lower().split() if w.isalpha())
