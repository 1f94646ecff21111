"""How one or several requests become the text of a user turn."""

from .sampler import capitalise

OPENINGS = ["", "", "", "", "Please ", "please ", "Hi, ", "Hello, please ", "Hey, ", "I need you to ", "Kindly ", "Quick one: ", "Now ", "Next, ", "Ok, "]
OPENINGS_HELD = ["I'd like you to ", "Hello there, ", "One more thing: ", "If possible, "]
POLITE_OPENINGS = ["Could you ", "Can you ", "Would you ", "Can you please ", "Could you please "]
ENDINGS = ["", "", "", ".", ".", ".", " please.", " please", " Thanks!", ", thanks.", "!"]
ENDINGS_HELD = [", many thanks.", ", if you can."]
QUESTION_OPENINGS = ["", "", "", "", "", "Hi, ", "Hey, ", "Hello, ", "And ", "Also, ", "Ok, ", "Please tell me: "]
QUESTION_OPENINGS_HELD = ["Just wondering, ", "Excuse me, "]
CONNECTIVES = [", then ", " and ", " and also ", "; also ", ", and ", ". Then ", ". Also, ", " and then "]
LIST_HEADS = ["Please do the following:", "Do these for me:", "I need a few things:", "Some tasks:"]
LIST_HEADS_HELD = ["Here is what I need:", "My list for today:"]
IN_TURN_HEADS = ["Do these one at a time:", "One at a time, please:", "Work through this list one by one:", "Do these steps in order, one at a time:", "Step by step, one call at a time:"]
IN_TURN_HEADS_HELD = ["Handle these one by one:", "Take these one at a time:"]


def lowercase_start(s, text):
    """Some people do not capitalise."""
    return text if s.chance(0.15) else capitalise(text)


def ask_one(s, request):
    if request.question and s.chance(0.5):
        return lowercase_start(s, s.wording(QUESTION_OPENINGS, QUESTION_OPENINGS_HELD) + request.question) + s.pick(["?", "?", "?", "?", ""])
    if s.chance(0.2):
        return lowercase_start(s, s.pick(POLITE_OPENINGS) + request.command) + s.pick(["?", "?", "", "? Thanks!"])
    return lowercase_start(s, s.wording(OPENINGS, OPENINGS_HELD) + request.command) + s.wording(ENDINGS, ENDINGS_HELD)


def as_list(s, head, requests):
    style = s.pick(["- ", "* ", "{i}. ", "{i}) "])
    lines = [style.format(i=index) + (capitalise(request.command) if s.chance(0.7) else request.command) for index, request in enumerate(requests, 1)]
    return (head + "\n" if head else "") + "\n".join(lines)


def ask_in_turn(s, requests):
    return as_list(s, s.wording(IN_TURN_HEADS, IN_TURN_HEADS_HELD), requests)


def ask_several(s, requests):
    draw = s.rng.random()
    if draw < 0.2:
        return as_list(s, s.wording(LIST_HEADS, LIST_HEADS_HELD), requests)
    if draw < 0.27:
        return as_list(s, "", requests)
    if draw < 0.45 and all(request.question for request in requests):
        return " ".join(capitalise(request.question) + "?" for request in requests)
    text = s.wording(OPENINGS, OPENINGS_HELD) + requests[0].command
    for index, request in enumerate(requests[1:], 2):
        text += (s.pick(CONNECTIVES) if index == len(requests) else ", ") + request.command
    return lowercase_start(s, text) + s.wording(ENDINGS, ENDINGS_HELD)


def ask(s, requests):
    return ask_one(s, requests[0]) if len(requests) == 1 else ask_several(s, requests)
