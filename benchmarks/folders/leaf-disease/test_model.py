# evaluates the best checkpoint on the test images (not a unit test!)
import numpy as np
import torch
from sklearn.metrics import confusion_matrix
from torch.utils.data import DataLoader

from dataset import Leaves
from train import CHECKPOINT, make_model

model = make_model()
model.load_state_dict(torch.load(CHECKPOINT))
model.eval()
preds, truth = [], []
for xb, yb in DataLoader(Leaves("arrays/test.npz"), batch_size=64):
    preds.append(model(xb).argmax(1).numpy())
    truth.append(yb.numpy())
cm = confusion_matrix(np.concatenate(truth), np.concatenate(preds))
print(cm)
np.savetxt("confusion.txt", cm, fmt="%d")
