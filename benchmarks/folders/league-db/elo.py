import json
import sqlite3
from collections import defaultdict

K = 24
con = sqlite3.connect("league.db")
rating = defaultdict(lambda: 1500.0)
history = []
query = "SELECT match_id, home, away, home_goals, away_goals FROM matches ORDER BY season, match_id"
for mid, home, away, hg, ag in con.execute(query):
    expected = 1 / (1 + 10 ** ((rating[away] - rating[home] - 60) / 400))
    result = 1.0 if hg > ag else 0.5 if hg == ag else 0.0
    delta = K * (result - expected)
    rating[home] += delta
    rating[away] -= delta
    history.append((mid, home, rating[home]))
    history.append((mid, away, rating[away]))
con.close()

with open("elo_history.csv", "w") as out:
    out.write("match_id,club,elo\n")
    for row in history:
        out.write("%s,%s,%.1f\n" % row)

json.dump(dict(rating), open("elo_now.json", "w"), indent=2)
