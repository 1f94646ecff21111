"""Trains the model: python3 train.py --out run [--resume run/checkpoint.pt] [--stages ...]

A stage is level:length:rows:steps:rate:rate_end:context_weight. Level -1 copies random tokens, 0 to 2 are dialogues; the learning rate
goes from `rate` to `rate_end` (factors of the base rates) in a straight line; tokens the assistant does not write count `context_weight`.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from batches import draw_batch
from induction import prepare_induction
from model import Config, Model
from optimizer import Optimizer
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
STAGES = "-1:256:32:120:1:1:0,0:512:16:400:1:1:0.1,1:1024:8:700:1:1:0.05,1:1024:4:2000:0.8:0.01:0.02"
WARM_UP_STEPS = 20
CHECKPOINT_SECONDS = 180


@dataclass
class Stage:
    level: int
    length: int
    rows: int
    steps: int
    rate: float
    rate_end: float
    context_weight: float

    @staticmethod
    def parse(text):
        level, length, rows, steps, rate, rate_end, weight = text.split(":")
        return Stage(int(level), int(length), int(rows), int(steps), float(rate), float(rate_end), float(weight))

    def rate_at(self, index):
        return self.rate + (self.rate_end - self.rate) * index / self.steps


def loss_function(model):
    def loss_of(ids, positions, learned, context_weight):
        """ids (B, T + 1), positions (B, T), learned (B, T + 1) -> (weighted loss, loss and accuracy on learned tokens)"""
        logits = model(ids[:, :-1], positions).flatten(0, 1)
        target, learned = ids[:, 1:].flatten(), learned[:, 1:].flatten()
        losses = F.cross_entropy(logits, target, reduction="none")
        weights = learned + (1 - learned) * context_weight
        hits, count = (logits.argmax(-1) == target).float(), learned.sum().clamp(min=1)
        return (losses * weights).sum() / weights.sum(), (losses * learned).sum().detach() / count, (hits * learned).sum() / count
    return loss_of


def save(path, model, optimizer, step, tokens):
    torch.save({"config": model.config.as_dict(), "model": model.state_dict(), "optimizer": optimizer.state(), "step": step, "tokens": tokens}, path + ".new")
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
    loss_of = loss_function(model)
    if options.compile and hasattr(torch, "compile"):
        loss_of = torch.compile(loss_of)
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "torch": torch.__version__, **vars(options)}), flush=True)

    path, saved = os.path.join(options.out, "checkpoint.pt"), time.time()
    for stage in (Stage.parse(text) for text in options.stages.split(",")):
        recent, begun, begun_tokens = [], time.time(), tokens
        for index in range(stage.steps):
            ids, learned, positions = (torch.from_numpy(a) for a in draw_batch(options.seed, step, tokenizer, stage.level, stage.length, stage.rows, model.config.context))
            loss, learned_loss, accuracy = loss_of(ids, positions, learned, torch.tensor(stage.context_weight))
            loss.backward()
            optimizer.step(stage.rate_at(index) * min(1, (step + 1) / WARM_UP_STEPS))
            step, tokens = step + 1, tokens + stage.rows * stage.length
            recent = (recent + [(learned_loss.item(), accuracy.item())])[-20:]
            if step % 20 == 0:
                losses, accuracies = zip(*recent)
                speed = (tokens - begun_tokens) / (time.time() - begun)
                print(f"{time.strftime('%H:%M:%S')} step {step} level {stage.level} tokens {tokens / 1e6:.2f}M loss {sum(losses) / len(losses):.4f} "
                      f"accuracy {sum(accuracies) / len(accuracies):.4f} rate {stage.rate_at(index):.3f} {speed:.0f} tok/s", flush=True)
            if time.time() - saved > CHECKPOINT_SECONDS:
                save(path, model, optimizer, step, tokens)
                saved = time.time()
    save(path, model, optimizer, step, tokens)
    print(f"done: {tokens / 1e6:.2f}M tokens", flush=True)


if __name__ == "__main__":
    main()
