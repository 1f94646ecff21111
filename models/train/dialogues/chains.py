"""Tasks in which the result of one call feeds the next. Each returns the messages of one user turn."""

from . import measures
from .requests import actions, lookups, numbers
from .sampler import capitalise, enumerate_words, show
from .wording import lowercase_start, opening

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


OPERATIONS = [
    ("*", ["multiply {it} by {n}", "multiply {it} by {n}", "take {it} times {n}"]), ("/", ["divide {it} by {n}", "split {it} into {n} parts"]),
    ("+", ["add {n} to {it}", "add {n}"]), ("-", ["subtract {n} from {it}", "subtract {n}", "take {n} away from {it}"]),
]
LARGEST, SMALLEST = 1e6, 0.5      # beyond these the next operation leads back


def operation(s, value):
    """(clause that works on `value`, expression)"""
    symbol, clauses = s.pick(OPERATIONS[1:] if abs(value) > LARGEST else OPERATIONS[2:] if abs(value) < SMALLEST else OPERATIONS)
    number = s.rng.randint(2, 40) if s.chance(0.7) else s.integer()
    return s.pick(clauses).format(n=number, it=s.pick(["the result", "it", "that", "the result"])), f"{show(value)} {symbol} {number}"


def apply(session, expression):
    """((call, result), value) of a calculator step."""
    request = numbers.calculator(session.sampler, expression)
    return (session.call(request), request.result), request.value


def opened(s, text):
    return lowercase_start(s, opening(s) + text)


def operate(session, request):
    """A request, then one operation on the number it gives."""
    s = session.sampler
    clause, expression = operation(s, request.value)
    step, result = apply(session, expression)
    user = opened(s, request.command + then(s) + clause) + s.pick([".", "", "."])
    return session.messages(user, [[(session.call(request), request.result)], [step]], f"{request.answer} {expression} = {show(result)}.")


@chain("units", "calculator")
def convert_then_calculate(session):
    return operate(session, numbers.units(session.sampler))


@chain("currency", "calculator")
def exchange_then_calculate(session):
    return operate(session, numbers.currency(session.sampler))


@chain("calculator")
def calculate_twice(session):
    return operate(session, numbers.calculator(session.sampler))


@chain("calculator", "units")
def calculate_then_convert(session):
    s = session.sampler
    request = numbers.calculator(s)
    converted = numbers.units(s, request.value)
    unit, other = converted.arguments["from"], converted.arguments["to"]
    user = opened(s, s.wording(["{c}{t}convert [the result|it] from {u} to {o}.", "{c}{t}convert [the result|it] from {u} to {o}.", "{c}. The result is in {u}, give it to me in {o}."]).format(c=request.command, t=then(s), u=unit, o=other))
    return session.messages(user, [[(session.call(request), request.result)], [(session.call(converted), converted.result)]], f"{request.answer} {converted.answer}")


@chain("weather", "units")
def weather_in_fahrenheit(session):
    s = session.sampler
    request = lookups.weather(s)
    city, degrees, said = request.arguments["city"], request.value, s.pick(measures.wordings("F"))
    target = measures.argument(said)
    result = numbers.rounded(s, measures.convert(degrees, "C", "F"))
    command = capitalise(request.command)
    user = s.pick([f"{command} and convert the temperature to {said}.", f"How warm is it in {city} in {said}?", f"What is the temperature in {city} in {said}?", f"{command}, then convert the temperature to {said}."])
    call = session.call_with("units", {"value": degrees, "from": "Celsius", "to": target})
    return session.messages(user, [[(session.call(request), request.result)], [(call, numbers.unit_result(s, degrees, "Celsius", result, target))]],
                            f"{request.answer} {show(degrees)} Celsius is {show(result)} {target}.")


@chain("weather", "calculator")
def weather_difference(session):
    s = session.sampler
    first, second = s.city(), s.city()
    if first == second:
        return weather_difference(session)
    one, two = lookups.weather(s, first), lookups.weather(s, second)
    expression = f"{show(one.value)} - {show(two.value)}"
    step, result = apply(session, expression)
    user = s.wording(["How much warmer is it in {a} than in {b}?", "What is the temperature difference between {a} and {b}?", "[Get|Check] the weather in {a} and {b} and compute the difference of the temperatures."]).format(a=first, b=second)
    return session.messages(user, [[(session.call(one), one.result), (session.call(two), two.result)], [step]], f"{one.answer} {two.answer} {expression} = {show(result)}.")


def noted(s, sentence, query):
    """A notes result with one hit."""
    return lookups.notes_result(s, [(s.pick([str, str.capitalize, str.title])(query), sentence)])


PRICE_NOTES = ["The {q} costs {n} per month.", "We pay {n} for the {q}.", "The {q} is {n} a week.", "The price of the {q} is {n}."]
FIND_PRICE = ["search {m} notes for the {q}", "find the price of the {q} in {m} notes", "look up the {q} in {m} notes", "check what {m} notes say about the {q}"]


@chain("notes", "calculator")
def note_then_calculate(session):
    s = session.sampler
    query, amount = s.topic(), s.number()
    sentence = s.pick(PRICE_NOTES).format(q=query, n=show(amount))
    clause, expression = operation(s, amount)
    step, result = apply(session, expression)
    user = opened(s, s.pick(FIND_PRICE).format(m=s.pick(["my", "the"]), q=query) + then(s) + clause + ".")
    return session.messages(user, [[(session.call_with("notes", {"query": query}), noted(s, sentence, query))], [step]], f"The note says: {sentence} {expression} = {show(result)}.")


