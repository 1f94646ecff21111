"""Tasks in which the result of one call feeds the next. Each returns (messages, ...) of one user turn."""

from . import measures
from .requests import actions, lookups, numbers
from .sampler import capitalise, enumerate_words, show, tidy
from .requests.generic import draw_values, outcome, told
from .wording import OPENINGS, lowercase_start

CHAINS = []


def chain(*families):
    """Registers a chain that needs these tool families."""
    def register(function):
        function.families = families
        CHAINS.append(function)
        return function
    return register


def then(s):
    return s.pick([", then ", " and then ", ". Then ", " and ", ", and then "])


def calculate(session, expression):
    """((call, result), value) of a calculator step."""
    request, value = numbers.calculator(session.sampler, expression)
    return (session.call(request), request.result), value


OPERATIONS = [
    ("*", ["multiply {it} by {n}", "multiply by {n}", "times {n}", "take {it} times {n}"]), ("/", ["divide {it} by {n}", "divide by {n}", "split {it} into {n} parts"]),
    ("+", ["add {n}", "add {n} to {it}", "plus {n}"]), ("-", ["subtract {n}", "subtract {n} from {it}", "take away {n}", "minus {n}"]),
]


def operation(s):
    """(symbol, number, clause)"""
    symbol, clauses = s.pick(OPERATIONS)
    number = s.rng.randint(2, 40) if s.chance(0.7) else s.number()
    return symbol, number, s.pick(clauses).format(n=show(number), it=s.pick(["the result", "it", "that", "the result"]))


def opened(s, text):
    return lowercase_start(s, s.pick(OPENINGS) + text)


@chain("units", "calculator")
def convert_then_calculate(session):
    s = session.sampler
    request, value = numbers.units(s)
    symbol, number, clause = operation(s)
    expression = f"{show(value)} {symbol} {show(number)}"
    step, result = calculate(session, expression)
    user = opened(s, request.command + then(s) + clause) + s.pick([".", "", "."])
    return session.messages(user, [[(session.call(request), request.result)], [step]], f"{request.answer} {expression} = {show(result)}.")


@chain("calculator", "units")
def calculate_then_convert(session):
    s = session.sampler
    request, value = numbers.calculator(s)
    source, target = measures.draw_pair(s)
    converted, result = numbers.units(s, value, (source, target))
    unit, other = converted.arguments["from"], converted.arguments["to"]
    user = opened(s, s.pick(["{c}{t}convert the result from {u} to {o}.", "{c}{t}convert it from {u} to {o}.", "{c}. The result is in {u}, give it to me in {o}."]).format(c=request.command, t=then(s), u=unit, o=other))
    return session.messages(user, [[(session.call(request), request.result)], [(session.call(converted), converted.result)]], f"{request.answer} {converted.answer}")


@chain("calculator")
def long_calculation(session, operations=None):
    """Up to nine operations, one call each."""
    s = session.sampler
    request, value = numbers.calculator(s)
    clauses, steps = [], [[(session.call(request), request.result)]]
    for _ in range(operations or s.pick([1, 1, 2, 2, 3, 4, 6, 8])):
        symbol, number, clause = operation(s)
        step, value = calculate(session, f"{show(value)} {symbol} {show(number)}")
        clauses.append(clause)
        steps.append([step])
    glue = s.pick([", then ", " then ", ". Then "])
    user = opened(s, request.command + glue + glue.join(clauses) + ".")
    return session.messages(user, steps, f"The result is {show(value)}.")


@chain("weather", "units")
def weather_in_fahrenheit(session):
    s = session.sampler
    request, degrees, sky = lookups.weather(s)
    city = request.arguments["city"]
    said = s.pick(measures.wordings("F"))
    value = tidy(float(degrees))
    converted = measures.convert(value, "C", "F")
    result = numbers.rounded(s, converted)
    target = measures.argument(said)
    user = s.pick([f"{capitalise(request.command)} and convert the temperature to {said}.", f"How warm is it in {city} in {said}?", f"What is the temperature in {city} in {said}?", f"{capitalise(request.command)}, then convert the temperature to {said}."])
    call = session.call_with("units", {"value": value, "from": "Celsius", "to": target})
    return session.messages(user, [[(session.call(request), request.result)], [(call, numbers.unit_result(s, value, "Celsius", result, target))]], f"It is {show(value)} degrees ({show(result)} {target}) in {city}, {sky}.")


@chain("weather", "calculator")
def weather_difference(session):
    s = session.sampler
    first, second = s.rng.sample([s.city() for _ in range(6)], 2)
    if first == second:
        return weather_difference(session)
    (one, a, _), (two, b, _) = lookups.weather(s, first), lookups.weather(s, second)
    step, result = calculate(session, f"{show(a)} - {show(b)}")
    user = s.pick(["How much warmer is it in {a} than in {b}?", "What is the temperature difference between {a} and {b}?", "Get the weather in {a} and {b} and compute the difference of the temperatures."]).format(a=first, b=second)
    return session.messages(user, [[(session.call(one), one.result), (session.call(two), two.result)], [step]], f"It is {show(a)} degrees in {first} and {show(b)} in {second}: a difference of {show(result)}.")


