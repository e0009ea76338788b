from datetime import date
from pathlib import Path

import requests

FEEDS = {
    "business": "https://example.org/rss/business.xml",
    "local": "https://example.org/rss/local.xml",
}
RAW = Path("raw")
RAW.mkdir(exist_ok=True)

for name, url in FEEDS.items():
    r = requests.get(url, headers={"User-Agent": "news-mood/0.1"}, timeout=30)
    if not r.ok:
        print("!!", name, r.status_code)
        continue
    with open(RAW / f"{date.today():%Y-%m-%d}_{name}.xml", "wb") as f:
        f.write(r.content)
