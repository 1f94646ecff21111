"""What happens in one user turn of a session: a request, several, a list worked off in turn, a chain, or no call at all."""

from .chains import CHAINS, apply, operation
from .requests import REQUESTS, lookups
from .sampler import enumerate_words, show
from .wording import ask, ask_in_turn, ask_one

PASSING_ERRORS = ["timeout", "service unavailable", "connection lost", "try again later"]
ERRORS = ["not found", "access denied", "invalid input", "quota exceeded", "no match for {topic}", "unknown name {word}"]
NO_TOOL = "Sorry, I do not have a tool for that."
SMALL_TALK = [
    (["Hello", "Hi there", "Good morning", "Hey", "Hi", "Good evening"], "Hello! How can I help?"),
    (["Thanks", "Thank you very much", "Great, thanks", "Perfect, thank you", "Thank you"], "You are welcome."),
    (["Bye", "See you later", "Goodbye", "That is all"], "Goodbye."),
]
LONG_LIST_SHARE, PARALLEL_SHARE, TALK_SHARE = 0.06, 0.06, 0.015      # of the tasks in training: the hard ones, on top of those that any session has
CAPABILITIES = ["What can you do", "Which tools do you have", "What tools can you use", "List your tools", "How can you help me", "Help"]


def failure(s, error):
    """(result, answer) of a call that failed."""
    return {"error": error}, f"The tool reported an error: {error}."


def single(session):
    s = session.sampler
    request = session.draw_requests(1)[0]
    if s.chance(0.04):
        result, answer = failure(s, s.fill(s.pick(ERRORS)))
    else:
        result, answer = request.result, request.answer
    return session.messages(ask(s, [request]), [[(session.call(request), result)]], answer)


def tried_again(session):
    """An error that passes is answered by the same call once more, and then reported."""
    s = session.sampler
    request = session.draw_requests(1)[0]
    failed = failure(s, s.pick(PASSING_ERRORS))
    result, answer = (request.result, request.answer) if s.chance(0.75) else failed
    return session.messages(ask(s, [request]), [[(session.call(request), failed[0])], [(session.call(request), result)]], answer)


def parallel(session, count):
    with session.sampler.repeating(0.25):
        requests = session.draw_requests(count)
    step = [(session.call(request), request.result) for request in requests]
    return session.messages(ask(session.sampler, requests), [step], " ".join(request.answer for request in requests))


REMARKS = ["{line}, it is for {name}", "{line} ({words})", "{line} before {clock}", "{words}: {line}", "{line}; {words}", "for {first_name}: {line}", "{line}. {words}", "{line}, {words}", '"{words}": {line}']


def remark(s, line):
    """Some lines say more than they ask, in training: they are to be repeated word by word all the same."""
    if s.held_out or s.chance(0.8):
        return line
    before, after = s.pick(REMARKS).split("{line}")
    return s.fill(before) + line + s.fill(after)


def in_turn(session, count, only_sums=False):
    """A numbered list: before each call the assistant repeats the line it works on. With a calculator, lines may build on the result before."""
    s = session.sampler
    lines, steps, answers, value = [], [], [], None
    with s.repeating(0.4):
        requests = session.draw_requests(count) if not only_sums else [REQUESTS["calculator"](s)] * count
    for request in requests:
        if session.has("calculator") and value is not None and (only_sums or s.chance(0.3)):
            text, expression = operation(s, value)
            step, value = apply(session, expression)
            lines.append(text)
            steps.append([step])
            answers.append(f"{expression} = {show(value)}.")
        else:
            lines.append(request.command)
            steps.append([(session.call(request), request.result)])
            answers.append(request.answer)
            value = request.value
    user, shown = ask_in_turn(s, [remark(s, line) for line in lines])
    return session.messages(user, steps, " ".join(answers) if count <= 3 else f"All steps are done. {answers[-1]}", shown)


def no_tool(session):
    """A request for which the session has no tool; None if it has all."""
    s = session.sampler
    related = [{"units", "currency"}, {"contacts", "messages"}]
    missing = [key for key in REQUESTS if key not in session.tools and not any(key in group and group & set(session.tools) for group in related)]
    if not missing:
        return None
    return [{"role": "user", "content": ask_one(s, REQUESTS[s.pick(missing)](s))}, {"role": "assistant", "content": NO_TOOL}]


def small_talk(session):
    s = session.sampler
    if session.order and s.chance(0.35):
        names = enumerate_words([tool.name for tool in session.order])
        return [{"role": "user", "content": s.pick(CAPABILITIES) + s.pick(["?", "?", ""])}, {"role": "assistant", "content": f"I can use these tools: {names}."}]
    said, answer = s.pick(SMALL_TALK)
    return [{"role": "user", "content": s.pick(said) + s.pick(["", ".", "!"])}, {"role": "assistant", "content": answer}]


FOLLOW_UPS = {"clock": lookups.clock, "weather": lookups.weather, "inventory": lookups.inventory, "orders": lookups.order, "notes": lookups.notes}


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
        return no_tool(session), "no-tool"
    if not s.held_out and s.chance(LONG_LIST_SHARE):
        return in_turn(session, s.rng.randint(6, 10), only_sums=session.has("calculator") and s.chance(0.4)), "in-turn"
    if not s.held_out and s.chance(PARALLEL_SHARE):
        return parallel(session, 3), "parallel"
    if not s.held_out and s.chance(TALK_SHARE):
        return small_talk(session), "talk"
    draw = s.rng.random()
    if draw < 0.25:
        possible = [chain for chain in CHAINS if session.has(*chain.families)]
        if possible:
            return s.pick(possible)(session), "chain"
    if draw < 0.46:
        return single(session), "single"
    if draw < 0.49:
        return tried_again(session), "tried-again"
    if draw < 0.70:
        return parallel(session, s.pick([2, 2, 3])), "parallel"
    if draw < 0.76:
        count = s.pick([2, 3, 4, 5, 6, 8, 10])
        return in_turn(session, count, only_sums=session.has("calculator") and not s.held_out and s.chance(0.1)), "in-turn"
    if draw < 0.80:
        messages = follow_up(session)
        if messages:
            return messages, "follow-up"
    if draw < 0.98:
        messages = no_tool(session)
        if messages:
            return messages, "no-tool"
    return small_talk(session), "talk"