def noted(s, sentence, query):
    """A notes result with one hit, and its text."""
    title = s.pick([query, query.capitalize(), query.title()])
    return lookups.notes_result(s, query, True, [(title, sentence)])


@chain("notes", "calculator")
def note_then_calculate(session):
    s = session.sampler
    query, amount = s.topic(), s.number()
    sentence = s.fill(s.pick([f"The {query} costs {show(amount)} per month.", f"We pay {show(amount)} for the {query}.", f"The {query} is {show(amount)} a week.", f"{{name}} paid {show(amount)} for the {query}."]))
    symbol, number, clause = operation(s)
    step, result = calculate(session, f"{show(amount)} {symbol} {show(number)}")
    user = opened(s, s.pick(["search {m} notes for the {q}", "find the price of the {q} in {m} notes", "look up the {q} in {m} notes", "check what {m} notes say about the {q}"]).format(m=s.pick(["my", "the"]), q=query) + then(s) + clause + ".")
    call = session.call_with("notes", {"query": query})
    return session.messages(user, [[(call, noted(s, sentence, query))], [step]], f"The note says: {sentence} {step[0][1][session.tools['calculator'].shown['expression']]} = {show(result)}.")


@chain("notes", "units")
def note_then_convert(session):
    s = session.sampler
    query = s.topic()
    source, target = measures.draw_pair(s)
    request, result = numbers.units(s, s.price(), (source, target))
    value, unit, other = request.arguments["value"], request.arguments["from"], request.arguments["to"]
    sentence = s.pick([f"The {query} is {show(value)} {unit} long.", f"The {query} takes {show(value)} {unit}.", f"The {query} measures {show(value)} {unit}.", f"The {query} needs {show(value)} {unit}."])
    user = opened(s, s.pick(["search {m} notes for the {q} and convert the value to {o}", "find the size of the {q} in {m} notes and give it to me in {o}", "look up the {q} in {m} notes, then convert it to {o}", "find the note about the {q} and convert the number in it to {o}"]).format(m=s.pick(["my", "the"]), q=query, o=other) + ".")
    return session.messages(user, [[(session.call_with("notes", {"query": query}), noted(s, sentence, query))], [(session.call(request), request.result)]], f"The note says: {sentence} {request.answer}")


@chain("contacts", "clock")
def time_of_contact(session):
    s = session.sampler
    name = s.full_name()
    record = {**lookups.contact_record(s, name), "city": s.city()}
    request = lookups.clock(s, record["city"])
    user = s.pick([f"What time is it where {name} lives?", f"Find out where {name} lives and tell me the time there.", f"Look up {name} and check the time in their city."])
    return session.messages(user, [[(session.call_with("contacts", {"name": name}), record)], [(session.call(request), request.result)]], f"{name} lives in {record['city']}. {request.answer}")


@chain("contacts", "weather")
def weather_of_contact(session):
    s = session.sampler
    name = s.full_name()
    record = {**lookups.contact_record(s, name), "city": s.city()}
    request, _, _ = lookups.weather(s, record["city"])
    user = s.pick([f"What is the weather where {name} lives?", f"Find out where {name} lives and tell me the weather there.", f"Look up {name} and check the weather in their city."])
    return session.messages(user, [[(session.call_with("contacts", {"name": name}), record)], [(session.call(request), request.result)]], f"{name} lives in {record['city']}. {request.answer}")


@chain("orders", "currency")
def order_total_in_currency(session):
    s = session.sampler
    request = lookups.order(s)
    number, total = request.arguments["order"], request.result["total"]
    exchanged, result = numbers.currency(s, total)
    source, target = exchanged.arguments["from"], exchanged.arguments["to"]
    user = s.pick([f"{capitalise(request.command)} and convert its total from {source} to {target}.", f"How much is the total of order {number} in {target}? It was paid in {source}.", f"What is order {number} worth in {target}? The total is in {source}."])
    return session.messages(user, [[(session.call(request), request.result)], [(session.call(exchanged), exchanged.result)]], f"The total of order {number} is {show(total)} {source}, which is {show(result)} {target}.")


@chain("orders", "calculator")
def sum_of_orders(session):
    s = session.sampler
    orders = [s.order_code() for _ in range(s.pick([2, 2, 3]))]
    records = [lookups.order_record(s, number) for number in orders]
    step, result = calculate(session, " + ".join(show(record["total"]) for record in records))
    user = s.pick([f"What is the combined total of orders {enumerate_words(orders)}?", f"Look up orders {enumerate_words(orders)} and add up their totals.", f"Sum the totals of orders {enumerate_words(orders)}."])
    looked = [(session.call_with("orders", {"order": number}), record) for number, record in zip(orders, records)]
    return session.messages(user, [looked, [step]], f"The combined total is {show(result)}.")


