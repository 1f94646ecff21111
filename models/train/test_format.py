"""Renders generated dialogues with chat_template.jinja and with chat_format.py: they must agree. Needs jinja2 (PyTorch 2 brings it)."""

import os
import random

import jinja2

from chat_format import render_messages, render_system, to_json
from dialogues.sampler import Sampler
from dialogues.sessions import draw_session

HERE = os.path.dirname(os.path.abspath(__file__))


def as_openai(system, messages):
    out = [{"role": "system", "content": system}] if system else []
    for message in messages:
        calls = [{"type": "function", "function": {"name": name, "arguments": arguments}} for name, arguments in message.get("calls", [])]
        out.append({"role": message["role"], "content": message["content"], **({"tool_calls": calls} if calls else {})})
    return out


def main():
    environment = jinja2.Environment()
    environment.filters["tojson"] = to_json
    with open(os.path.join(HERE, "chat_template.jinja")) as file:
        template = environment.from_string(file.read())
    for seed in range(300):
        system, tools, tasks = draw_session(Sampler(random.Random(seed)), seed % 3)
        messages = next(tasks)[0] + next(tasks)[0]
        ours = render_system(system, tools) + "".join(text for text, _ in render_messages(messages))
        theirs = template.render(messages=as_openai(system, messages), tools=tools, add_generation_prompt=False)
        assert ours == theirs, f"seed {seed}:\n{ours!r}\n{theirs!r}"
    print("300 dialogues rendered alike")


if __name__ == "__main__":
    main()
