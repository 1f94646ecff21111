"""Whole sessions: a system prompt, tools, and endless tasks, at three levels of difficulty."""

from .chains import CHAINS
from .routing import routing_session
from .session import Session
from .system_prompts import system_prompt
from .tasks import draw_task
from .tool_catalog import FAMILIES

# The tools of the demo, met together far more often than chance would have it.
DEMO_FAMILIES = ["units", "calculator", "notes", "clock", "weather"]
ROUTING_SHARE = 0.12
CANONICAL_SHARE = 0.35
# level -> (families at most, choices of the number of generic tools, distracting rules at most)
LEVELS = [(3, [0, 1], 2), (5, [0, 0, 1, 1, 2], 10), (9, [0, 0, 1, 1, 2, 3], 40)]


def draw_families(s, count):
    if s.chance(0.25):
        keys = s.rng.sample(DEMO_FAMILIES, min(len(DEMO_FAMILIES), max(count, 2)))
        return keys + [key for key in s.rng.sample(list(FAMILIES), count) if key not in keys][: max(0, count - len(keys))]
    keys = [key for _ in range(s.rng.randint(1, 2)) for key in s.pick(CHAINS).families]
    rest = list(FAMILIES)
    s.rng.shuffle(rest)
    return list(dict.fromkeys(keys + rest))[: max(count, 2)]


def tool_session(s, level):
    family_limit, generic_choices, rule_limit = LEVELS[level]
    count, generic_count = s.rng.randint(1, family_limit), s.pick(generic_choices)
    canonical = s.chance(CANONICAL_SHARE)
    if canonical:
        families, generic_count = s.rng.sample(DEMO_FAMILIES, s.pick([1, 3, 4, 4, 4, 5])), 0
    elif s.chance(0.1):
        families, generic_count = [], s.pick([0, 1, 2, 3, 4])
    else:
        families = draw_families(s, count)
    session = Session(s, families, generic_count, canonical)
    system = "" if s.chance(0.04) else system_prompt(s, s.rng.randint(0, rule_limit if s.chance(0.88) else 30))

    def tasks():
        while True:
            yield draw_task(session)
    return system, session.schemas, tasks()


def draw_session(s, level):
    """(system prompt, tool schemas, endless iterator of (messages, kind))"""
    if s.chance(ROUTING_SHARE):
        system, tasks = routing_session(s)
        return system, [], tasks
    return tool_session(s, level)
