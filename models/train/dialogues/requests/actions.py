"""Requests that change something: messages."""

from .request import Request


def sent(s):
    return s.pick([{"status": "sent"}, {"ok": True}, {"sent": True}])


COMMANDS = ['send "{m}" to {n}', '[send|write|text] {n} the message "{m}"', '[text|tell|write|message] {n} "{m}"', '[write|send] to {n}: "{m}"', '[message|text|tell] {n}: "{m}"',
            'send the [text|message|words] "{m}" to {n}']
COMMANDS_HELD = ['send a message to {n} saying "{m}"', 'pass "{m}" on to {n}']
QUESTIONS = ['can you [send|write|text] "{m}" to {n}', 'could you [tell|text|write] {n} "{m}"', 'would you [send|write|text] {n} "{m}"']


def message(s):
    to, text = s.name() if s.chance(0.8) else s.email(), s.message()
    command, question = s.wording(COMMANDS, COMMANDS_HELD).format(n=to, m=text), s.wording(QUESTIONS).format(n=to, m=text)
    return Request("messages", {"to": to, "text": text}, command, question, sent(s), f"I sent the message to {to}.")
