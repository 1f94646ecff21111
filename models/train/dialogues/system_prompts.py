"""System prompts: who the assistant is, and rules that distract (they never change what a request needs)."""

ROLES = [
    "You are {first_name}, an assistant for {company}.", "You are a helpful assistant of {company}.", "You are the {topic} assistant at {company}.",
    "You are an agent that works for {company} in {city}.", "You help the staff of {company}.", "Act as the assistant of {full_name}.", "You are a careful agent.",
    "You are an assistant with access to tools.", "You are a helpful assistant.", "You are Banyan, an assistant that answers with the help of tools.",
    "You answer questions with the help of tools.", "You are a concise assistant. Use the tools when they help.",
]
RULES = [
    "Always be polite and brief.", "Office hours are {exact_clock} to {exact_clock}.", "The office is in {city}.", "Never share the internal code {code}.",
    "If a tool fails, say so.", "Your manager is {full_name}.", "Today is {weekday}, {date}.", "Prices are in EUR unless the user says otherwise.",
    "Do not guess numbers, use the tools.", "Quote results exactly as the tools return them.", "The help desk number is {phone}.", "Escalate problems with the {topic} to {full_name}.",
    "Our best seller is the {product}.", "Orders above {integer} need approval by {name}.", "The warehouse is in {city} and the shop in {city}.", "Do not talk about the {topic}.",
    "Answer in English.", "Do not use emojis.", "The travel budget is {number} per person.", "The {topic} is due on {weekday}.", "Weather warnings come from the station in {city}.",
    "Contact {email} about the {topic}.", "Refunds are paid within {integer} days.", "The wifi password is {word}{integer}.", "Meetings start at {clock} on {weekday}.",
    "Customers from {city} pay {number} for delivery.", "The {topic} costs {number}.", "If the user is angry, stay calm.", "{name} is responsible for the {topic}.",
    "Files live in {folder}.", "The last audit was on {date}.", "Treat the code {code} as secret.", "One mile is longer than one kilometre.", "Keep answers short.",
    "The {product} is sold out until {date}.", "Speak of the {topic} only with {full_name}.", "Use the metric system in reports.", "Our sister company is {company}.",
    "Write numbers as digits.", "The {topic} and the {topic} are handled by {company}.", "Lunch is at {clock}.", "The {colour} folder holds the {topic}.",
    "Never promise a delivery before {date}.", "Room {integer} is reserved for the {topic}.", "When in doubt, ask {name}.", "The alarm code is {integer}.",
    "Remember: {words}.", "Note that {words}, {words}.", "In {city} the rule is: {words}.", "The motto of {company} is: {words}.", "Before {clock}, {words}.",
    "Do not send messages to {email}.", "The version of this document is {integer}.", "Convert nothing unless the user asks for it.", "Do not search the notes for {topic} on your own.",
]
HEADINGS = ["\n\nRules:", "\n\nNotes:", "\n", "\n\n# House rules", "\n\nBackground:"]


def system_prompt(s, rule_count):
    role = s.fill(s.pick(ROLES))
    rules = [s.fill(s.pick(RULES)) for _ in range(rule_count)]
    if not rules:
        return role
    if s.chance(0.5):
        return " ".join([role] + rules)
    bullet = s.pick(["\n- ", "\n* ", "\n"])
    return role + s.pick(HEADINGS) + "".join(bullet + rule for rule in rules)
