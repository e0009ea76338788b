import json

import torch
from torch import nn
from torch.utils.data import DataLoader

from dataset import CLASSES, Leaves

EPOCHS = 15
CHECKPOINT = "checkpoints/best.pt"


def make_model():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 24 * 24, len(CLASSES)),
    )


def accuracy(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for xb, yb in loader:
            hit += (model(xb).argmax(1) == yb).sum().item()
            n += len(yb)
    return hit / max(n, 1)


def main():
    train = DataLoader(Leaves("arrays/train.npz"), batch_size=32, shuffle=True)
    val = DataLoader(Leaves("arrays/val.npz"), batch_size=64)
    model = make_model()
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    best, history = 0.0, []
    for epoch in range(EPOCHS):
        model.train()
        for xb, yb in train:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
        acc = accuracy(model, val)
        history.append({"epoch": epoch, "loss": loss.item(), "val_acc": acc})
        if acc >= best:
            best = acc
            torch.save(model.state_dict(), CHECKPOINT)
    with open("history.json", "w") as f:
        json.dump(history, f)


if __name__ == "__main__":
    main()
