"""Shared by train.py and test_model.py"""
import numpy as np
import torch
from torch.utils.data import Dataset

CLASSES = ["healthy", "rust", "spot"]


class Leaves(Dataset):
    def __init__(self, npz):
        z = np.load(npz)
        self.x = torch.from_numpy(z["x"]).float().permute(0, 3, 1, 2) / 255
        self.y = torch.from_numpy(z["y"]).long()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]