@chain("contacts", "messages")
def message_to_address(session):
    s = session.sampler
    name, text = s.name(), s.message()
    record = lookups.contact_record(s, name)
    user = s.pick([f'Find the email of {name} and send them "{text}".', f'Look up the email address of {name}, then send "{text}" to it.', f'Get the email for {name} and write there: "{text}"', f'Send "{text}" to the email address of {name}.'])
    steps = [[(session.call_with("contacts", {"name": name}), record)], [(session.call_with("messages", {"to": record["email"], "text": text}), actions.sent(s))]]
    return session.messages(user, steps, f"I sent the message to {name} at {record['email']}.")


@chain("orders", "contacts", "messages")
def message_to_customer(session):
    s = session.sampler
    number, name, text = s.order_code(), s.full_name(), s.message()
    record, contact = lookups.order_record(s, number, None, name), lookups.contact_record(s, name)
    user = s.pick([f'Find who placed order {number}, get their email and send them "{text}".', f'Look up order {number}, find the email of the customer and send "{text}" to it.', f'Email the customer of order {number}: "{text}"'])
    steps = [[(session.call_with("orders", {"order": number}), record)], [(session.call_with("contacts", {"name": name}), contact)], [(session.call_with("messages", {"to": contact["email"], "text": text}), actions.sent(s))]]
    return session.messages(user, steps, f"I sent the message to {name} at {contact['email']}.")


def share_result(session, request):
    """Any lookup, then its answer sent to somebody."""
    s = session.sampler
    name = s.name()
    user = opened(s, request.command + s.pick([" and send the result to {n}", ", then send the answer to {n}", " and message the result to {n}", " and tell {n} the result"]).format(n=name) + ".")
    call = session.call_with("messages", {"to": name, "text": request.answer})
    return session.messages(user, [[(session.call(request), request.result)], [(call, actions.sent(s))]], f"{request.answer} I sent it to {name}.")


@chain("units", "messages")
def share_conversion(session):
    return share_result(session, numbers.units(session.sampler)[0])


@chain("calculator", "messages")
def share_calculation(session):
    return share_result(session, numbers.calculator(session.sampler)[0])


@chain("weather", "messages")
def share_weather(session):
    return share_result(session, lookups.weather(session.sampler)[0])


@chain("files")
def follow_the_trail(session, length=None):
    """Each file names the next one: as many calls as the trail is long."""
    s = session.sampler
    paths = [s.path() for _ in range(length or s.pick([2, 3, 3, 4, 5, 7, 9]))]
    last = s.words() + "."
    user = s.pick([f"Start at {paths[0]} and follow the trail of files to the end.", f"Read {paths[0]} and keep opening the next file until there is none.", f"Follow the files from {paths[0]} to the last one."])
    key = s.pick(["next", "next_file", "see"])
    steps = [[(session.call_with("files", {"path": path}), {"text": s.words() + ".", key: following})] for path, following in zip(paths, paths[1:])]
    steps.append([(session.call_with("files", {"path": paths[-1]}), {"text": last})])
    return session.messages(user, steps, f"The last file is {paths[-1]}. It says: {last}")


@chain("inventory", "calculator")
def worth_of_stock(session):
    s = session.sampler
    request, count = lookups.inventory(s)
    product, price = request.arguments["product"], s.price()
    step, result = calculate(session, f"{count} * {show(price)}")
    user = s.pick([f"How much is our stock of the {product} worth at {show(price)} each?", f"{capitalise(request.command)} and multiply it by {show(price)}.", f"One {product} costs {show(price)}. What is our stock worth?"])
    return session.messages(user, [[(session.call(request), request.result)], [step]], f"The {count} units of the {product} are worth {show(result)}.")


@chain("currency", "calculator")
def split_money(session):
    s = session.sampler
    request, value = numbers.currency(s)
    people = s.rng.randint(2, 12)
    expression = f"{show(value)} / {people}"
    step, result = calculate(session, expression)
    user = opened(s, request.command + s.pick([" and ", ", then "]) + s.pick([f"split the result between {people} people", f"divide the result by {people}"]) + ".")
    return session.messages(user, [[(session.call(request), request.result)], [step]], f"{request.answer} {expression} = {show(result)}.")


def generic_pair(session):
    """The reference that one generic tool returns is a parameter of another one. None where the session has no such pair."""
    s = session.sampler
    takers = [(tool, name) for tool in session.generics for name, kind in tool.generic if name in ("id", "code", "reference")]
    if len(session.generics) < 2 or not takers:
        return None
    taker, slot = s.pick(takers)
    giver = s.pick([tool for tool in session.generics if tool is not taker])
    given, taken = draw_values(s, giver), draw_values(s, taker)
    reference = s.code(s.pick(["ref-", "Z-", "D-", ""]))
    taken[slot] = reference
    others = {name: value for name, value in taken.items() if name != slot}
    verb, noun = taker.action
    second = told(s, verb, noun, others) + f" and the reference as {slot}" if others else f"{verb} the {noun} with the reference as {slot}"
    user = opened(s, told(s, *giver.action, given) + s.pick([", then ", ". Then "]) + second + ".")
    result, answer, _ = outcome(s, noun)
    return session.messages(user, [[((giver.call(given)), {"ref": reference})], [(taker.call(taken), result)]], answer)
