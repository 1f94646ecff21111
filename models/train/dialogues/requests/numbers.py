"""Units, arithmetic, currencies."""

from .. import lexicon, measures
from ..sampler import show, tidy
from .request import Request

UNIT_COMMANDS = [
    "[convert|change|turn|translate] {x} {f} [to|into|to] {t}", "convert {x} {f} to {t}", "[tell me|work out|find out|show me|check] [how much|what] {x} {f} [is|are|makes] in {t}",
    "[give me|show me|show|express|write|put|work out] {x} {f} in {t}", "convert [to|into] {t}: {x} {f}", "[tell me|find out|work out|check] how many {t} [are in|are|make|there are in] {x} {f}",
    "[report|state|calculate|compute|determine] {x} {f} in {t}", "[see|figure out|let me know|calculate|say] how many {t} {x} {f} [is|are|make|makes|come to]", "take {x} {f} and [convert|change|turn] it [to|into] {t}",
    "[let me know|see|say] what {x} {f} [is|are|comes to|amounts to] in {t}", "[express|write down|show] {x} {f} as {t}", "[turn|make] {x} {f} into {t}", "in {t}, [give|tell|show] me {x} {f}",
    "I have {x} {f}, [I need|give me|make it|say it in] {t}", "[use|take] {t} for {x} {f}", "[bring|rewrite|recalculate] {x} {f} [to|in|into] {t}", "I need [to know|to see] {x} {f} in {t}",
]
UNIT_COMMANDS_HELD = ["tell me what {x} {f} would be in {t}", "please convert {x} {f} to {t}", "do {x} {f} to {t}", "get me {x} {f} in {t}"]
UNIT_QUESTIONS = [
    "how much [is|are] {x} {f} in {t}", "what [is|are] {x} {f} in {t}", "how many {t} [is|are|make|give] {x} {f}", "how many {t} [are there|are|fit|go] in {x} {f}",
    "what does {x} {f} come to in {t}", "what's {x} {f} in {t}", "{x} {f} [in|to|into] {t}", "how [long|heavy|big|fast] is {x} {f} in {t}", "what do {x} {f} [come to|amount to] in {t}",
    "how many {t} [do I get from|will I get for] {x} {f}",
    "[how much|what] [is|are] {x} {f} when [converted to|expressed in|measured in] {t}", "{x} {f}, how [much|many] [is that|are those] in {t}", "if I have {x} {f}, how many {t} [is that|do I have|are those]",
    "which number of {t} [equals|is] {x} {f}", "what is the {t} value of {x} {f}", "do you know [how many {t} are in {x} {f}|what {x} {f} is in {t}]", "how [tall|wide|deep|small|quick|warm] is {x} {f} in {t}",
    "in {t}, [how much|what] is {x} {f}", "how many {t} would I need for {x} {f}", "can you [convert|change|translate] {x} {f} [to|into] {t}", "how [does one|do I] [write|say|express] {x} {f} in {t}",
]
UNIT_QUESTIONS_HELD = ["how many {t} does {x} {f} make", "so what is {x} {f} in {t}", "how much would {x} {f} be in {t}", "{x} {f} is how many {t}", "how far is {x} {f} in {t}"]


def rounded(s, value):
    """Results come rounded, as tools round them; a few carry all their digits."""
    value = tidy(round(value, s.pick([0, 1, 2, 2, 2, 3, 4])) if s.chance(0.5) else float(f"{value:.{6 if s.chance(0.92) else 12}g}"))
    return tidy(round(value, 4)) if "e" in repr(value) else value


def unit_result(s, value, source, result, target):
    return s.pick([
        {"result": result}, {"result": result}, {"result": result, "unit": target}, {"value": result, "unit": target}, {"value": value, "from": source, "to": target, "result": result},
    ])


