import os
import random

import numpy as np
import pandas as pd
from PIL import Image

from dataset import CLASSES

IMG_DIR = "images"
SIZE = (96, 96)

labels = pd.read_csv("labels.csv")
items = list(labels.itertuples(index=False))
random.Random(0).shuffle(items)

x, y = [], []
for it in items:
    with Image.open(os.path.join(IMG_DIR, it.file)) as im:
        x.append(np.asarray(im.convert("RGB").resize(SIZE), dtype="uint8"))
    y.append(CLASSES.index(it.label))
x, y = np.stack(x), np.array(y)

n_train = int(0.7 * len(y))
n_val = int(0.85 * len(y))
np.savez_compressed("arrays/train.npz", x=x[:n_train], y=y[:n_train])
np.savez_compressed("arrays/val.npz", x=x[n_train:n_val], y=y[n_train:n_val])
np.savez_compressed("arrays/test.npz", x=x[n_val:], y=y[n_val:])
