"""The tools of one session and the messages of one task in it."""

import json

from .requests import REQUESTS
from .requests.generic import generic
from .tool_schema import canonical_tool, family_tool, generic_tool


class Session:
    def __init__(self, sampler, families, generic_count, canonical=False):
        s = self.sampler = sampler
        described = s.chance(0.6)
        self.tools, self.generics, names = {}, [], set()
        for key in families:
            tool = canonical_tool(key) if canonical else family_tool(s, key, described)
            if tool.name not in names:
                names.add(tool.name)
                self.tools[key] = tool
        while len(self.generics) < generic_count:
            tool = generic_tool(s, described)
            taken = any(set(tool.action) & set(other.action) for other in self.generics)
            if tool.name not in names and not taken:
                names.add(tool.name)
                self.generics.append(tool)
        self.order = list(self.tools.values()) + self.generics
        if canonical and s.chance(0.7):
            self.order.sort(key=lambda tool: tool.name)
        else:
            s.rng.shuffle(self.order)
        self.compact = s.chance(0.75)      # results as `JSON.stringify` or as Python's `json.dumps` writes them

    @property
    def schemas(self):
        return [{"type": "function", "function": tool.schema} for tool in self.order]

    def has(self, *families):
        return all(family in self.tools for family in families)

    def call(self, request):
        return self.call_with(request.tool or request.family, request.arguments)

    def call_with(self, tool, arguments):
        return (self.tools[tool] if isinstance(tool, str) else tool).call(arguments)

    def draw_request(self):
        s = self.sampler
        if self.generics and (not self.tools or s.chance(0.3)):
            return generic(s, s.pick(self.generics))
        return REQUESTS[s.pick(list(self.tools))](s)

    def draw_requests(self, count):
        """Different requests: a repeated one would make two identical calls."""
        drawn = []
        while len(drawn) < count:
            request = self.draw_request()
            if all(request.command != other.command for other in drawn):
                drawn.append(request)
        return drawn

    def result_text(self, result):
        if isinstance(result, str):
            return result
        return json.dumps(result, ensure_ascii=False, separators=(",", ":") if self.compact else (", ", ": "))

    def messages(self, user, steps, answer):
        """steps: one list per assistant turn of (call, result) pairs made in parallel."""
        out = [{"role": "user", "content": user}]
        for step in steps:
            out.append({"role": "assistant", "content": "", "calls": [call for call, _ in step]})
            out += [{"role": "tool", "content": self.result_text(result)} for _, result in step]
        return out + [{"role": "assistant", "content": answer}]
