"""Questions about the world: notes, clock, weather, stock, orders, contacts, files."""

from .. import lexicon
from ..sampler import show
from .request import Request

NOTES_COMMANDS = [
    "search {my} notes for {q}", 'search {my} notes for "{b}"', "find {my} notes about {q}", "look for {q} in {my} notes", "check {my} notes on {q}",
    "look up {q} in {my} notes", "find what {my} notes say about {q}", "tell me what {my} notes say about {q}", "search notes for {q}", "find the note about {q}",
    "show me the note on {q}", "find notes on {q}",
]
NOTES_COMMANDS_HELD = ["go through {my} notes and find {q}", "get the note about {q}", "see what {my} notes have on {q}"]
NOTES_QUESTIONS = [
    "what do {my} notes say about {q}", "do I have notes about {q}", "is there anything in {my} notes on {q}", "do {my} notes mention {q}", "what is in {my} notes about {q}",
    "what did I write about {q}", "what do {my} notes say on {q}", "is there a note about {q}", "what does the note about {q} say", "anything about {q} in {my} notes",
]
NOTES_QUESTIONS_HELD = ["what have I noted about {q}", "what can {my} notes tell me about {q}", "which notes mention {q}"]


def note_hits(s, query, count):
    """[(label, text)]: label is a title or an id"""
    titled = s.chance(0.6)
    label = lambda index: (query if s.chance(0.5) and index == 0 else s.topic()) if titled else s.code(s.pick(["n-", "N", "note-", "#"]))
    label_case = s.pick([str, str.capitalize, str.title]) if titled else str
    return titled, [(label_case(label(index)), s.note()) for index in range(count)]


def notes_result(s, query, titled, hits):
    title_key = s.pick(["title", "title", "name", "note", "file"]) if titled else s.pick(["id", "id", "note"])
    text_key = s.pick(["text", "text", "content", "snippet", "body"])
    found = [{title_key: label, text_key: text} for label, text in hits]
    if s.chance(0.15):
        found = [dict(reversed(list(hit.items()))) for hit in found]
    list_key = s.pick(["notes", "hits", "results", "matches"])
    return s.pick([{list_key: found}, {list_key: found}, {"query": query, list_key: found}, {"count": len(found), list_key: found}, found])


def notes_answer(query, titled, hits):
    if not hits:
        return f"No notes mention {query}."
    return " ".join(f'The note "{label}" says: {text}' for label, text in hits)


def notes(s, query=None):
    query = query or (s.topic() if s.chance(0.85) else s.pick([s.full_name, s.city, s.code])())
    named = query[0].isupper() or not query[0].isalpha()
    said = query if named else s.pick(["the ", "", "", "my "]) + query
    my = s.pick(["my", "my", "the", "our"])
    titled, hits = note_hits(s, query, s.pick([0, 1, 1, 1, 1, 1, 1, 2]))
    return Request(
        "notes", {"query": query}, s.wording(NOTES_COMMANDS, NOTES_COMMANDS_HELD).format(my=my, q=said, b=query),
        s.wording(NOTES_QUESTIONS, NOTES_QUESTIONS_HELD).format(my=my, q=said), notes_result(s, query, titled, hits), notes_answer(query, titled, hits), subject=said,
    )


def clock(s, city=None):
    city, time = city or s.city(), s.exact_clock()
    shown = s.pick([time, time, time, f"{s.date()} {time}", f"{s.weekday()} {time}", f"{s.rng.randint(1, 12)}:{s.rng.randint(0, 59):02d} {s.pick(['AM', 'PM'])}", f"{time}:{s.rng.randint(0, 59):02d}"])
    command = s.wording(["tell me the time in {c}", "check the local time in {c}", "get the time in {c}", "find out what time it is in {c}", "look up the time in {c}", "give me the current time in {c}"],
                        ["see what time it is in {c}", "tell me how late it is in {c}"]).format(c=city)
    question = s.wording(["what time is it in {c}", "what is the local time in {c}", "how late is it in {c}", "what's the time in {c}", "what is the time in {c}", "what time is it now in {c}", "time in {c}"],
                         ["what does the clock say in {c}", "do you know the time in {c}", "what is the current time in {c}"]).format(c=city)
    zone = s.pick(["Europe/", "Asia/", "America/", "Africa/"]) + city.replace(" ", "_")
    shape = s.pick([{"city": city, "time": shown}, {"city": city, "time": shown}, {"time": shown}, {"city": city, "local_time": shown}, {"city": city, "timezone": zone, "time": shown},
                    {"time": shown, "timezone": zone}, {"city": city, "time": shown, "utc_offset": f"+{s.rng.randint(0, 9):02d}:00"}, shown])
    return Request("clock", {"city": city}, command, question, shape, f"It is {shown} in {city}.", subject=city)