def units(s, value=None, pair=None):
    unit_from, unit_to = pair or measures.draw_pair(s)
    source, target = s.pick(measures.wordings(unit_from)), s.pick(measures.wordings(unit_to))
    if value is None:
        value = -s.integer() if unit_from in ("C", "F") and s.chance(0.15) else s.number()
    result = rounded(s, measures.convert(value, unit_from, unit_to))
    slots = {"x": show(value), "f": source, "t": target}
    source, target = measures.argument(source), measures.argument(target)
    return Request(
        "units", {"value": value, "from": source, "to": target}, s.wording(UNIT_COMMANDS, UNIT_COMMANDS_HELD).format(**slots), s.wording(UNIT_QUESTIONS, UNIT_QUESTIONS_HELD).format(**slots),
        unit_result(s, value, source, result, target), f"{show(value)} {source} is {show(result)} {target}.", subject=slots["t"], value=result,
    )


def spoken_sum(s, a, b):
    """(expression, commands, questions) of a sum told in words."""
    x, y = show(a), show(b)
    return s.pick([
        (f"{x} + {y}", [f"add {x} and {y}", f"add {x} to {y}", f"compute {x} plus {y}", f"sum {x} and {y}"], [f"what is {x} plus {y}", f"what is the sum of {x} and {y}", f"how much is {x} plus {y}"]),
        (f"{x} - {y}", [f"subtract {y} from {x}", f"compute {x} minus {y}", f"take {y} away from {x}"], [f"what is {x} minus {y}", f"how much is {x} minus {y}", f"what is {x} less {y}"]),
        (f"{x} * {y}", [f"multiply {x} by {y}", f"compute {x} times {y}", f"work out {x} times {y}"], [f"what is {x} times {y}", f"what is {x} multiplied by {y}", f"what's {x} times {y}"]),
        (f"{x} / {y}", [f"divide {x} by {y}", f"compute {x} divided by {y}"], [f"what is {x} divided by {y}", f"what is {x} over {y}", f"how much is {x} divided by {y}"]),
    ])


def typed_expression(s):
    """An expression of two or three numbers as people type it; the call carries it unchanged."""
    space = " " if s.chance(0.6) else ""
    a, b, c = (show(s.rng.randint(1, 99) if s.chance(0.6) else s.number()) for _ in range(3))
    op = lambda: s.pick("+-*/+-*")
    join = lambda *parts: space.join(parts)
    draw = s.rng.random()
    if draw < 0.4:
        return join(a, op(), b)
    if draw < 0.7:
        return join(a, op(), b, op(), c)
    if draw < 0.85:
        return join("(" + join(a, s.pick("+-"), b) + ")", s.pick("*/"), c)
    return join(a, s.pick("*+-"), "(" + join(b, s.pick("+-"), c) + ")")


TYPED_COMMANDS = ["[calculate|compute|work out|evaluate|solve|determine|find|tell me|check|do] {e}", "[calculate|compute|do the sum|work out]: {e}",
                  "[calculate|find|tell me|work out] the [value|result|answer] of {e}", "[tell me|work out|find out|check] [what|how much] {e} [is|comes to|gives]",
                  "[see|let me know|say|report|show me] what {e} [is|gives|comes to|makes]", "[run|type in|enter|process|put in] {e}", "[calculate|compute|evaluate] the [expression|term|formula] {e}",
                  "[get|show] me the [result|answer|sum] [of|for] {e}", "take {e} and [compute|evaluate|solve] it", "use the calculator [for|on] {e}", "I need [the result of|the answer to|to know] {e}", "how much {e} is: [compute|check] it"]
TYPED_COMMANDS_HELD = ["figure out {e}", "give me the value of {e}"]
TYPED_QUESTIONS = ["what is {e}", "what is {e}", "how much is {e}", "what's {e}", "what is the [result|value|answer] of {e}", "{e}", "{e} =", "what [comes out of|do I get from|is the sum] {e}",
                   "[how much|what] does {e} come to", "what [will|would] {e} be",
                   "[could|can] you [compute|calculate|work out|solve] {e}", "do you know [what|how much] {e} is", "[what is|what's] the [total|outcome|sum] of {e}", "{e} is what", "{e} makes how much",
                   "what [result|number|value] does {e} [give|have|yield]", "which number [is|comes out of] {e}", "what does {e} [give|yield|come out as]", "and {e}, how much is that"]
