from datetime import date, timedelta
import os

import matplotlib.pyplot as plt
import pandas as pd

df = pd.read_csv("articles.csv")
df["day"] = pd.to_datetime(df["published"], utc=True).dt.date
week = df[df["day"] >= date.today() - timedelta(days=7)]

daily = week.pivot_table(index="day", columns="feed", values="mood", aggfunc="mean")
daily.plot(marker="o")
os.makedirs("reports", exist_ok=True)
chart = f"reports/mood_{date.today()}.png"
plt.savefig(chart)

html = f"<h1>Week to {date.today()}</h1><img src='{os.path.basename(chart)}'>"
html += week.nlargest(10, "mood")[["title", "mood"]].to_html(index=False)
with open(f"reports/report_{date.today()}.html", "w") as f:
    f.write(html)
