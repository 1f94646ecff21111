"""How one or several requests become the text of a user turn."""

from .sampler import capitalise

OPENINGS = [
    "", "", "", "", "", "", "Please ", "please ", "[Hi|Hello|Hey|Ok|Well|So|Right|Sorry], ", "[Hi|Hello|Hey|Ok], please ", "I [need|want] you to ", "Kindly ", "Quick [one|question|task|thing]: ",
    "[Now|Next|First|Then|Again], ", "[Now|Next] ", "[Just|Simply|Quickly|Also] ", "[We need to|I have to|I want to|Let me|You must|You may|Let us] ", "Your [job|task] is to ", "Help me to ", "[Today|Tonight|This morning], ", "[Before we start|After that|As always|As usual|Once more], ",
    "[Task|Request|Job] {integer}: ", "Dear assistant, ", "{first_name}, ", "{name} wants this: ", "Be so kind and ", "It is urgent: ", "My boss [says|wants]: ", "{words}. ", "[Good morning|Good evening|Good day], ", "If time allows, ", "[Another|A new|My next] [task|question|request]: ", "Hi {first_name}, ", "For the {topic}: ", "As {name} asked, ", "Before {clock}: ",
    "I am in a hurry: ", "By the way, ", "When you can, ", "Go ahead and ", "You should ", "It is about the {topic}: ", "This is for {name}: ", "On {weekday} I asked in vain: ", "While you are at it, ",
]
OPENINGS_HELD = ["I'd like you to ", "Hello there, ", "One more thing: ", "If possible, "]
POLITE_OPENINGS = ["[Could|Can|Would|Will] you ", "[Can|Could|Would] you please ", "[Could|Can] you [quickly|now|also] "]
ENDINGS = ["", "", "", "", ".", ".", ".", ".", " please.", " please", ", please.", " Thanks!", ", thanks.", "!", ". Thank you.", " for me.", " now.", ", ok?", " as soon as you can.", " when you have a minute.",
           ". It is for {name}.", ", I need it by {weekday}.", ". That is all.",
           ", will you?", ", right?", " quickly.", " today.", ", it is urgent.", ". I will wait.", " - thanks!", ". {name} needs it.", " before {clock}.", ", and be quick.", ". Take your time.", ", when it suits you.", ", as we said.", ", and thank you.",
           ". Cheers.", ". Best, {first_name}", ". No hurry.", " at once.", ". {words}."]
ENDINGS_HELD = [", many thanks.", ", if you can."]
QUESTION_OPENINGS = [
    "", "", "", "", "", "", "", "[Hi|Hey|Hello|Ok|And|Well|So|Right|Sorry], ", "[And|Also|Now|So] ", "Please tell me: ", "[Quick|Another|Next|My] question: ", "{name} asks: ", "For the {topic}: ",
    "I [wonder|ask myself|forgot]: ", "Hi {first_name}, ", "By the way, ", "Tell me, ", "Remind me: ", "It is about the {topic}: ",
    "[Do you know|Can you tell me|May I ask|Let me ask|I must know|I would like to know]: ", "Out of curiosity, ", "Sorry to bother you, ", "One question, ", "[Listen|Say|Please|Good morning|Good evening|Dear assistant], ", "{first_name}, ",
    "{name} [and I ask|wants to know]: ", "{words}. ", "Before {clock}: ", "[Task|Question] {integer}: ", "I was thinking, ", "[As I said|Once more|Again], ",
]
QUESTION_OPENINGS_HELD = ["Just wondering, ", "Excuse me, "]
CONNECTIVES = [", then ", " and ", " and also ", "; also ", ", and ", ". Then ", ". Also, ", " and then ", ", next ", ", plus ", "; then ", ", after that ", ". Next, ", ". And ", " & ", "; "]
LIST_HEADS = ["Please do the following:", "Do these for me:", "I need a few things:", "Some tasks:", "Please:", "I have [two or three|some|a few] [tasks|requests|things]:", "For the {topic}:",
              "[Tasks|Requests|Questions|To do|My wishes]:", "[All of this|These], please:", "{first_name} asks for this:", "Can you do these?", "[Today|Now] I [want|need|have]:", "Help me with [this|these|the following]:", "{words}:"]
LIST_HEADS_HELD = ["Here is what I need:", "My list for today:"]
IN_TURN_HEADS = ["Do these one at a time:", "One at a time, please:", "Work through this list one by one:", "Do these steps in order, one at a time:", "Step by step, one call at a time:", "[Follow|Do] these steps:",
                 "One after the other:", "[Go through|Complete|Finish|Process] [these|the] [steps|points|items|lines] [in turn|in order|in sequence]:", "[Please do|Carry out] [the following|these tasks] [in this order|step by step|singly]:", "My [plan|steps|program]:",
                 "[Start|Begin] with the first of these:", "{first_name} gave me these steps:", "In this order:", "One call per line:"]
IN_TURN_HEADS_HELD = ["Handle these one by one:", "Take these one at a time:"]


def lowercase_start(s, text):
    """Some people do not capitalise."""
    return text if s.chance(0.15) else capitalise(text)


def opening(s):
    return s.fill(s.wording(OPENINGS, OPENINGS_HELD))


def ending(s):
    return s.fill(s.wording(ENDINGS, ENDINGS_HELD))


def ask_one(s, request):
    if request.question and s.chance(0.5):
        return lowercase_start(s, s.fill(s.wording(QUESTION_OPENINGS, QUESTION_OPENINGS_HELD)) + request.question) + s.pick(["?", "?", "?", "?", "?", "? Thanks!", "? Thank you.", "? Please.", "?!", ""])
    if s.chance(0.2):
        return lowercase_start(s, s.wording(POLITE_OPENINGS) + request.command) + s.pick(["?", "?", "", "? Thanks!"])
    return lowercase_start(s, opening(s) + request.command) + ending(s)


def as_list(s, head, lines, style):
    """style: "- " or "{i}. " """
    shown = [style.format(i=index) + (capitalise(line) if s.chance(0.7) else line) for index, line in enumerate(lines, 1)]
    return s.fill(head) + "\n" + "\n".join(shown), shown


def ask_in_turn(s, lines):
    """(a numbered list, its lines as shown)"""
    return as_list(s, s.wording(IN_TURN_HEADS, IN_TURN_HEADS_HELD), lines, s.pick(["{i}. ", "{i}) "]))


def ask_several(s, requests):
    draw = s.rng.random()
    if draw < 0.3:
        return as_list(s, s.wording(LIST_HEADS, LIST_HEADS_HELD), [request.command for request in requests], s.pick(["- ", "* "]))[0]
    if draw < 0.5 and all(request.question for request in requests):
        return " ".join(capitalise(request.question) + "?" for request in requests)
    text = opening(s) + requests[0].command
    for index, request in enumerate(requests[1:], 2):
        text += (s.pick(CONNECTIVES) if index == len(requests) else ", ") + request.command
    return lowercase_start(s, text) + ending(s)


def ask(s, requests):
    return ask_one(s, requests[0]) if len(requests) == 1 else ask_several(s, requests)
