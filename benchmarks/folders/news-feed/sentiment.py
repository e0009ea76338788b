"""Adds the column mood, in place."""
import pandas as pd

with open("mood_lexicon.txt") as f:
    lexicon = {w: int(s) for w, s in (line.split("\t") for line in f)}


def mood(title):
    words = str(title).lower().split()
    return sum(lexicon.get(w.strip(".,!?"), 0) for w in words)


df = pd.read_csv("articles.csv")
df["mood"] = df["title"].map(mood)
df.to_csv("articles.csv", index=False)
