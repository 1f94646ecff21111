"""The tools of one session and the messages of one task in it."""

import json
import zlib

from .requests import REQUESTS
from .tool_schema import canonical_tool, family_tool

HELD_SUBSETS = 6      # one in so many subsets of families is kept for evaluation


def held_subset(families):
    """Does training never see exactly these families together?"""
    return len(set(families)) > 1 and zlib.crc32("+".join(sorted(set(families))).encode()) % HELD_SUBSETS == 0


class Session:
    def __init__(self, sampler, families, canonical=False):
        s = self.sampler = sampler
        described = s.chance(0.5)
        self.tools = {key: canonical_tool(key) if canonical else family_tool(s, key, described) for key in families}
        self.order = list(self.tools.values())
        if canonical and s.chance(0.7):
            self.order.sort(key=lambda tool: tool.name)
        else:
            s.rng.shuffle(self.order)
        self.compact = s.chance(0.85)      # results as `JSON.stringify` or as Python's `json.dumps` writes them

    @property
    def schemas(self):
        return [{"type": "function", "function": tool.schema} for tool in self.order]

    def has(self, *families):
        return all(family in self.tools for family in families)

    def call(self, request):
        return self.call_with(request.family, request.arguments)

    def call_with(self, family, arguments):
        return self.tools[family].call(arguments)

    def draw_requests(self, count):
        """Different requests: a repeated one would make two identical calls."""
        drawn, families = [], list(self.tools)
        if self.sampler.repeated is not None:
            families = self.sampler.rng.sample(families, min(len(families), 2))
        while len(drawn) < count:
            request = REQUESTS[self.sampler.pick(families)](self.sampler)
            if all(request.arguments != other.arguments for other in drawn):
                drawn.append(request)
        return drawn

    def result_text(self, result):
        if isinstance(result, str):
            return result
        return json.dumps(result, ensure_ascii=False, separators=(",", ":") if self.compact else (", ", ": "))

    def messages(self, user, steps, answer, said=()):
        """steps: one list per assistant turn of (call, result) pairs made in parallel; said: what each of these turns says before its calls."""
        out = [{"role": "user", "content": user}]
        for index, step in enumerate(steps):
            out.append({"role": "assistant", "content": said[index] if said else "", "calls": [call for call, _ in step]})
            out += [{"role": "tool", "content": self.result_text(result)} for _, result in step]
        return out + [{"role": "assistant", "content": answer}]
