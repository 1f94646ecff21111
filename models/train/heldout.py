"""Held-out dialogues: entities, names, wordings and values that training never draws, from seeds that it never uses.

python3 heldout.py ../held-out.jsonl [--seed 9000] [--counts core=110,routing=40,...]   writes one dialogue a line (format: ../README.md)
"""

import argparse
import json
import random

from dialogues.chains import follow_the_trail, long_calculation
from dialogues.routing import routing_session
from dialogues.sampler import Sampler
from dialogues.session import Session
from dialogues.sessions import DEMO_FAMILIES, draw_families
from dialogues.system_prompts import system_prompt
from dialogues.tasks import draw_task, in_turn, small_talk

LONG_RUN_STEPS = 10


def tool_dialogue(s, rules, families=None, canonical=False):
    """One or two tasks in a session with 1 to 7 tools."""
    generic_count = 0 if canonical else s.pick([0, 0, 1, 1, 2])
    families = families if families is not None else draw_families(s, s.rng.randint(1, 5)) if s.chance(0.9) else []
    session = Session(s, families, generic_count if families else max(1, generic_count), canonical)
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
    return tool_dialogue(s, s.rng.randint(14, 60))


def demo(s):
    """The tools of the demo, as the demo defines them."""
    return tool_dialogue(s, s.rng.randint(0, 12), [family for family in DEMO_FAMILIES if family != "weather" or s.chance(0.5)], canonical=True)


def unseen_tools(s):
    """Like core, with tool names, descriptions, verbs and nouns that training never draws."""
    s.unseen_tools = True
    return core(s)


def long_run(s):
    """Ten calls, one after another."""
    kind = s.pick(["in-turn", "calculation", "trail"])
    session = Session(s, s.rng.sample(["files", "calculator", "weather", "notes", "clock", "units"], 6) if kind == "in-turn" else ["files", "calculator"], 0)
    if kind == "in-turn":
        messages = in_turn(session, LONG_RUN_STEPS)
    else:
        messages = long_calculation(session, LONG_RUN_STEPS - 1) if kind == "calculation" else follow_the_trail(session, LONG_RUN_STEPS)
    return system_prompt(s, s.rng.randint(0, 6)), session.schemas, messages, kind


def routing(s):
    system, tasks = routing_session(s)
    messages, kind = next(tasks)
    return system, [], messages, kind


def talk(s):
    session = Session(s, draw_families(s, s.rng.randint(1, 5)), s.pick([0, 1]))
    return system_prompt(s, s.rng.randint(0, 6)), session.schemas, small_talk(session), "talk"


SUITES = {"core": core, "demo": demo, "unseen-tools": unseen_tools, "long-prompt": long_prompt, "long-run": long_run, "routing": routing, "talk": talk}
COUNTS = {"core": 90, "demo": 30, "unseen-tools": 20, "long-prompt": 20, "long-run": 8, "routing": 50, "talk": 4}


def generate(suite, seed, count):
    """Yields {"suite", "kind", "system", "tools", "messages"}; assistant messages are what the model is expected to write."""
    for index in range(count):
        system, tools, messages, kind = SUITES[suite](Sampler(random.Random(f"held-out/{suite}/{seed}/{index}"), held_out=True))
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
