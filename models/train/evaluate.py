"""Free-running accuracy on held-out dialogues: python3 evaluate.py run/checkpoint.pt --seed 7000 --counts core=300,routing=300,...

Every assistant turn is generated greedily, without a grammar, after the true history. A dialogue is exact when each of its turns is:
the first wrong turn would have changed the rest.
"""

import argparse
import collections
import json
import os
import re
import time

import torch

from chat_format import ASSISTANT_HEAD, render_messages, render_system
from decode import greedy
from heldout import COUNTS, generate, parse_counts
from model import Config, Model
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.S)
SLACK = 24      # tokens that an answer may be longer than expected before it is cut


def parse_calls(text):
    """[[name, arguments]]; None stands for a call that does not parse"""
    calls = []
    for body in CALL.findall(text):
        try:
            call = json.loads(body)
            calls.append([call["name"], call["arguments"]])
        except (ValueError, KeyError, TypeError):
            calls.append(None)
    return calls


def turns_of(dialogue):
    """(text before the turn, expected assistant message) for every assistant turn"""
    pieces = [render_system(dialogue["system"], dialogue["tools"])]
    for message in dialogue["messages"]:
        if message["role"] == "assistant":
            yield "".join(pieces) + ASSISTANT_HEAD, message
        pieces += [text for text, _ in render_messages([message])]


def judge(expected, text):
    """(what kind of turn, was it exact)"""
    if expected.get("calls"):
        wanted = [[name, arguments] for name, arguments in expected["calls"]]
        return "calls", json.dumps(parse_calls(text)) == json.dumps(wanted)
    return "answers", text.strip() == expected["content"] and not CALL.search(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--counts", default="")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--show", type=int, default=0, help="failures to print")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stored, tokenizer = torch.load(options.checkpoint, map_location="cpu"), Tokenizer(os.path.join(HERE, "tokenizer.json"))
    model = Model(Config(**stored["config"]))
    model.load_state_dict(stored["model"])
    stop = tokenizer.special["<|im_end|>"]

    dialogues = [d for suite, count in (parse_counts(options.counts) or COUNTS).items() for d in generate(suite, options.seed, count)]
    work = []
    for index, dialogue in enumerate(dialogues):
        for prompt, expected in turns_of(dialogue):
            wanted = render_messages([expected])[1][0]
            work.append((tokenizer.encode(prompt), len(tokenizer.encode(wanted)) + SLACK, expected, index, prompt))
    work.sort(key=lambda item: len(item[0]))
    tally, exact, failures, begun = collections.defaultdict(collections.Counter), [True] * len(dialogues), [], time.time()
    for start in range(0, len(work), options.rows):
        part = work[start:start + options.rows]
        for (ids, _, expected, index, prompt), output in zip(part, greedy(model, [p[0] for p in part], stop, [p[1] for p in part])):
            text, dialogue = tokenizer.decode(output), dialogues[index]
            kind, right = judge(expected, text)
            for group in (dialogue["suite"], f"  {dialogue['suite']}/{dialogue['kind']}"):
                tally[group].update({kind: 1, f"{kind} exact": right})
            exact[index] &= right
            if not right:
                failures.append((dialogue["kind"], prompt.rsplit("<|im_start|>user", 1)[-1], expected.get("calls") or expected["content"], text))
    for dialogue, right in zip(dialogues, exact):
        for group in (dialogue["suite"], f"  {dialogue['suite']}/{dialogue['kind']}"):
            tally[group].update({"dialogues": 1, "dialogues exact": right})
    print(f"{stored['tokens'] / 1e6:.1f}M tokens seen, {len(work)} turns, {time.time() - begun:.0f} s")
    for group, counts in sorted(tally.items(), key=lambda item: (item[0].strip(), item[0])):
        print(f"{group:42}" + "  ".join(f"{kind} {counts[kind + ' exact']}/{counts[kind]} = {100 * counts[kind + ' exact'] / counts[kind]:.1f}%" for kind in ("calls", "answers", "dialogues") if counts[kind]))
    for kind, question, wanted, text in failures[:options.show]:
        print(f"\n[{kind}] {question[-420:]}\n  wanted {wanted}\n  wrote  {text}")


if __name__ == "__main__":
    main()
