"""Questions about the world: notes, clock, weather, stock, orders, contacts, files."""

from .. import lexicon
from ..sampler import show
from .request import Request

NOTES_COMMANDS = [
    "[search|look through|scan] {my} notes for {q}", 'search {my} notes for "{b}"', "[find|look up|show me|read me] {my} notes [about|on] {q}", "[look for|find|look up|check for] {q} in {my} notes",
    "check {my} notes [on|for|about] {q}", "[find|find out|tell me|check|show me|read me] what {my} notes say [about|on] {q}", "[find|show me|open|read me|look up] the note [about|on] {q}",
    "[look for|search for] [a note|notes|the note] [about|on] {q}", "search notes for {q}",
    "[open|check|scan|look into] {my} notes and [look for|show me|read me] {q}", "[see|look] if {my} notes [mention|cover|have something on|say something about] {q}", "[use|take|consult] {my} notes to [learn about|look up|check] {q}",
    "[remind me|tell me] what I [wrote|noted down|wrote down|put down] [about|on] {q}", "[fetch|bring up|pull out|list] {my} notes [on|about|for] {q}", "query {my} notes for {q}", "in {my} notes, [find|look for|search for|look up] {q}",
    "[list|show] [all|every|my] [notes|note] [about|on|for] {q}", "{q}: [search|check|look in|see] {my} notes", "I need [the note|my notes|what I wrote] [about|on] {q}", "[see|say|report] what is [written|said|noted] [about|on] {q} in {my} notes",
]
NOTES_COMMANDS_HELD = ["go through {my} notes and find {q}", "get the note about {q}", "see what {my} notes have on {q}"]
NOTES_QUESTIONS = [
    "what do {my} notes say [about|on] {q}", "[do I have|are there] [notes|any notes] [about|on] {q}", "is there [a note|anything in {my} notes] [on|about] {q}",
    "do {my} notes [mention|cover|say anything about] {q}", "what is in {my} notes [about|on] {q}", "what did I [write|write down] about {q}", "what does the note [about|on] {q} say",
    "[anything|something] about {q} in {my} notes", "where do {my} notes [mention|talk about] {q}", "what is the note [about|on] {q}",
    "what [information|details|notes] do I have on {q}", "what do I [know|have] [about|on] {q} in {my} notes", "did I [note|write|save|put] anything [about|on] {q}", "have I [written|saved|stored] [something|anything] about {q}",
    "[could|can] you [search|check|look in] {my} notes for {q}", "where [did I write|have I written] about {q}", "{q}, what do {my} notes say", "is {q} in {my} notes", "does [any|a|some] note [mention|talk about|say anything on] {q}",
    "what [facts|words|lines] are in {my} notes [about|on] {q}",
]
NOTES_QUESTIONS_HELD = ["what have I noted about {q}", "what can {my} notes tell me about {q}", "which notes mention {q}"]


def note_label(s, query):
    """The title or number of a note that was found"""
    if s.chance(0.75):
        return s.pick([str, str.capitalize, str.title])(query if s.chance(0.6) else s.topic())
    return s.code(s.pick(["n-", "N", "#"]))


def notes_result(s, hits):
    """hits: [(label, text)]"""
    list_key, title_key, text_key = s.pick([("hits", "name", "text"), ("hits", "name", "text"), ("notes", "title", "text"), ("notes", "id", "text"), ("results", "title", "content")])
    return {list_key: [{title_key: label, text_key: text} for label, text in hits]}


def notes_answer(query, hits):
    if not hits:
        return f"No notes mention {query}."
    return " ".join(f'The note "{label}" says: {text}' for label, text in hits)


def notes(s, query=None):
    query = query or (s.topic() if s.chance(0.88) else s.pick([s.full_name, s.city, s.code])())
    named = query[0].isupper() or not query[0].isalpha()
    said = query if named else s.pick(["the ", "the ", "", "my "]) + query
    slots = {"my": s.pick(["my", "my", "the", "our"]), "q": said, "b": query}
    hits = [(note_label(s, query), s.note()) for _ in range(s.pick([0, 1, 1, 1, 1, 1, 1, 2]))]
    return Request(
        "notes", {"query": query}, s.wording(NOTES_COMMANDS, NOTES_COMMANDS_HELD).format(**slots), s.wording(NOTES_QUESTIONS, NOTES_QUESTIONS_HELD).format(**slots),
        notes_result(s, hits), notes_answer(query, hits), subject=said,
    )


