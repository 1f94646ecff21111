"""Trains the model: python3 train.py --out run [--resume run/checkpoint.pt] [--stages ...]

A stage is level:length:rows:steps:rate:rate_end, its steps a number, or minutes as "30m". Level -1 copies random tokens, 0 to 2 are
dialogues; the learning rate goes from `rate` to `rate_end` (factors of the base rates) in a straight line. Every LONG_EVERY-th batch of a
level from 1 on is one of long prompts instead.
"""

import argparse
import itertools
import json
import os
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from batches import draw_batch
from induction import prepare_induction
from model import Config, Model, future_mask
from optimizer import Optimizer
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
STAGES = "-1:256:32:120:1:1,0:512:16:400:1:1,1:1024:8:700:1:1,1:1024:8:6000:0.6:0"
LONG_EVERY, LONG_LEVEL, LONG_LENGTH = 5, 2, 2048
LEARNED_SHARE = 0.45      # of the tokens of a batch, at most: logits are computed only for these
WARM_UP_STEPS = 20
CHECKPOINT_SECONDS = 180
AVERAGE_DECAY = 0.99      # of the running average of the weights, which is what export.py and evaluate.py read


@dataclass
class Stage:
    level: int
    length: int
    rows: int
    steps: int         # 0 where the stage ends by the clock
    minutes: float
    rate: float
    rate_end: float

    @staticmethod
    def parse(text):
        level, length, rows, steps, rate, rate_end = text.split(":")
        timed = steps.endswith("m")
        return Stage(int(level), int(length), int(rows), 0 if timed else int(steps), float(steps[:-1]) if timed else 0, float(rate), float(rate_end))

    def progress(self, index, seconds):
        """0 at its beginning, 1 and more at its end"""
        return index / self.steps if self.steps else seconds / 60 / self.minutes

    def shape_at(self, step):
        """(level, length, rows) of a batch"""
        if self.level >= 1 and step % LONG_EVERY == 0:
            return LONG_LEVEL, LONG_LENGTH, max(1, self.rows * self.length // LONG_LENGTH)
        return self.level, self.length, self.rows

    def rate_at(self, progress):
        return self.rate + (self.rate_end - self.rate) * progress


def pick_learned(learned):
    """learned (B, T + 1) -> places (N) in the flattened (B, T) whose next token is learned, and their weights (N): N depends on B and T only"""
    flat = learned[:, 1:].flatten()
    places = np.resize(flat.nonzero()[0], int(LEARNED_SHARE * flat.size))
    weights = flat[places]
    weights[np.count_nonzero(flat):] = 0
    return places, weights


def loss_function(model):
    def loss_of(ids, positions, places, weights, future):
        """ids (B, T + 1), positions (B, T), places and weights (N), future (T, T) -> loss and accuracy on the learned tokens"""
        logits = model.logits(model.hidden(ids[:, :-1], positions, future).flatten(0, 1)[places])
        target = ids[:, 1:].flatten()[places]
        hits, total = (logits.argmax(-1) == target).float(), weights.sum()
        return (F.cross_entropy(logits, target, reduction="none") * weights).sum() / total, (hits * weights).sum() / total
    return loss_of


@torch.no_grad()
def follow(average, model):
    """Moves the running average of the weights towards today's."""
    for name, weight in model.state_dict().items():
        average[name].lerp_(weight, 1 - AVERAGE_DECAY)


def save(path, model, average, optimizer, step, tokens):
    torch.save({"config": model.config.as_dict(), "model": model.state_dict(), "average": average, "optimizer": optimizer.state(), "step": step, "tokens": tokens}, path + ".new")
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="run")
    parser.add_argument("--resume", default="")
    parser.add_argument("--stages", default=STAGES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", type=int, default=1, help="torch.compile, where PyTorch has it")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    os.makedirs(options.out, exist_ok=True)
    tokenizer = Tokenizer(os.path.join(HERE, "tokenizer.json"))

    stored = torch.load(options.resume, map_location="cpu") if options.resume else None
    model = Model(Config(**stored["config"]) if stored else Config(vocabulary=len(tokenizer.tokens)))
    optimizer = Optimizer(model)
    step = tokens = 0
    if stored:
        model.load_state_dict(stored["model"])
        optimizer.restore(stored["optimizer"])
        step, tokens = stored["step"], stored["tokens"]
    else:
        prepare_induction(model)
    average = {name: weight.clone() for name, weight in (stored or {}).get("average", model.state_dict()).items()}
    loss_of = loss_function(model)
    if options.compile and hasattr(torch, "compile"):
        loss_of = torch.compile(loss_of)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "torch": torch.__version__, **vars(options)}), flush=True)

    first_step, futures = step, {}
    path, saved = os.path.join(options.out, "checkpoint.pt"), time.time()
    for stage in (Stage.parse(text) for text in options.stages.split(",")):
        recent, begun, begun_tokens = [], time.time(), tokens
        for index in itertools.count():
            progress = stage.progress(index, time.time() - begun)
            if progress >= 1:
                break
            level, length, rows = stage.shape_at(step)
            ids, learned, positions = draw_batch(options.seed, step, tokenizer, level, length, rows, model.config.context)
            future = futures.setdefault(length, future_mask(length))
            loss, accuracy = loss_of(*(torch.from_numpy(a) for a in (ids, positions, *pick_learned(learned))), future)
            loss.backward()
            optimizer.step(stage.rate_at(progress) * min(1, (step - first_step + 1) / WARM_UP_STEPS))
            follow(average, model)
            step, tokens = step + 1, tokens + rows * length
            recent = (recent + [(loss.item(), accuracy.item())])[-20:]
            if step % 20 == 0:
                losses, accuracies = zip(*recent)
                speed = (tokens - begun_tokens) / (time.time() - begun)
                print(f"{time.strftime('%H:%M:%S')} step {step} level {stage.level} tokens {tokens / 1e6:.2f}M loss {sum(losses) / len(losses):.4f} "
                      f"accuracy {sum(accuracies) / len(accuracies):.4f} rate {stage.rate_at(progress):.3f} {speed:.0f} tok/s", flush=True)
            if time.time() - saved > CHECKPOINT_SECONDS:
                save(path, model, average, optimizer, step, tokens)
                saved = time.time()
    save(path, model, average, optimizer, step, tokens)
    print(f"done: {tokens / 1e6:.2f}M tokens", flush=True)


if __name__ == "__main__":
    main()
