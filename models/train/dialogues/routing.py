"""Classification in one word: support desks, subjects of a request, and whether a request needs one step or several."""

from .chains import CHAINS
from .requests import REQUESTS
from .sampler import capitalise
from .session import Session
from .tasks import SMALL_TALK
from .tool_catalog import FAMILIES
from .wording import ask

# label -> (things, what is said of them, whole sentences). Things and troubles combine freely; the thing decides the label.
DESKS = {
    "billing": (["invoice", "payment", "bill", "refund", "receipt", "subscription fee", "charge", "credit card", "discount", "price", "bank transfer", "yearly plan", "tax on the bill", "direct debit"],
                ["is wrong", "was charged twice", "failed", "is too high", "has not been booked", "is missing", "of {number} is unclear", "was not accepted", "shows {number} instead of {number}"],
                ["I was charged twice", "I want my money back", "my card was declined", "why do I pay {number} more than last month", "how do I pay by card", "I need a receipt for {number}"]),
    "technical": (["app", "login page", "export button", "screen", "update", "website", "search", "upload", "server", "printer driver", "sync", "api", "installer", "video player", "database connection"],
                  ["crashes", "does not load", "stopped working on {weekday}", "is very slow", "shows error {integer}", "hangs", "stays black", "returns code {integer}", "freezes after the start"],
                  ["I get error {integer} when I log in", "the app crashes on start", "nothing happens when I press the button", "my files will not upload"]),
    "shipping": (["parcel", "package", "delivery", "courier", "tracking number", "shipment", "box", "delivery address", "express delivery", "postman", "pallet"],
                 ["has not arrived", "is late", "went to {city}", "is stuck in {city}", "arrived damaged", "was left at the neighbour", "does not move", "came on {weekday} when nobody was home"],
                 ["can you ship to {city}", "how long does delivery to {city} take", "where is my package {code}", "when will the {product} be delivered"]),
    "account": (["password", "user name", "profile", "email address", "two factor login", "account", "phone number in my profile", "team member", "access rights", "security question"],
                ["must be changed", "is locked", "should be deleted", "cannot be confirmed", "was forgotten", "needs to be reset", "belongs to somebody else", "has to be renamed to {word}"],
                ["please delete my account", "I forgot my password", "how do I add {full_name} as a user", "change my email to {email}", "merge my two accounts"]),
}
ONE_WORD = ["Answer with one word.", "Answer with one word only.", "One word.", "[Reply|Answer] with [exactly|just|only] one word.", "[Use|Write|Give|Say] [one|a single|one of these] [word|words].", "[Only|Just] the word.", "No other text.", "", "Nothing else."]
REASONS = ["", "", "", "Hello, ", "Hi, ", "Please help: ", "Since {weekday} ", "Good morning, ", "I have a problem: ", "Question: ", "{full_name} here, ", "I am writing from {city}: "]
CLOSINGS = ["", "", ".", "!", "?", " Please help.", " Thanks.", " It is urgent.", " My customer number is {code}.", ", what now?"]
INSTRUCTIONS = [
    "Classify the request as {labels}. Answer with one word.", "You are a router. Reply with exactly one word: {labels}.", "Is this request about {labels}? Answer with one word.",
    "Route the message to one of these teams: {labels}. Answer with one word only.", "Decide if the user message is {labels}. One word.", "Classify the request in one word: {labels}.",
    "[Pick|Select|Name|Find] the [team|topic|category|class|word] [that fits|for|of] the [request|message|question|text]: {labels}. {one}", "[Sort|File|Put] the [request|message|question] [under|into] {labels}. {one}",
    "[Which|What] [team|topic|category|class|word] [fits|suits|describes] the [message|request|question|text]: {labels}? {one}", "Does the [user|customer|message] [ask for|talk about|mean|need] {labels}? {one}",
    "You [sort|classify|label|route] [requests|messages|mail|questions]. [Categories|Labels|Classes|Words|Teams]: {labels}. {one}", "{labels}? {one}", "The [request|message|text] belongs to {labels}. {one}",
    "[Label|Tag|Mark] the [request|message] as {labels}. {one}", "[Who|Which desk|Which of these] should [answer|handle|get|take] the [message|request]: {labels}? {one}", "Your [only|whole] [job|task]: [say|write] if the message is {labels}. {one}",
]
INSTRUCTIONS_HELD = ["Choose the label for the message: {labels}. Reply with one word.", "What is the request about: {labels}? One word."]
SUBJECTS = {
    "units": "units", "calculator": "math", "notes": "notes", "clock": "time", "weather": "weather", "inventory": "stock", "currency": "currency", "orders": "orders",
    "contacts": "contacts", "messages": "messages", "files": "files",
}
TIERS = [("simple", "complex"), ("simple", "complex"), ("simple", "complex"), ("small", "large"), ("easy", "hard"), ("fast", "slow"), ("light", "heavy")]
TIER_INSTRUCTIONS = [
    "You pick the model for a request. Requests that need one step are {a}, requests that need several steps are {b}. Answer with one word: {a} or {b}.",
    "Does the request need one tool call ({a}) or more than one ({b})? Answer with one word: {a} or {b}.", "Classify the request as {a} or {b}. Answer with one word.",
    "Is the request {a} (one step) or {b} (several steps)? One word.", "You are a router. Reply with exactly one word: {a} or {b}.",
    "[Label|Sort|Mark|Tag|Judge|Call] the [request|message|question|task] {a} when [one step|a single step|one call|one tool] [will do|does it|suffices|is all it takes], {b} when [several|two or more|more steps|many] are [needed|necessary]. {one}",
    "{a} [means|is|stands for] [one step|a single step|one call|one tool call], {b} [means|is|stands for] [several steps|two or more|more than one|many steps]. [What|Which] is the [request|message|task]? {one}",
    "[Say|Answer|Write|Reply] {a} [where|when] [one|a single] [step|call] [answers|does|solves] the [request|question|task] and {b} [otherwise|in all other cases|when it takes more|when there is more to do]. {one}",
    "How much work is the [request|message|task]: {a} or {b}? {one}", "{a} or {b}? {one}", "[Decide|Tell|Say] [how big|how hard|what size|of which kind] the [request|task] is: {a} or {b}. {one}",
    "Is [this|the request|the message|it] {a} or {b}? {one}", "You [sort|classify|label|route] requests as {a} or {b}. {one}", "[Requests|Tasks|Messages] are {a} (one call) or {b} (more calls). [Name the kind|Which is it|Sort this one]. {one}",
    "Route to the {a} model [what|all that] needs [one step|a single call], to the {b} model [what needs more|the rest|everything else]. {one}", "Which model [should answer|fits|is enough], the {a} or the {b} one? {one}",
    "Estimate the [work|effort|steps]: {a} for [one step|one call], {b} for [more|several]. {one}", "[If|When] the request [asks for|needs|has] [several|two or more|many] [things|steps|calls], [say|answer|write] {b}, else {a}. {one}",
]
TIER_INSTRUCTIONS_HELD = ["Rate the request: {a} if one step is enough, {b} if it needs more. One word."]