CLOCK_COMMANDS = ["[tell me|check|look up|get|find|show me|give me] the [local time|current time|time] [in|for|in] {c}", "[find out|check|tell me] what time it is in {c}", "[find out|check] how late it is in {c}",
                  "[say|report|look up|figure out|let me know] [what time it is|the time|how late it is] in {c}", "[see|get|fetch] the [time|local time|hour] [in|for|of] {c}", "for {c}, [tell me|give me|check] the time",
                  "[read|look at|check] the clock [of|for|in] {c}", "I need [the time|to know the time] [in|of|for] {c}", "{c}: [check|tell me|get] the time"]
CLOCK_COMMANDS_HELD = ["see what time it is in {c}", "tell me how late it is in {c}"]
CLOCK_QUESTIONS = ["what time is it [in|now in|right now in|over in] {c}", "what is the [local time|time|exact time] in {c}", "what's the [local time|time] in {c}", "how late is it in {c}", "time in {c}",
                   "what time do they have in {c}", "what time [do|would] people in {c} have",
                   "what [hour|time of day] is it in {c}", "what's the [hour|exact time|clock time] in {c}", "is it [late|early|morning|night|day|evening] in {c}", "{c} time", "how [early|late] [is it now|do they have it] in {c}",
                   "which time [is it|do they have] in {c}", "[can|could] you [tell|give] me the time in {c}", "what time would it be in {c}", "in {c}, what time is it", "what do the clocks show in {c}"]
CLOCK_QUESTIONS_HELD = ["what does the clock say in {c}", "do you know the time in {c}", "what is the current time in {c}"]


def clock(s, city=None):
    city, time = city or s.city(), s.exact_clock()
    shown = time if s.chance(0.75) else s.pick([f"{s.weekday()} {time}", f"{s.date()} {time}"])
    shape = s.pick([{"city": city, "time": shown}, {"city": city, "time": shown}, {"time": shown}, {"city": city, "local_time": shown}])
    return Request("clock", {"city": city}, s.wording(CLOCK_COMMANDS, CLOCK_COMMANDS_HELD).format(c=city), s.wording(CLOCK_QUESTIONS, CLOCK_QUESTIONS_HELD).format(c=city), shape,
                   f"It is {shown} in {city}.", subject=city)


WEATHER_COMMANDS = ["[tell me|check|get|look up|find] the weather [in|for|in] {c}", "[see|find out|check|tell me] [what the weather is like|how the weather is|how warm it is|how cold it is|what the temperature is] in {c}",
                    "give me the [weather|temperature] [for|in] {c}", "[get|look up|check] the [temperature|current weather|weather report] [in|for] {c}",
                    "[report|say|let me know] [the weather|the temperature|how warm it is|what the sky looks like] in {c}", "for {c}, [tell me|give me|check] the weather", "[see|find out|check] if it [rains|is raining|snows|is sunny|is windy] in {c}",
                    "[get|read|open|show me] the [weather report|forecast|conditions] [for|of|in] {c}", "I need [the weather|the temperature|to know the weather] [in|for] {c}", "[see|check] [whether|if] I need [an umbrella|a hat|boots] in {c}", "{c}: [check|get|look up] the weather"]
WEATHER_COMMANDS_HELD = ["check the weather conditions in {c}", "show me the weather in {c}"]
WEATHER_QUESTIONS = ["what is the weather [in|like in|now in] {c}", "how is the weather [in|today in|now in] {c}", "what's the weather [in|like in] {c}", "is it [raining|snowing|windy|warm|foggy] in {c}",
                     "how [warm|cold|hot] is it in {c}", "do I need [an umbrella|warm clothes|sunglasses] in {c}", "what is the temperature in {c}", "weather in {c}", "will I get wet in {c}",
                     "what are the [temperatures|conditions|degrees] in {c}", "how many degrees [is it|are there|does it have] in {c}", "is the [sky|weather] [clear|good|bad|nice|fine] in {c}", "should I [take|bring|pack|wear] [a jacket|an umbrella|boots|a hat|sunglasses] in {c}",
                     "does it [rain|snow] in {c}", "any [rain|snow|wind|sun] in {c}", "how [bad|good|nice] is the weather in {c}", "{c} weather", "[can|could] you [check|get|tell me] the weather in {c}", "in {c}, how is the weather", "is it [cold|hot|dry|wet|cloudy] in {c}"]
WEATHER_QUESTIONS_HELD = ["what does the weather look like in {c}", "is it sunny in {c}", "do I need a coat in {c}"]


