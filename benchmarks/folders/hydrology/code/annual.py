"""Annual maxima (hydrological year, November to October)"""
from hydro import load_flows

OUT = "data\\annual_max.csv"


def main():
    flows = load_flows()
    year = flows.index.year + (flows.index.month >= 11)
    n = flows.groupby(year).count()
    amax = flows.groupby(year).max().where(n > 330)
    amax.index.name = "year"
    amax.to_csv(OUT.replace("\\", "/"))


if __name__ == "__main__":
    main()
