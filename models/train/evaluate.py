"""Greedy accuracy on held-out dialogues: python3 evaluate.py run/checkpoint.pt --seed 7000 --counts core=300,routing=300,...

One pass over each dialogue scores all its turns: greedy decoding after the true history writes exactly the expected turn if and only if
every token of the turn, its end included, is the most likely one after the expected tokens before it. No grammar helps here.
"""

import argparse
import collections
import os
import time

import torch

from chat_format import render_messages, render_system
from heldout import COUNTS, generate, parse_counts
from model import Config, Model, future_mask
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def tokenized(dialogue, tokenizer):
    """(token ids, [(kind, start, end)]): the turns of the assistant are ids[start:end)"""
    ids, turns = tokenizer.encode(render_system(dialogue["system"], dialogue["tools"])), []
    for message in dialogue["messages"]:
        for text, learned in render_messages([message]):
            piece = tokenizer.encode(text)
            if learned:
                turns.append(("calls" if message.get("calls") else "answers", len(ids), len(ids) + len(piece)))
            ids += piece
    return ids, turns


@torch.no_grad()
def score(model, batch, dtype):
    """batch: lists of ids -> (B, T) the most likely next token at each place"""
    longest = max(map(len, batch))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
    return model.logits(model.hidden(ids, torch.arange(longest)[None], future_mask(longest), dtype)).argmax(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--counts", default="")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--show", type=int, default=0, help="failures to print")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", type=int, default=0)
    parser.add_argument("--seen", type=int, default=0, help="1: with the words and wordings of training")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stored, tokenizer = torch.load(options.checkpoint, map_location="cpu"), Tokenizer(os.path.join(HERE, "tokenizer.json"))
    model = Model(Config(**stored["config"]))
    model.load_state_dict(stored["average"])

    dialogues = [d for suite, count in (parse_counts(options.counts) or COUNTS).items() for d in generate(suite, options.seed, count, not options.seen)]
    work = sorted(((*tokenized(d, tokenizer), d) for d in dialogues), key=lambda item: len(item[0]))
    tally, failures, begun = collections.defaultdict(collections.Counter), [], time.time()
    for start in range(0, len(work), options.rows):
        part = work[start:start + options.rows]
        for (ids, turns, dialogue), best in zip(part, score(model, [p[0] for p in part], torch.bfloat16 if options.bf16 else torch.float32)):
            outcomes = collections.Counter({"dialogues": 1, "dialogues exact": 1})
            for kind, first, end in turns:
                wrong = [i for i in range(first, end) if best[i - 1] != ids[i]]
                outcomes.update({kind: 1, f"{kind} exact": not wrong})
                if wrong:
                    outcomes["dialogues exact"] = 0
                    failures.append((dialogue, tokenizer.decode(ids[:first]).rsplit("<|im_start|>user", 1)[-1], tokenizer.decode(ids[first:wrong[0]]), tokenizer.decode(ids[wrong[0]:end]), tokenizer.decode([int(best[wrong[0] - 1])])))
            for group in (dialogue["suite"], f"  {dialogue['suite']}/{dialogue['kind']}"):
                tally[group].update(outcomes)
    tokens = sum(len(ids) for ids, _, _ in work)
    print(f"{stored['tokens'] / 1e6:.1f}M tokens seen; {len(work)} dialogues, {tokens} tokens, {time.time() - begun:.0f} s")
    for group, counts in sorted(tally.items(), key=lambda item: (item[0].strip(), item[0])):
        print(f"{group:42}" + "  ".join(f"{kind} {counts[kind + ' exact']}/{counts[kind]} = {100 * counts[kind + ' exact'] / counts[kind]:.1f}%" for kind in ("calls", "answers", "dialogues") if counts[kind]))
    for dialogue, question, before, wanted, wrote in failures[:options.show]:
        print(f"\n[{dialogue['suite']}/{dialogue['kind']}] {question[-500:]}\n  right  {before}\n  wanted {wanted!r}\n  wrote  {wrote!r}")


if __name__ == "__main__":
    main()
