"""Training draws nothing that is kept for evaluation: words, wordings of requests, openings, instructions, subsets of tools."""

import random
import re

from dialogues import lexicon, routing, wording
from dialogues.requests import REQUESTS, actions, lookups, numbers
from dialogues.sampler import Sampler
from dialogues.session import held_subset
from dialogues.sessions import DEMO_FAMILIES, draw_session
from dialogues.tool_catalog import FAMILY_LIST

DRAWS = 4000
SLOTS = {"x": r"-?[\d.]+", "e": r"[\d.+*/() -]+", "my": "(?:my|the|our)", "m": ".+", "o": r"\S+"}      # of wordings; others are names and things
OTHER_SLOT = r"[^,:;?]+"


def pattern(template):
    """A wording as a regular expression that matches whatever fills its slots."""
    return re.compile("".join(SLOTS.get(part[1:-1], OTHER_SLOT) if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template)), re.IGNORECASE)


def check_words():
    for name in dir(lexicon):
        if name.endswith("_HELD"):
            assert not set(getattr(lexicon, name)) & set(getattr(lexicon, name[:-len("_HELD")])), f"{name} is trained"


def check_requests():
    held = {"units": numbers.UNIT_COMMANDS_HELD + numbers.UNIT_QUESTIONS_HELD, "calculator": numbers.TYPED_COMMANDS_HELD + numbers.TYPED_QUESTIONS_HELD,
            "currency": numbers.CURRENCY_COMMANDS_HELD + numbers.CURRENCY_QUESTIONS_HELD, "notes": lookups.NOTES_COMMANDS_HELD + lookups.NOTES_QUESTIONS_HELD,
            "clock": lookups.CLOCK_COMMANDS_HELD + lookups.CLOCK_QUESTIONS_HELD, "weather": lookups.WEATHER_COMMANDS_HELD + lookups.WEATHER_QUESTIONS_HELD,
            "inventory": lookups.INVENTORY_COMMANDS_HELD + lookups.INVENTORY_QUESTIONS_HELD, "orders": lookups.ORDER_COMMANDS_HELD + lookups.ORDER_QUESTIONS_HELD,
            "messages": actions.COMMANDS_HELD, "files": lookups.FILE_COMMANDS_HELD + lookups.FILE_QUESTIONS_HELD}
    for family, templates in held.items():
        patterns, rng = [pattern(template) for template in templates], random.Random(family)
        for _ in range(DRAWS):
            request = REQUESTS[family](Sampler(rng))
            for text in (request.command, request.question):
                assert not any(p.fullmatch(text) for p in patterns), f"{family}: {text!r} is a wording kept for evaluation"
        held_draws = [REQUESTS[family](Sampler(rng, held_out=True)).command for _ in range(200)]
        assert any(p.fullmatch(text) for p in patterns for text in held_draws), f"{family}: the patterns match nothing"


def check_sessions():
    openings = [text.strip().lower() for name in dir(wording) if name.endswith("_HELD") for text in getattr(wording, name)]
    instructions = [pattern(text) for text in routing.INSTRUCTIONS_HELD + routing.TIER_INSTRUCTIONS_HELD]
    family_of = {name: family.key for family in FAMILY_LIST for name in family.names}
    for seed in range(DRAWS // 4):
        system, tools, tasks = draw_session(Sampler(random.Random(seed)), seed % 3)
        assert tools or not any(p.search(system) for p in instructions), system
        families = [family_of[tool["function"]["name"]] for tool in tools]
        assert set(families) <= set(DEMO_FAMILIES) or not held_subset(families), families
        user = next(tasks)[0][0]["content"].lower()
        assert not any(text in user for text in openings), user


def main():
    check_words()
    check_requests()
    check_sessions()
    print("training draws nothing that is kept for evaluation")


if __name__ == "__main__":
    main()
