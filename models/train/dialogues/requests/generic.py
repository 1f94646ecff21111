"""Requests to a verb_noun tool that no hand-made family describes: the answer reads the result out."""

from ..sampler import show, tidy
from .request import Request


def draw_values(s, tool):
    values = {name: getattr(s, kind)() for name, kind in tool.generic}
    return {name: tidy(value) for name, value in values.items()}


def told(s, verb, noun, values):
    """An imperative that names every parameter."""
    pairs = [(name.replace("_", " "), show(value)) for name, value in values.items()]
    if s.chance(0.5):
        s.rng.shuffle(pairs)
    quote = lambda text: f'"{text}"' if s.chance(0.3) else text
    draw = s.rng.random()
    if draw < 0.6:
        listed = [f"{name} {quote(text)}" for name, text in pairs]
        tail = " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
        return f"{verb} {s.pick(['the', 'a', 'this'])} {noun} {s.pick(['with', 'with', 'using'])} {tail}"
    if draw < 0.8:
        return f"{verb} {s.pick(['the', 'a'])} {noun} (" + ", ".join(f"{name}: {text}" for name, text in pairs) + ")"
    return f"{verb} {s.pick(['the', 'a'])} {noun}, " + ", ".join(f"{name} = {quote(text)}" for name, text in pairs)


def outcome(s, noun):
    """(result, answer, the value that a next step may need)"""
    draw = s.rng.random()
    if draw < 0.4:
        reference = s.code(s.pick(["ref-", "Z-", "D-", ""]))
        return s.pick([{"ref": reference}, {"ok": True, "ref": reference}, {"status": "done", "ref": reference}]), f"Done, the reference is {reference}.", reference
    if draw < 0.6:
        value = tidy(s.pick([s.number, s.city, s.topic, s.date])())
        return {"result": value}, f"The result is {show(value)}.", value
    if draw < 0.7:
        return s.pick([{"ok": True}, {"status": "ok"}, {"done": True}, "ok", "done"]), "Done.", None
    fields = s.rng.sample([("status", s.pick(["active", "open", "closed", "ready", "queued", "late"])), ("owner", s.name()), ("count", s.integer()), ("city", s.city()), ("price", s.price()),
                           ("date", s.date()), ("label", s.topic()), ("code", s.code()), ("level", s.integer())], s.pick([1, 2, 2, 3]))
    said = ", ".join(f"{key} {show(value)}" for key, value in fields)
    return dict(fields), f"The {noun} has {said}.", None


def generic(s, tool):
    verb, noun = tool.action
    values = draw_values(s, tool)
    command = told(s, verb, noun, values)
    result, answer, _ = outcome(s, noun)
    return Request("generic", values, command, s.pick(["can you ", "could you "]) + command, result, answer, tool=tool)
