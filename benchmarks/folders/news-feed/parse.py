"""Append today's items to articles.csv (no duplicates)."""
import glob
import os
import xml.etree.ElementTree as ET

import pandas as pd

ARTICLES = "articles.csv"


def items(path):
    feed = os.path.basename(path)[11:-4]
    for it in ET.parse(path).iter("item"):
        yield {"feed": feed, "link": it.findtext("link"), "title": it.findtext("title"), "published": it.findtext("pubDate")}


new = pd.DataFrame([i for p in sorted(glob.glob("raw/*.xml")) for i in items(p)])
if os.path.exists(ARTICLES):
    old = pd.read_csv(ARTICLES)
    new = pd.concat([old, new]).drop_duplicates("link")
new.to_csv(ARTICLES, index=False)
print(len(new), "articles")
