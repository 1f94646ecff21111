"""Whole sessions: a system prompt, tools, and endless tasks, at three levels of difficulty."""

from .chains import CHAINS
from .routing import TRAINED_KINDS, routing_session
from .session import Session, held_subset
from .system_prompts import system_prompt
from .tasks import draw_task
from .tool_catalog import FAMILIES

# The tools of the demo, met together far more often than chance would have it.
DEMO_FAMILIES = ["units", "calculator", "notes", "clock", "weather"]
ROUTING_SHARE = 0.25      # of the sessions: they are short
DEMO_SHARE = 0.2
LEVELS = [(3, 2), (5, 8), (7, 88)]      # level -> families at most, distracting rules at most


def draw_families(s, count):
    """About `count` families, often ones that a chain joins; a subset of training or of evaluation."""
    while True:
        keys = list(s.pick(CHAINS).families) if s.chance(0.7) else []
        rest = [key for key in FAMILIES if key not in keys]
        s.rng.shuffle(rest)
        families = (keys + rest)[:max(count, len(keys))]
        if len(families) == 1 or held_subset(families) == s.held_out:
            return families


def tool_session(s, level):
    most_families, most_rules = LEVELS[level]
    demo, draw = s.chance(DEMO_SHARE), s.rng.random()
    families = s.rng.sample(DEMO_FAMILIES, s.pick([3, 4, 4, 4, 5])) if demo else [] if draw < 0.012 else draw_families(s, s.rng.randint(1, most_families))
    session = Session(s, families, canonical=demo)
    system = "" if s.chance(0.04) else system_prompt(s, s.rng.randint(0, most_rules))

    def tasks():
        while True:
            yield draw_task(session)
    return system, session.schemas, tasks()


def draw_session(s, level):
    """(system prompt, tool schemas, endless iterator of (messages, kind))"""
    if s.chance(ROUTING_SHARE):
        system, tasks = routing_session(s, TRAINED_KINDS)
        return system, [], tasks
    return tool_session(s, level)
