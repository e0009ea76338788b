import pandas as pd

prices = pd.read_csv("prices.csv").set_index("crop")["eur_t"]
north = pd.read_csv("north/clean.csv")
south = pd.read_csv("south/clean.csv")
farms = pd.concat([north.assign(region="north"), south.assign(region="south")])
farms["revenue"] = farms["yield_t_ha"] * farms["ha"] * farms["crop"].map(prices)
print(farms.groupby("region")["revenue"].sum())
farms.to_csv("revenue.csv", index=False)
