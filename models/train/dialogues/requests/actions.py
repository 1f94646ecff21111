"""Requests that change something: messages."""

from .request import Request


def sent(s):
    return s.pick([{"status": "sent"}, {"status": "sent", "id": s.code("m-")}, {"ok": True}, {"sent": True}])


def message(s):
    to, text = s.name() if s.chance(0.8) else s.email(), s.message()
    command = s.wording(['send "{m}" to {n}', 'send {n} the message "{m}"', 'text {n} "{m}"', 'tell {n} "{m}"', 'write to {n}: "{m}"', "tell {n} that {m}", "let {n} know that {m}", "message {n}: {m}"],
                        ['send a message to {n} saying "{m}"', "inform {n} that {m}"]).format(n=to, m=text)
    question = s.pick(['can you send "{m}" to {n}', 'could you tell {n} "{m}"', "can you tell {n} that {m}"]).format(n=to, m=text)
    return Request("messages", {"to": to, "text": text}, command, question, sent(s), f"I sent the message to {to}.")
