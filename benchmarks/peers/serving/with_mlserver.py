"""The model behind MLServer, as in its documentation: a custom runtime."""

import pandas as pd
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from model import Sorter


class Runtime(MLModel):
    async def load(self) -> bool:
        self.sorter = Sorter()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        columns = {one.name: NumpyCodec.decode_input(one).reshape(-1) for one in payload.inputs}
        found = self.sorter.predict(pd.DataFrame(columns))
        outputs = [NumpyCodec.encode_output("kind", found["kind"].to_numpy())]
        return InferenceResponse(model_name=self.name, outputs=outputs)