def weather(s, city=None):
    """`value` is the temperature; the sky stands in the result."""
    city, sky = city or s.city(), s.pick(lexicon.SKIES)
    degrees = s.rng.randint(-12, 36) if s.chance(0.75) else round(s.rng.uniform(-12, 36), 1)
    degree_key, sky_key = s.pick([("temperature_c", "sky"), ("temperature_c", "sky"), ("temperature", "conditions"), ("celsius", "summary")])
    shape = {degree_key: degrees, sky_key: sky}
    if s.chance(0.7):
        shape = {"city": city, **shape}
    return Request("weather", {"city": city}, s.wording(WEATHER_COMMANDS, WEATHER_COMMANDS_HELD).format(c=city), s.wording(WEATHER_QUESTIONS, WEATHER_QUESTIONS_HELD).format(c=city), shape,
                   f"It is {show(degrees)} degrees in {city}, {sky}.", subject=city, value=degrees)


INVENTORY_COMMANDS = ["[check|look up|get|tell me] the stock [of|for] the {p}", "[check|find out|tell me] if we [have the {p} in stock|still have the {p}]", "[look up|check|get] the stock level of the {p}",
                      "[find out|check|tell me] how many units of the {p} we have", "[check|search] the inventory for the {p}", "[find out|tell me] how many {p} we have in stock",
                      "[see|look up|verify|say] how many {p} [we have|we still have|there are in the warehouse|are on the shelf]", "[give|get|show] me the [stock|quantity|amount|number] of the {p} [we have|on hand|we keep]",
                      "[look|check] in the [warehouse|store|depot|inventory] for the {p}", "[report|state|fetch|find] the [quantity|inventory|amount] of the {p}", "the {p}: [check|get|look up] the stock", "I need the stock [level|count|number] of the {p}",
                      "[see|check] if the {p} [is sold out|is available|is on the shelf|is still there]", "[check|verify] the {p} in our [stock|warehouse|store]"]
INVENTORY_COMMANDS_HELD = ["see if the {p} is in stock", "count the {p} in the warehouse"]
INVENTORY_QUESTIONS = ["is the {p} in stock", "how many units of the {p} [do we have|are there in stock]", "do we [still have|have] the {p} [in stock|]", "how many {p} are in stock", "how many {p} do we have",
                       "how much stock [do we have|is there] of the {p}", "is there [any {p}|a {p}] in the [warehouse|stock]",
                       "what [quantity|amount] of the {p} [do we have|is in stock|is there]", "what is the [inventory|quantity|stock level|number] of the {p}", "how many {p} [remain|are still there|are remaining]", "how many {p} [can we sell|are on the shelf|does the warehouse have|do we keep]",
                       "[have we|did we] run out of the {p}", "is the {p} [available|sold out|on the shelf]", "are there [still|any] {p} [in stock|in the warehouse]", "can you check [the stock of the {p}|the {p}]", "do we need more of the {p}"]
INVENTORY_QUESTIONS_HELD = ["what is the stock of the {p}", "how many {p} are left"]


def inventory(s, product=None):
    product, count = product or s.product(), s.rng.randint(0, 240)
    shape = s.pick([{"product": product, "in_stock": count}, {"in_stock": count}, {"product": product, "quantity": count}])
    return Request("inventory", {"product": product}, s.wording(INVENTORY_COMMANDS, INVENTORY_COMMANDS_HELD).format(p=product),
                   s.wording(INVENTORY_QUESTIONS, INVENTORY_QUESTIONS_HELD).format(p=product).strip(), shape, f"There are {count} units of the {product} in stock.",
                   subject=f"the {product}", value=count)


STATUSES = "shipped delayed delivered packed cancelled paid pending returned".split()
ORDER_COMMANDS = ["[look up|check|find|show me|open|read me|get] order {o}", "[tell me|find out|check|look up] the status of order {o}", "[get|find|show me|look up] the details of order {o}",
                  "[tell me|find out|check] [where order {o} is|what is in order {o}|if order {o} has shipped]",
                  "[fetch|bring up|display|search for|locate|track|retrieve] order {o}", "[give me|report|see|find] the [state|status|progress] of order {o}", "[show|send|read] me [the data|what we know|everything|the record] [about|on|of] order {o}",
                  "[see|find out|check] [how order {o} is doing|when order {o} arrives|what order {o} costs|who placed order {o}]", "for order {o}, [get|tell me|show me] the [status|details]", "I need [the status of|details on|news of|to see] order {o}"]
ORDER_COMMANDS_HELD = ["pull up order {o}", "give me the details of order {o}"]
ORDER_QUESTIONS = ["what is the [status|state|total] of order {o}", "where is order {o}", "what is in order {o}", "has order {o} [shipped|arrived|been paid]", "how much [was|is] order {o}",
                   "[is|was] order {o} [delayed|delivered|shipped|cancelled]", "when [does|will] order {o} arrive", "how is order {o} doing",
                   "did order {o} [arrive|ship|go out|get paid]", "who [placed|paid|received] order {o}", "how [far|late] is order {o}", "what [item|product] is in order {o}", "can you [find|check|track|look up] order {o}",
                   "order {o}, [what is its status|where is it|has it shipped]", "what does order {o} [cost|contain|include]", "is there [news|an update] [on|about] order {o}", "what is going on with order {o}"]
