"""Requests that change something: refunds, messages, meetings, reminders, tickets."""

from ..sampler import show
from .request import Request


def acknowledgement(s, key, identifier):
    return s.pick([{key: identifier}, {"ok": True, key: identifier}, {key: identifier, "ok": True}, {key: identifier, "status": "created"}])


def refund(s, order=None, amount=None):
    order, amount, receipt = order or s.order_code(), s.price() if amount is None else amount, s.code("R-")
    slots = {"x": show(amount), "o": order}
    command = s.wording(["refund {x} on order {o}", "give back {x} for order {o}", "issue a refund of {x} for order {o}", "refund order {o} with {x}"], ["pay back {x} on order {o}"]).format(**slots)
    question = s.wording(["can you refund {x} on order {o}", "could order {o} get a refund of {x}"], ["could you refund {x} for order {o}"]).format(**slots)
    return Request("refunds", {"order": order, "amount": amount}, command, question, acknowledgement(s, "refund_id", receipt), f"Refunded {show(amount)} on order {order} (refund {receipt}).")


def sent(s):
    return s.pick([{"status": "sent"}, {"status": "sent", "id": s.code("m-")}, {"ok": True}, {"sent": True}])


def message(s):
    to, text = s.name() if s.chance(0.8) else s.email(), s.message()
    command = s.wording(['send "{m}" to {n}', 'send {n} the message "{m}"', 'text {n} "{m}"', 'tell {n} "{m}"', 'write to {n}: "{m}"', "tell {n} that {m}", "let {n} know that {m}", "message {n}: {m}"],
                        ['send a message to {n} saying "{m}"', "inform {n} that {m}"]).format(n=to, m=text)
    question = s.pick(['can you send "{m}" to {n}', 'could you tell {n} "{m}"', "can you tell {n} that {m}"]).format(n=to, m=text)
    return Request("messages", {"to": to, "text": text}, command, question, sent(s), f"I sent the message to {to}.")


def meeting(s, person=None, day=None, time=None):
    title, person, day, time, event = s.meeting(), person or s.name(), day or s.weekday(), time or s.clock(), s.code("ev-")
    slots = {"m": title, "p": person, "d": day, "t": time}
    command = s.wording(["schedule a {m} with {p} on {d} at {t}", "book a {m} with {p} for {d} at {t}", "set up a {m} on {d} at {t} with {p}", "put a {m} with {p} in my calendar on {d} at {t}", "plan a {m} with {p} for {d} at {t}"],
                        ["arrange a {m} with {p} on {d} at {t}", "add a {m} with {p} on {d} at {t}"]).format(**slots)
    question = s.pick(["can you schedule a {m} with {p} on {d} at {t}", "could we have a {m} on {d} at {t} with {p}"]).format(**slots)
    return Request("calendar", {"title": title, "person": person, "day": day, "time": time}, command, question, acknowledgement(s, "event_id", event), f"The {title} with {person} is set for {day} at {time} ({event}).")


def reminder(s):
    task, time, identifier = s.errand(), s.clock(), s.code("r-")
    slots = {"x": task, "t": time}
    command = s.wording(["remind me to {x} at {t}", "set a reminder for {t} to {x}", "set a reminder to {x} at {t}", "make sure I {x} at {t}"], ["add a reminder to {x} at {t}", "at {t} remind me to {x}"]).format(**slots)
    question = s.pick(["can you remind me to {x} at {t}", "could you set a reminder for {t} to {x}"]).format(**slots)
    return Request("reminders", {"text": task, "time": time}, command, question, acknowledgement(s, "reminder_id", identifier), f"I will remind you at {time} to {task}.")


def ticket(s):
    problem, priority, identifier = s.problem(), s.pick(["low", "normal", "high"]), s.code("T-")
    word = s.pick({"low": ["low priority"], "normal": ["normal priority"], "high": ["high priority", "urgent"]}[priority])
    slots = {"a": "an" if word[0] in "aeiou" else "a", "w": word, "x": problem, "p": priority}
    command = s.wording(['open {a} {w} ticket "{x}"', "create {a} {w} ticket: {x}", "file {a} {w} ticket saying {x}", 'open a ticket "{x}" with {p} priority'], ['make {a} {w} ticket: {x}']).format(**slots)
    question = s.pick(['can you open {a} {w} ticket "{x}"', "could you file {a} {w} ticket saying {x}"]).format(**slots)
    return Request("tickets", {"title": problem, "priority": priority}, command, question, acknowledgement(s, "ticket_id", identifier), f"I opened ticket {identifier} with {priority} priority.")
