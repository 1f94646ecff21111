"""Held-out dialogues: entities, wordings, tool subsets and values that training never draws, from seeds that it never uses.

python3 heldout.py ../held-out.jsonl [--seed 9000] [--counts core=110,routing=40,...]   writes one dialogue a line (format: ../README.md)
"""

import argparse
import json
import random

from dialogues.chains import follow_the_trail
from dialogues.routing import routing_session
from dialogues.sampler import Sampler
from dialogues.session import Session
from dialogues.sessions import DEMO_FAMILIES, draw_families
from dialogues.system_prompts import system_prompt
from dialogues.tasks import draw_task, in_turn, small_talk

LONG_RUN_STEPS = 10


def tool_dialogue(s, rules, families=None):
    """One or two tasks in a session with 1 to 5 tools, or with the demo's."""
    session = Session(s, families or draw_families(s, s.rng.randint(1, 5)), canonical=families is not None)
    messages, kinds = [], []
    while not kinds or (len(kinds) < 2 and s.chance(0.4)):
        task, kind = draw_task(session)
        if kind != "talk" or s.chance(0.3):
            messages += task
            kinds.append(kind)
    return system_prompt(s, rules), session.schemas, messages, "+".join(kinds)


def core(s):
    return tool_dialogue(s, s.rng.randint(0, 3))


def long_prompt(s):
    """System prompts of about 300 to 1,500 tokens, most of it rules that distract."""
    return tool_dialogue(s, s.rng.randint(20, 88))


def demo(s):
    """The tools of the demo, as the demo defines them."""
    return tool_dialogue(s, s.rng.randint(0, 12), [family for family in DEMO_FAMILIES if family != "weather" or s.chance(0.5)])


def long_run(s):
    """Ten calls, one after another."""
    kind = s.pick(["in-turn", "calculation", "trail"])
    families = [kind == "trail" and "files" or "calculator"]
    while len(families) < 4:
        families = list(dict.fromkeys(families + draw_families(s, 3)))
    session = Session(s, families)
    messages = follow_the_trail(session, LONG_RUN_STEPS) if kind == "trail" else in_turn(session, LONG_RUN_STEPS, only_sums=kind == "calculation")
    return system_prompt(s, s.rng.randint(0, 6)), session.schemas, messages, kind


def routing(s):
    system, tasks = routing_session(s)
    messages, kind = next(tasks)
    return system, [], messages, kind


def talk(s):
    return system_prompt(s, s.rng.randint(0, 6)), (session := Session(s, draw_families(s, s.rng.randint(1, 5)))).schemas, small_talk(session), "talk"


SUITES = {"core": core, "demo": demo, "long-prompt": long_prompt, "long-run": long_run, "routing": routing, "talk": talk}
COUNTS = {"core": 150, "demo": 50, "long-prompt": 50, "long-run": 20, "routing": 100, "talk": 10}


def generate(suite, seed, count, held_out=True):
    """Yields {"suite", "kind", "system", "tools", "messages"}; assistant messages are what the model is expected to write."""
    for index in range(count):
        system, tools, messages, kind = SUITES[suite](Sampler(random.Random(f"held-out/{suite}/{seed}/{index}"), held_out=held_out))
        yield {"suite": suite, "kind": kind, "system": system, "tools": tools, "messages": messages}


def parse_counts(text):
    return {name: int(count) for name, count in (part.split("=") for part in text.split(","))} if text else COUNTS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--counts", default="")
    options = parser.parse_args()
    with open(options.path, "w") as file:
        for suite, count in parse_counts(options.counts).items():
            for dialogue in generate(suite, options.seed, count):
                file.write(json.dumps(dialogue, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