TYPED_QUESTIONS_HELD = ["what does {e} equal", "what do you get for {e}", "what does {e} make"]


def calculator(s, expression=None):
    commands = questions = None
    if expression is None:
        if s.chance(0.4):
            expression, commands, questions = spoken_sum(s, s.number(), s.number())
        else:
            expression = typed_expression(s)
    try:
        result = rounded(s, float(eval(expression, {"__builtins__": {}})))
    except ZeroDivisionError:
        return calculator(s)
    command = s.pick(commands) if commands else s.wording(TYPED_COMMANDS, TYPED_COMMANDS_HELD).format(e=expression)
    question = s.pick(questions) if questions else s.wording(TYPED_QUESTIONS, TYPED_QUESTIONS_HELD).format(e=expression)
    shape = s.pick([{"result": result}, {"result": result}, {"value": result}, {"expression": expression, "result": result}])
    return Request("calculator", {"expression": expression}, command, question, shape, f"{expression} = {show(result)}.", subject=expression, value=result)


CURRENCY_COMMANDS = ["[convert|exchange|change] {x} {f} [to|into] {t}", "[tell me|find out|check] [what|how much] {x} {f} is in {t}", "[work out|show me] {x} {f} in {t}",
                     "[translate|swap|trade] {x} {f} [into|for] {t}", "[calculate|express|find|report|state] {x} {f} in {t}", "[see|say|let me know|figure out|look up] [what|how much] {x} {f} [is|makes|gives|is worth] in {t}",
                     "I have {x} {f} and [need|want] {t}", "change to {t}: {x} {f}", "[see|find out|work out|tell me] how many {t} [I get for|you get for|are in] {x} {f}", "take {x} {f} and [change|exchange] it [for|into] {t}"]
CURRENCY_COMMANDS_HELD = ["turn {x} {f} into {t}", "give me {x} {f} in {t}"]
CURRENCY_QUESTIONS = ["how much [is|are] {x} {f} in {t}", "what [is|are] {x} {f} [worth in|in] {t}", "how many {t} [do I get|will I get|can I buy] for {x} {f}",
                      "what [would|do|will] I get for {x} {f} in {t}", "how much in {t} is {x} {f}", "what do {x} {f} [come to|make|cost] in {t}", "how much {t} [is|makes|do I get for] {x} {f}", "if I change {x} {f}, how many {t} [do I get|is that]",
                      "{x} {f} [makes|gives] how many {t}", "can you [exchange|convert|change] {x} {f} [to|into] {t}", "what is the value of {x} {f} in {t}", "what's {x} {f} in {t}"]
CURRENCY_QUESTIONS_HELD = ["how many {t} is {x} {f}", "{x} {f} in {t}"]


def currency(s, amount=None):
    source, target = s.rng.sample(list(lexicon.CURRENCIES), 2)
    amount = s.number() if amount is None else amount
    result = tidy(round(amount * lexicon.EXCHANGE_RATES[target] / lexicon.EXCHANGE_RATES[source], 2))
    slots = {"x": show(amount), "f": s.pick(lexicon.CURRENCIES[source]), "t": s.pick(lexicon.CURRENCIES[target])}
    shape = s.pick([{"amount": result, "currency": target}, {"result": result}, {"result": result, "currency": target}])
    return Request(
        "currency", {"amount": amount, "from": source, "to": target}, s.wording(CURRENCY_COMMANDS, CURRENCY_COMMANDS_HELD).format(**slots),
        s.wording(CURRENCY_QUESTIONS, CURRENCY_QUESTIONS_HELD).format(**slots), shape, f"{slots['x']} {source} is {show(result)} {target}.", subject=slots["t"], value=result,
    )