ORDER_QUESTIONS_HELD = ["what happened to order {o}", "what's the status of order {o}"]


def order_record(s, order, customer=None):
    record = {"order_id": order, "status": s.pick(STATUSES), "item": s.product(), "total": s.price()}
    if customer or s.chance(0.3):
        record["customer"] = customer or s.full_name()
    return record


def order(s, number=None):
    number = number or s.order_code()
    record = order_record(s, number)
    return Request("orders", {"order": number}, s.wording(ORDER_COMMANDS, ORDER_COMMANDS_HELD).format(o=number), s.wording(ORDER_QUESTIONS, ORDER_QUESTIONS_HELD).format(o=number), record,
                   f"Order {number} ({record['item']}) is {record['status']}; the total is {show(record['total'])}.", subject=f"order {number}")


def contact_record(s, name):
    record = {"name": name, "email": s.email(name), "phone": s.phone()}
    if s.chance(0.3):
        record["city"] = s.city()
    return record


EMAIL_COMMANDS = ["[find|get|look up|tell me|show me] the [email|email address] of {n}", "[find|get|look up] {n}'s [email|email address]"]
EMAIL_QUESTIONS = ["what is [the email of {n}|{n}'s email|the email address of {n}]", "where can I email {n}"]
PHONE_COMMANDS = ["[find|get|look up|tell me|show me] the [phone number|number|phone] of {n}", "[find|get|look up] {n}'s phone number"]
PHONE_QUESTIONS = ["what is [the phone number of {n}|{n}'s phone number]", "what number do I call for {n}"]
BOTH_COMMANDS = ["[find|get|show me|look up] the contact details of {n}", "look up {n} in [my contacts|the address book]", "[get|find] the contact info [for|of] {n}"]
BOTH_QUESTIONS = ["how can I [reach|contact] {n}", "do you have contact details for {n}", "how do I [reach|get in touch with] {n}"]


def contact(s):
    name, wanted = s.name(), s.pick(["email", "phone", "both"])
    record = contact_record(s, name)
    commands, questions, answer = {
        "email": (EMAIL_COMMANDS, EMAIL_QUESTIONS, f"The email of {name} is {record['email']}."),
        "phone": (PHONE_COMMANDS, PHONE_QUESTIONS, f"The phone number of {name} is {record['phone']}."),
        "both": (BOTH_COMMANDS, BOTH_QUESTIONS, f"You can reach {name} at {record['email']} or {record['phone']}."),
    }[wanted]
    return Request("contacts", {"name": name}, s.wording(commands).format(n=name), s.wording(questions).format(n=name), record, answer)


FILE_COMMANDS = ["[read|open|show me|show|print|load] {p}", "[show me|read|open|print] the file {p}", "[read me|read out] {p}", "[tell me|find out|show me] what [{p} says|is in {p}|the file {p} says]",
                 "[print|display|give me|read|fetch] the [content|text|lines] [of|in|from] {p}", "[look|peek] into {p}", "[see|check|look up|let me know] what [{p} says|is in {p}|stands in {p}|{p} holds]", "[take a look at|have a look at|go to] {p}",
                 "{p}: [read|open|show] it", "I [need|want] [to see|to read|the text of] {p}", "[open|read] {p} and [show|tell|read] me [the text|what it says|what is in it]"]
FILE_COMMANDS_HELD = ["get the text of {p}", "show the contents of {p}"]
FILE_QUESTIONS = ["what does [{p}|the file {p}] say", "what is in [{p}|the file {p}]", "what is written in {p}", "what does it say in {p}",
                  "what [stands in|can I read in|did we write in] {p}", "what is [the text|the content] of {p}", "[can|could] you [open|read|show me] {p}", "what text [is in|has] {p}", "is there [text|anything] in {p}", "{p}, what does it say"]
FILE_QUESTIONS_HELD = ["what does the file {p} contain"]


def read_file(s, path=None):
    path, text = path or s.path(), s.note()
    shape = s.pick([{"text": text}, {"path": path, "text": text}, {"content": text}])
    return Request("files", {"path": path}, s.wording(FILE_COMMANDS, FILE_COMMANDS_HELD).format(p=path), s.wording(FILE_QUESTIONS, FILE_QUESTIONS_HELD).format(p=path), shape,
                   f"The file {path} says: {text}", subject=path)