def weather(s, city=None):
    city, sky = city or s.city(), s.pick(lexicon.SKIES)
    degrees = s.rng.randint(-12, 36) if s.chance(0.75) else round(s.rng.uniform(-12, 36), 1)
    command = s.wording(["tell me the weather in {c}", "check the weather in {c}", "get the weather for {c}", "look up the weather in {c}", "see what the weather is like in {c}", "give me the weather for {c}", "find out how warm it is in {c}"],
                        ["check the weather conditions in {c}", "show me the weather in {c}"]).format(c=city)
    question = s.wording(["what is the weather in {c}", "how is the weather in {c}", "what's the weather in {c}", "what is the weather like in {c}", "is it raining in {c}", "how warm is it in {c}",
                          "do I need an umbrella in {c}", "what is the temperature in {c}", "how cold is it in {c}", "weather in {c}"],
                         ["what does the weather look like in {c}", "is it sunny in {c}", "do I need a coat in {c}"]).format(c=city)
    degree_key, sky_key = s.pick(["temperature_c", "temp_c", "temperature", "celsius"]), s.pick(["sky", "sky", "conditions", "condition", "summary", "description"])
    shape = {degree_key: degrees, sky_key: sky}
    if s.chance(0.15):
        shape = {sky_key: sky, degree_key: degrees}
    if s.chance(0.65):
        shape = {"city": city, **shape}
    if s.chance(0.25):
        shape[s.pick(["humidity", "wind_kmh", "pressure"])] = s.rng.randint(5, 99)
    return Request("weather", {"city": city}, command, question, shape, f"It is {show(degrees)} degrees in {city}, {sky}.", subject=city), degrees, sky


def inventory(s, product=None):
    product, count = product or s.product(), s.rng.randint(0, 240)
    command = s.wording(["check the stock of the {p}", "check if we have the {p} in stock", "look up the stock level of the {p}", "find out how many units of the {p} we have", "check the inventory for the {p}"],
                        ["see if the {p} is in stock", "count the {p} in the warehouse"]).format(p=product)
    question = s.wording(["is the {p} in stock", "how many units of the {p} do we have", "do we still have the {p}", "how many {p} are in stock", "how many {p} do we have"],
                         ["what is the stock of the {p}", "how many {p} are left"]).format(p=product)
    shape = s.pick([{"product": product, "in_stock": count}, {"in_stock": count}, {"product": product, "count": count}, {"item": product, "quantity": count}, {"product": product, "stock": count, "shelf": s.code("S")}])
    return Request("inventory", {"product": product}, command, question, shape, f"There are {count} units of the {product} in stock.", subject=f"the {product}"), count


STATUSES = "shipped delayed delivered packed cancelled paid pending returned".split()


def order_record(s, order, status=None, customer=None):
    record = {"order_id": order, "status": status or s.pick(STATUSES), "item": s.product(), "total": s.price()}
    if customer or s.chance(0.4):
        record["customer"] = customer or s.full_name()
    return record if s.chance(0.75) else {key: record[key] for key in s.rng.sample(list(record), len(record))}


def order(s, number=None):
    number = number or s.order_code()
    record = order_record(s, number)
    command = s.wording(["look up order {o}", "check order {o}", "find order {o}", "tell me the status of order {o}", "get the details of order {o}", "show me order {o}"],
                        ["pull up order {o}", "give me the details of order {o}"]).format(o=number)
    question = s.wording(["what is the status of order {o}", "where is order {o}", "what is in order {o}", "has order {o} shipped", "how much was order {o}"],
                         ["what happened to order {o}", "what's the status of order {o}"]).format(o=number)
    return Request("orders", {"order": number}, command, question, record, f"Order {number} ({record['item']}) is {record['status']}; the total is {show(record['total'])}.", subject=f"order {number}")


def contact_record(s, name):
    record = {"name": name, "email": s.email(name), "phone": s.phone()}
    if s.chance(0.4):
        record["city"] = s.city()
    return record


def contact(s):
    name, wanted = s.name(), s.pick(["email", "phone", "both"])
    record = contact_record(s, name)
    if wanted == "email":
        command, question = s.pick([f"find the email of {name}", f"get the email address of {name}", f"look up the email of {name}"]), s.pick([f"what is the email of {name}", f"what is {name}'s email"])
        answer = f"The email of {name} is {record['email']}."
    elif wanted == "phone":
        command, question = s.pick([f"find the phone number of {name}", f"get {name}'s phone number", f"look up the phone number of {name}"]), s.pick([f"what is the phone number of {name}", f"what is {name}'s phone number"])
        answer = f"The phone number of {name} is {record['phone']}."
    else:
        command, question = s.pick([f"find the contact details of {name}", f"look up {name} in my contacts", f"get the contact info for {name}"]), s.pick([f"how can I reach {name}", f"do you have contact details for {name}"])
        answer = f"You can reach {name} at {record['email']} or {record['phone']}."
    return Request("contacts", {"name": name}, command, question, record, answer)


def read_file(s, path=None):
    path, text = path or s.path(), s.note()
    command = s.wording(["read {p}", "open {p}", "show me the file {p}", "read the file {p}", "read me {p}"], ["get the text of {p}", "show the contents of {p}"]).format(p=path)
    question = s.wording(["what does {p} say", "what is in the file {p}", "what is in {p}"], ["what does the file {p} contain"]).format(p=path)
    shape = s.pick([{"text": text}, {"path": path, "text": text}, {"content": text}, {"path": path, "content": text}, text])
    return Request("files", {"path": path}, command, question, shape, f"The file {path} says: {text}", subject=path)