# What a router may be told first.
PREFACES = ["", "", "", "", "", "", "", "You are a [fast|small|helpful|careful|good] [router|classifier|assistant]. ", "You work for {company}. ", "Read the [message|request]. ", "Help {full_name} at {company}. ", "{words}. "]
TRAINED_KINDS = ["desk", "subject", "tier", "tier"]


def instruction(s, seen, held, **slots):
    """A router's system prompt."""
    text = s.wording(seen, held).format(one=s.wording(ONE_WORD), **slots).strip()
    return text if s.held_out else s.fill(s.wording(PREFACES)) + text


def listed(labels):
    return ", ".join(labels[:-1]) + " or " + labels[-1]


def desk_request(s, label):
    things, troubles, sentences = DESKS[label]
    if s.chance(0.25):
        core = s.pick(sentences)
    else:
        thing, trouble = s.rng.randrange(len(things)), s.rng.randrange(len(troubles))
        while ((thing * 7 + trouble * 3) % 6 == 0) != s.held_out:     # one pairing in six is never trained
            thing, trouble = s.rng.randrange(len(things)), s.rng.randrange(len(troubles))
        core = f"{s.pick(['my', 'the', 'our', 'the'])} {things[thing]} {troubles[trouble]}"
    return capitalise(s.fill(s.pick(REASONS) + core + s.pick(CLOSINGS)))


def desk_router(s):
    labels = s.rng.sample(list(DESKS), s.pick([2, 2, 3, 4]))

    def draw():
        label = s.pick(labels)
        return desk_request(s, label), label
    return instruction(s, INSTRUCTIONS, INSTRUCTIONS_HELD, labels=listed(labels)), draw


def subject_router(s):
    families = s.rng.sample(list(SUBJECTS), s.rng.randint(2, 6))

    def draw():
        family = s.pick(families)
        return ask(s, [REQUESTS[family](s)]), SUBJECTS[family]
    return instruction(s, INSTRUCTIONS, INSTRUCTIONS_HELD, labels=listed([SUBJECTS[family] for family in families])), draw


def tier_router(s):
    """One step (a single request, small talk) or several (parallel requests, chains)."""
    small, large = s.pick(TIERS)

    def draw():
        if s.chance(0.5):
            if s.chance(0.12):
                return s.pick(s.pick(SMALL_TALK)[0]), small
            return ask(s, [REQUESTS[s.pick(list(REQUESTS))](s)]), small
        session = Session(s, list(FAMILIES))
        if s.chance(0.4):
            return ask(s, session.draw_requests(s.rng.randint(2, 3))), large
        return s.pick(CHAINS)(session)[0]["content"], large
    return instruction(s, TIER_INSTRUCTIONS, TIER_INSTRUCTIONS_HELD, a=small, b=large), draw


ROUTERS = {"desk": desk_router, "subject": subject_router, "tier": tier_router}


def routing_session(s, kinds=tuple(ROUTERS)):
    """(system prompt, endless draws of (messages, kind))"""
    kind = s.pick(kinds)
    system, draw = ROUTERS[kind](s)

    def tasks():
        while True:
            text, label = draw()
            yield [{"role": "user", "content": text}, {"role": "assistant", "content": label}], f"route-{kind}"
    return system, tasks()
