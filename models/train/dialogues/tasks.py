"""What happens in one user turn of a session: a request, several, a list worked off in turn, a chain, or no call at all."""

from .chains import CHAINS, generic_pair
from .requests import REQUESTS
from .requests.generic import generic
from .requests import lookups
from .sampler import enumerate_words
from .tool_schema import generic_tool
from .wording import ask, ask_in_turn, ask_one

ERRORS = ["not found", "timeout", "service unavailable", "access denied", "invalid input", "unknown city", "no such file", "quota exceeded", "connection refused", "unknown unit: {word}", "{words}", "no match for {topic}"]
NO_TOOL = "Sorry, I do not have a tool for that."
SMALL_TALK = [
    (["Hello", "Hi there", "Good morning", "Hey", "Hi", "Good evening"], "Hello! How can I help?"),
    (["Thanks", "Thank you very much", "Great, thanks", "Perfect, thank you", "Thank you"], "You are welcome."),
    (["Bye", "See you later", "Goodbye", "That is all"], "Goodbye."),
]
CAPABILITIES = ["What can you do", "Which tools do you have", "What tools can you use", "List your tools", "How can you help me", "Help"]


def with_errors(session, request):
    """(result, answer), sometimes of a call that failed."""
    s = session.sampler
    if not s.chance(0.04):
        return request.result, request.answer
    error = s.fill(s.pick(ERRORS))
    return s.pick([{"error": error}, {"ok": False, "error": error}]), f"The tool reported an error: {error}."


def parallel(session, count):
    requests = session.draw_requests(count)
    outcomes = [with_errors(session, request) for request in requests]
    step = [(session.call(request), result) for request, (result, _) in zip(requests, outcomes)]
    return session.messages(ask(session.sampler, requests), [step], " ".join(answer for _, answer in outcomes))


def in_turn(session, count):
    requests = session.draw_requests(count)
    steps = [[(session.call(request), request.result)] for request in requests]
    answer = " ".join(request.answer for request in requests) if count <= 3 else f"All steps are done. {requests[-1].answer}"
    return session.messages(ask_in_turn(session.sampler, requests), steps, answer)


def no_tool(session):
    """A request for which the session has no tool; None if none was found."""
    s = session.sampler
    related = [{"units", "currency"}, {"contacts", "messages"}]
    for _ in range(20):
        key = s.pick(list(REQUESTS) + ["generic"] * 6)
        if key == "generic":
            tool = generic_tool(s, False)
            if any(set(tool.action) & set(other.action) for other in session.generics):
                continue
            request = generic(s, tool)
        elif key in session.tools or any(key in group and any(other in session.tools for other in group) for group in related):
            continue
        else:
            request = REQUESTS[key](s)
        return [{"role": "user", "content": ask_one(s, request)}, {"role": "assistant", "content": NO_TOOL}]
    return None


def small_talk(session):
    s = session.sampler
    if session.order and s.chance(0.35):
        names = enumerate_words([tool.name for tool in session.order])
        return [{"role": "user", "content": s.pick(CAPABILITIES) + s.pick(["?", "?", ""])}, {"role": "assistant", "content": f"I can use these tools: {names}."}]
    said, answer = s.pick(SMALL_TALK)
    return [{"role": "user", "content": s.pick(said) + s.pick(["", ".", "!"])}, {"role": "assistant", "content": answer}]


FOLLOW_UPS = {"clock": lookups.clock, "weather": lambda s: lookups.weather(s)[0], "inventory": lambda s: lookups.inventory(s)[0], "orders": lookups.order, "notes": lookups.notes}


def follow_up(session):
    """"And in Oslo?" after a question of the same kind."""
    s = session.sampler
    families = [family for family in FOLLOW_UPS if family in session.tools]
    if not families:
        return None
    family = s.pick(families)
    first, second = FOLLOW_UPS[family](s), FOLLOW_UPS[family](s)
    link = s.pick(["in ", "in ", ""]) if family in ("clock", "weather") else ""
    text = s.pick(["And {l}{x}?", "What about {l}{x}?", "And {l}{x}", "How about {l}{x}?"]).format(l=link, x=second.subject)
    return session.messages(ask_one(s, first), [[(session.call(first), first.result)]], first.answer) + session.messages(text, [[(session.call(second), second.result)]], second.answer)


def draw_task(session):
    """(messages, kind)"""
    s = session.sampler
    if not session.order:
        return (no_tool(session) or small_talk(session)), "no-tool"
    draw = s.rng.random()
    if draw < 0.38:
        possible = [chain for chain in CHAINS if session.has(*chain.families)]
        if session.generics and (not possible or s.chance(0.15)):
            messages = generic_pair(session)
            if messages:
                return messages, "chain"
        if possible:
            return s.pick(possible)(session), "chain"
    if draw < 0.60:
        return parallel(session, 1), "single"
    if draw < 0.83:
        return parallel(session, s.pick([2, 2, 2, 3, 3, 4])), "parallel"
    if draw < 0.88:
        return in_turn(session, s.pick([2, 3, 4, 5, 6, 8, 10])), "in-turn"
    if draw < 0.92:
        messages = follow_up(session)
        if messages:
            return messages, "follow-up"
    if draw < 0.97:
        messages = no_tool(session)
        if messages:
            return messages, "no-tool"
    return small_talk(session), "talk"
