"""Requests that change something: messages."""

from .request import Request


def sent(s):
    return s.pick([{"status": "sent"}, {"ok": True}, {"sent": True}])


COMMANDS = ['send "{m}" to {n}', '[send|write|text] {n} the message "{m}"', '[text|tell|write|message] {n} "{m}"', '[write|send] to {n}: "{m}"', '[message|text|tell] {n}: "{m}"',
            'send the [text|message|words] "{m}" to {n}', '[drop|leave|give] {n} a [note|line|message]: "{m}"', '[let {n} know|inform {n}|tell {n} this]: "{m}"', '[forward|deliver|relay] "{m}" to {n}',
            '"{m}": [send|write|forward] [it|this|that] to {n}', '[send|write] [a text|a note|a short message] to {n}: "{m}"', '[send|write] {n} [a message|a text|a note] [with the words|that says|which reads] "{m}"', 'answer {n} with "{m}"',
            'make sure {n} gets [the message|this:|the text] "{m}"', 'say "{m}" to {n}', 'write "{m}" in a message to {n}', 'contact {n} and [say|write] "{m}"', 'the words "{m}" should go to {n}']
COMMANDS_HELD = ['send a message to {n} saying "{m}"', 'pass "{m}" on to {n}']
QUESTIONS = ['can you [send|write|text] "{m}" to {n}', 'could you [tell|text|write] {n} "{m}"', 'would you [send|write|text] {n} "{m}"', 'can you [let {n} know|tell {n}|inform {n}] "{m}"',
             'would you [message|inform] {n}: "{m}"', 'will you [deliver|forward] "{m}" to {n}']


def message(s):
    to, text = s.name() if s.chance(0.8) else s.email(), s.message()
    command, question = s.wording(COMMANDS, COMMANDS_HELD).format(n=to, m=text), s.wording(QUESTIONS).format(n=to, m=text)
    return Request("messages", {"to": to, "text": text}, command, question, sent(s), f"I sent the message to {to}.")