@chain("notes", "units")
def note_then_convert(session):
    s = session.sampler
    query = s.topic()
    request = numbers.units(s)
    value, unit, other = (request.arguments[key] for key in ("value", "from", "to"))
    sentence = s.pick(["The {q} is {x} long.", "The {q} takes {x}.", "The {q} measures {x}.", "The {q} needs {x}."]).format(q=query, x=f"{show(value)} {unit}")
    find = s.wording(["[search|look through] {m} notes for the {q} and convert the [value|number] to {o}", "find the size of the {q} in {m} notes and give it to me in {o}", "look up the {q} in {m} notes, then convert [it|the number] to {o}",
                      "find the note about the {q} and convert the number in it to {o}"])
    user = opened(s, find.format(m=s.pick(["my", "the"]), q=query, o=other) + ".")
    return session.messages(user, [[(session.call_with("notes", {"query": query}), noted(s, sentence, query))], [(session.call(request), request.result)]], f"The note says: {sentence} {request.answer}")


def at_contact(session, lookup, subject, action):
    """A question about the city that a contact lives in."""
    s = session.sampler
    name = s.full_name()
    record = {**lookups.contact_record(s, name), "city": s.city()}
    request = lookup(s, record["city"])
    user = s.pick([f"What {subject} where {name} lives?", f"Find out where {name} lives and tell me the {action} there.", f"Look up {name} and check the {action} in their city."])
    return session.messages(user, [[(session.call_with("contacts", {"name": name}), record)], [(session.call(request), request.result)]], f"{name} lives in {record['city']}. {request.answer}")


@chain("contacts", "clock")
def time_of_contact(session):
    return at_contact(session, lookups.clock, "time is it", "time")


@chain("contacts", "weather")
def weather_of_contact(session):
    return at_contact(session, lookups.weather, "is the weather", "weather")


@chain("orders", "currency")
def order_total_in_currency(session):
    s = session.sampler
    request = lookups.order(s)
    number, total = request.arguments["order"], request.result["total"]
    exchanged = numbers.currency(s, total)
    source, target = exchanged.arguments["from"], exchanged.arguments["to"]
    user = s.pick([f"{capitalise(request.command)} and convert its total from {source} to {target}.", f"How much is the total of order {number} in {target}? It was paid in {source}.", f"What is order {number} worth in {target}? The total is in {source}."])
    return session.messages(user, [[(session.call(request), request.result)], [(session.call(exchanged), exchanged.result)]], f"The total of order {number} is {show(total)} {source}. {exchanged.answer}")


@chain("orders", "calculator")
def sum_of_orders(session):
    s = session.sampler
    orders = [s.order_code() for _ in range(s.pick([2, 2, 3]))]
    records = [lookups.order_record(s, number) for number in orders]
    expression = " + ".join(show(record["total"]) for record in records)
    step, result = apply(session, expression)
    user = s.pick([f"What is the combined total of orders {enumerate_words(orders)}?", f"Look up orders {enumerate_words(orders)} and add up their totals.", f"Sum the totals of orders {enumerate_words(orders)}."])
    looked = [(session.call_with("orders", {"order": number}), record) for number, record in zip(orders, records)]
    return session.messages(user, [looked, [step]], f"{expression} = {show(result)}.")


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
    record, contact = lookups.order_record(s, number, name), lookups.contact_record(s, name)
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
    return share_result(session, numbers.units(session.sampler))


@chain("calculator", "messages")
def share_calculation(session):
    return share_result(session, numbers.calculator(session.sampler))


@chain("weather", "messages")
def share_weather(session):
    return share_result(session, lookups.weather(session.sampler))


@chain("files")
def follow_the_trail(session, length=None):
    """Each file names the next one: as many calls as the trail is long."""
    s = session.sampler
    paths = [s.path() for _ in range(length or s.pick([2, 3, 3, 4, 5, 7, 10]))]
    last = capitalise(s.words()) + "."
    user = s.pick([f"Start at {paths[0]} and follow the trail of files to the end.", f"Read {paths[0]} and keep opening the next file until there is none.", f"Follow the files from {paths[0]} to the last one."])
    key = s.pick(["next", "next_file", "see"])
    steps = [[(session.call_with("files", {"path": path}), {"text": capitalise(s.words()) + ".", key: following})] for path, following in zip(paths, paths[1:])]
    steps.append([(session.call_with("files", {"path": paths[-1]}), {"text": last})])
    return session.messages(user, steps, f"The last file is {paths[-1]}. It says: {last}")


@chain("inventory", "calculator")
def worth_of_stock(session):
    s = session.sampler
    request = lookups.inventory(s)
    product, price = request.arguments["product"], s.price()
    expression = f"{request.value} * {show(price)}"
    step, result = apply(session, expression)
    user = s.pick([f"How much is our stock of the {product} worth at {show(price)} each?", f"{capitalise(request.command)} and multiply it by {show(price)}.", f"One {product} costs {show(price)}. What is our stock worth?"])
    return session.messages(user, [[(session.call(request), request.result)], [step]], f"{request.answer} {expression} = {show(result)}.")
