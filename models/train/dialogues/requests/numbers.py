"""Units, arithmetic, currencies."""

from .. import lexicon, measures
from ..sampler import show, tidy
from .request import Request

NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve".split()
UNIT_COMMANDS = [
    "convert {x} {f} to {t}", "convert {x} {f} into {t}", "change {x} {f} to {t}", "turn {x} {f} into {t}", "tell me how much {x} {f} is in {t}",
    "give me {x} {f} in {t}", "find out what {x} {f} is in {t}", "work out {x} {f} in {t}", "show {x} {f} in {t}", "convert to {t}: {x} {f}",
]
UNIT_COMMANDS_HELD = ["tell me what {x} {f} would be in {t}", "please convert {x} {f} to {t}", "do {x} {f} to {t}", "get me {x} {f} in {t}"]
UNIT_QUESTIONS = [
    "how much is {x} {f} in {t}", "what is {x} {f} in {t}", "how many {t} is {x} {f}", "how many {t} are {x} {f}", "how many {t} are there in {x} {f}",
    "how many {t} are in {x} {f}", "what does {x} {f} come to in {t}", "what's {x} {f} in {t}", "{x} {f} in {t}", "{x} {f} to {t}", "how many {t} make {x} {f}",
]
UNIT_QUESTIONS_HELD = ["how many {t} does {x} {f} make", "so what is {x} {f} in {t}", "how much would {x} {f} be in {t}", "{x} {f} is how many {t}", "how far is {x} {f} in {t}"]


def rounded(s, value):
    """Results come with anything from no decimals to a full double."""
    digits = s.pick([0, 1, 2, 2, 2, 2, 3, 4, 6, None])
    value = float(f"{value:.12g}") if digits is None else round(value, digits)
    if "e" in repr(value):
        value = round(value, 6)
        value = 0.01 if value == 0 or "e" in repr(value) else value
    return tidy(value)


def unit_value(s):
    """(value, text of it)"""
    if s.chance(0.06):
        index = s.rng.randrange(len(NUMBER_WORDS))
        return index + 2, NUMBER_WORDS[index]
    value = s.number()
    if isinstance(value, int) and value >= 1000 and s.chance(0.25):
        return value, f"{value:,}"
    return value, show(value)


def unit_result(s, value, source, result, target):
    draw = s.rng.random()
    if draw < 0.06:
        return s.pick([show(result), f"{show(result)} {target}", f"{show(value)} {source} = {show(result)} {target}"])
    return s.pick([
        {"result": result}, {"result": result, "unit": target}, {"value": result, "unit": target}, {"value": value, "from": source, "to": target, "result": result},
        {"input": f"{show(value)} {source}", "output": f"{show(result)} {target}"}, {"converted": result, "to": target}, {"ok": True, "result": result},
        {"from": {"value": value, "unit": source}, "to": {"value": result, "unit": target}}, {"value": result, "from": source, "to": target}, {"value": result},
    ])


def units(s, value=None, pair=None, source=None):
    unit_from, unit_to = pair or measures.draw_pair(s)
    temperature = unit_from in measures.TEMPERATURES
    said_from, said_to = source or s.pick(measures.wordings(unit_from)), s.pick(measures.wordings(unit_to))
    if value is None:
        value, said = unit_value(s)
        if temperature and s.chance(0.2):
            value, said = -abs(tidy(value)), f"-{said}" if said[0].isdigit() else said
            if not said.startswith("-"):
                value = -value
    else:
        said = show(value)
    result = rounded(s, measures.convert(value, unit_from, unit_to))
    source_unit, target_unit = measures.argument(said_from), measures.argument(said_to)
    template, question = s.wording(UNIT_COMMANDS, UNIT_COMMANDS_HELD), s.wording(UNIT_QUESTIONS, UNIT_QUESTIONS_HELD)
    slots = {"x": said, "f": said_from, "t": said_to}
    if len(said_from) <= 3 and said[-1].isdigit() and s.chance(0.12):
        template, question = template.replace("{x} {f}", "{x}{f}"), question.replace("{x} {f}", "{x}{f}")
    return Request(
        "units", {"value": value, "from": source_unit, "to": target_unit}, template.format(**slots), question.format(**slots),
        unit_result(s, value, source_unit, result, target_unit), f"{show(value)} {source_unit} is {show(result)} {target_unit}.", subject=said_to,
    ), result


def evaluate(expression):
    return eval(expression.replace("^", "**").replace("sqrt", "pow_half"), {"__builtins__": {}}, {"pow_half": lambda x: x ** 0.5})


def spoken_sum(s, a, b):
    """(expression, commands, questions) of a sum told in words."""
    x, y = show(a), show(b)
    return s.pick([
        (f"{x} + {y}", [f"add {x} and {y}", f"add {x} to {y}", f"compute {x} plus {y}", f"sum {x} and {y}"], [f"what is {x} plus {y}", f"what is the sum of {x} and {y}"]),
        (f"{x} - {y}", [f"subtract {y} from {x}", f"compute {x} minus {y}", f"take {y} away from {x}"], [f"what is {x} minus {y}", f"what is {x} less {y}"]),
        (f"{x} * {y}", [f"multiply {x} by {y}", f"compute {x} times {y}", f"work out {x} times {y}"], [f"what is {x} times {y}", f"what is {x} multiplied by {y}", f"what's {x} times {y}"]),
        (f"{x} / {y}", [f"divide {x} by {y}", f"compute {x} divided by {y}"], [f"what is {x} divided by {y}", f"what is {x} over {y}"]),
    ])


