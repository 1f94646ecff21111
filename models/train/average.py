"""The weighted mean of checkpoints of one run: python3 average.py out.pt first.pt:0.2 second.pt:0.35 third.pt:0.45"""

import sys

import torch


def main():
    path, *parts = sys.argv[1:]
    mean = {}
    for part in parts:
        checkpoint, share = part.rsplit(":", 1)
        stored = torch.load(checkpoint, map_location="cpu")
        for name, weight in stored["average"].items():
            mean[name] = mean.get(name, 0) + float(share) * weight
    torch.save({**stored, "average": mean}, path)


if __name__ == "__main__":
    main()
