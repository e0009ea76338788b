"""The model behind BentoML, as in its documentation: one endpoint with typed arguments."""

import bentoml
import pandas as pd
from model import Sorter


@bentoml.service(workers=1)
class Service:
    def __init__(self) -> None:
        self.sorter = Sorter()

    @bentoml.api
    def predict(self, a: float, b: float, c: float, d: float) -> dict[str, int]:
        found = self.sorter.predict(pd.DataFrame([{"a": a, "b": b, "c": c, "d": d}]))
        return {"kind": int(found["kind"].iloc[0])}
