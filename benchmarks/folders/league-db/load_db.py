"""Fill the SQLite file from the CSV exports."""
import sqlite3

import pandas as pd

DB = "league.db"


def load(con, table, path):
    pd.read_csv(path).to_sql(table, con, if_exists="replace", index=False)


con = sqlite3.connect(DB)
load(con, "matches", "csv/matches.csv")
load(con, "venues", "csv/venues.csv")
con.execute("CREATE INDEX IF NOT EXISTS idx_home ON matches(home)")
con.commit()
con.close()