def spoken_function(s):
    x = s.rng.randint(2, 999)
    y, percent = s.number(), s.rng.randint(1, 99)
    return s.pick([
        (f"sqrt({x})", [f"take the square root of {x}", f"compute the square root of {x}"], [f"what is the square root of {x}", f"what's the square root of {x}"]),
        (f"{x}^2", [f"square {x}", f"compute {x} squared"], [f"what is {x} squared"]),
        (f"{percent} / 100 * {show(y)}", [f"compute {percent}% of {show(y)}", f"work out {percent} percent of {show(y)}"], [f"what is {percent}% of {show(y)}", f"how much is {percent} percent of {show(y)}"]),
    ])


def typed_expression(s):
    """An expression as people type it; the call carries it unchanged."""
    space = " " if s.chance(0.55) else ""
    small = lambda: s.rng.randint(1, 99) if s.chance(0.6) else s.number()
    a, b, c, d = (show(small()) for _ in range(4))
    op = lambda: s.pick("+-*/+-*")
    join = lambda *parts: space.join(parts)
    draw = s.rng.random()
    if draw < 0.35:
        return join(a, op(), b)
    if draw < 0.65:
        return join(a, op(), b, op(), c)
    if draw < 0.78:
        return join("(" + join(a, s.pick("+-"), b) + ")", s.pick("*/"), c)
    if draw < 0.88:
        return join(a, s.pick("*+-"), "(" + join(b, s.pick("+-"), c) + ")")
    if draw < 0.95:
        return join(a, op(), b, op(), c, op(), d)
    return join(str(s.rng.randint(2, 15)), "^", str(s.rng.randint(2, 6)))


TYPED_COMMANDS = ["calculate {e}", "compute {e}", "work out {e}", "evaluate {e}", "solve {e}", "calculate: {e}"]
TYPED_COMMANDS_HELD = ["figure out {e}", "give me the value of {e}"]
TYPED_QUESTIONS = ["what is {e}", "how much is {e}", "what's {e}", "what is the result of {e}", "{e}", "{e} ="]
TYPED_QUESTIONS_HELD = ["what does {e} equal", "what do you get for {e}", "what does {e} make"]


def calculator(s, expression=None):
    if expression is None:
        draw = s.rng.random()
        if draw < 0.35:
            expression, commands, questions = spoken_sum(s, s.number(), s.number())
        elif draw < 0.42:
            expression, commands, questions = spoken_function(s)
        else:
            expression, commands, questions = typed_expression(s), None, None
    else:
        commands = questions = None
    try:
        result = rounded(s, float(evaluate(expression)))
    except (ZeroDivisionError, OverflowError):
        return calculator(s)
    command = s.pick(commands) if commands else s.wording(TYPED_COMMANDS, TYPED_COMMANDS_HELD).format(e=expression)
    question = s.pick(questions) if questions else s.wording(TYPED_QUESTIONS, TYPED_QUESTIONS_HELD).format(e=expression)
    shape = s.pick([{"result": result}, {"result": result}, {"value": result}, {"expression": expression, "result": result}, {"expression": expression, "value": result},
                    {"answer": result}, {"ok": True, "result": result}, show(result)])
    return Request("calculator", {"expression": expression}, command, question, shape, f"{expression} = {show(result)}.", subject=expression), result


def currency(s, amount=None, source=None, target=None):
    source = source or s.pick(list(lexicon.CURRENCIES))
    target = target or s.pick([code for code in lexicon.CURRENCIES if code != source])
    amount = s.number() if amount is None else amount
    result = tidy(round(amount * lexicon.EXCHANGE_RATES[target] / lexicon.EXCHANGE_RATES[source], 2))
    x, f, t = show(amount), s.pick(lexicon.CURRENCIES[source]), s.pick(lexicon.CURRENCIES[target])
    command = s.wording([f"convert {x} {f} to {t}", f"exchange {x} {f} into {t}", f"change {x} {f} into {t}", f"tell me what {x} {f} is in {t}", f"work out {x} {f} in {t}"],
                        [f"turn {x} {f} into {t}", f"give me {x} {f} in {t}"])
    question = s.wording([f"how much is {x} {f} in {t}", f"what is {x} {f} worth in {t}", f"what is {x} {f} in {t}", f"how many {t} do I get for {x} {f}"],
                         [f"how many {t} is {x} {f}", f"{x} {f} in {t}"])
    shape = s.pick([{"amount": result, "currency": target}, {"result": result}, {"result": result, "currency": target}, {"amount": amount, "from": source, "to": target, "result": result}])
    return Request("currency", {"amount": amount, "from": source, "to": target}, command, question, shape, f"{x} {source} is {show(result)} {target}.", subject=t), result
