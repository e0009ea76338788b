"""The model behind FastAPI, as in its tutorial: pydantic checks requests and responses."""

import pandas as pd
from fastapi import FastAPI
from model import Sorter
from pydantic import BaseModel


class Row(BaseModel):
    a: float
    b: float
    c: float
    d: float


class Prediction(BaseModel):
    kind: int


app = FastAPI()
sorter = Sorter()


@app.post("/predict")
def predict(row: Row) -> Prediction:
    found = sorter.predict(pd.DataFrame([row.model_dump()]))
    return Prediction(kind=int(found["kind"].iloc[0]))
