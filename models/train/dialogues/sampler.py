"""Draws entities, numbers and wordings. With `held_out=True` it draws what training never saw, where such a list exists."""

import re
from contextlib import contextmanager

from . import lexicon

PLACEHOLDER = re.compile(r"\{(\w+)\}")
ALTERNATIVES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


def show(value):
    """A number as JSON and as the text that quotes it: integral floats lose their '.0'."""
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def tidy(value):
    """The same number as an int where it is integral, so that `json.dumps` and `show` agree."""
    return int(value) if isinstance(value, float) and value == int(value) and abs(value) < 1e15 else value


def capitalise(text):
    return text[:1].upper() + text[1:]


def enumerate_words(items):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


class Sampler:
    def __init__(self, rng, held_out=False):
        self.rng = rng
        self.held_out = held_out
        self.pools = {} if not held_out and rng.random() < 0.35 else None      # in some sessions a few names and things return again and again
        self.repeated = None

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, options):
        return options[int(self.rng.random() * len(options))]

    def wording(self, seen, held=()):
        """A template, one of `held` in half of the held-out draws, with one choice made in each of its [a|b|c]."""
        if self.repeated and id(seen) in self.repeated and self.chance(0.75):
            return self.repeated[id(seen)]
        template = self.pick(held) if held and self.held_out and self.chance(0.5) else self.pick(seen)
        text = ALTERNATIVES.sub(lambda match: self.pick(match.group(1).split("|")), template)
        if self.repeated is not None:
            self.repeated[id(seen)] = text
        return text

    @contextmanager
    def repeating(self, probability):
        """Within it, wordings return with this probability: requests that begin alike."""
        self.repeated = {} if not self.held_out and self.chance(probability) else None
        yield
        self.repeated = None

    def entity(self, options):
        """One of a word list: of a few of it where this session has few."""
        if self.pools is None:
            return self.pick(options)
        if id(options) not in self.pools:
            self.pools[id(options)] = self.rng.sample(options, min(len(options), self.rng.randint(2, 6)))
        return self.pick(self.pools[id(options)])

    def fill(self, template):
        """Replaces {topic}, {city}, ... by fresh draws of the method of that name."""
        return PLACEHOLDER.sub(lambda match: show(getattr(self, match.group(1))()), template)

    # --- words and names
    def spelled(self):
        """A word spelled at random: pieces of any kind, so that copying never leans on known ones."""
        if self.chance(0.4):
            return self.compound()
        return "".join(self.pick(lexicon.ONSETS) + self.pick(lexicon.NUCLEI) + self.pick(lexicon.CODAS) for _ in range(self.rng.randint(1, 2)))

    def compound(self):
        """A word that begins with another, whose token after a space is not its token after a quote: insides, onlife."""
        return self.pick(lexicon.STARTS) + self.pick(lexicon.PLAIN_WORDS if self.chance(0.5) else lexicon.NUCLEI + lexicon.CODAS) + self.pick(lexicon.CODAS)

    def spaced(self):
        return self.pick(lexicon.SPACED)

    def syllables(self, low=2, high=3):
        if self.chance(0.5):
            return self.spelled()
        return "".join(self.pick(lexicon.SYLLABLES) for _ in range(self.rng.randint(low, high)))

    def invented(self, low=2, high=3):
        return self.syllables(low, high).capitalize()

    def first_name(self):
        if self.chance(0.1):
            return self.invented(2, 2)
        return self.entity(lexicon.FIRST_NAMES_HELD if self.held_out else lexicon.FIRST_NAMES)

    def last_name(self):
        if self.chance(0.2):
            return self.invented()
        return self.entity(lexicon.LAST_NAMES_HELD if self.held_out else lexicon.LAST_NAMES)

    def full_name(self):
        return f"{self.first_name()} {self.last_name()}"

    def name(self):
        return self.full_name() if self.chance(0.7) else self.first_name()

    def city(self):
        if self.chance(0.2):
            return self.invented()
        return self.entity(lexicon.CITIES_HELD if self.held_out and self.chance(0.7) else lexicon.CITIES)

    def topic_noun(self):
        if not self.held_out and self.chance(0.24):
            return self.pick((self.syllables, self.compound, self.spaced))()
        return self.entity(lexicon.TOPICS_HELD if self.held_out and self.chance(0.5) else lexicon.TOPICS)

    def topic(self):
        draw = self.rng.random()
        if draw < 0.35:
            return self.topic_noun()
        return f"{self.entity(lexicon.ADJECTIVES) if draw < 0.65 else self.topic_noun()} {self.topic_noun()}"

    def product(self):
        if not self.held_out and self.chance(0.1):
            return f"{self.spaced()} {self.pick(lexicon.PLAIN_WORDS)}"
        if self.chance(0.7):
            return self.entity(lexicon.PRODUCTS_HELD if self.held_out and self.chance(0.7) else lexicon.PRODUCTS)
        return f"{self.pick(lexicon.COLOURS if self.chance(0.5) else lexicon.ADJECTIVES)} {self.pick(lexicon.PRODUCTS)}"

    def colour(self):
        return self.pick(lexicon.COLOURS)

    def word(self):
        return self.syllables(1, 3)

    def words(self):
        """A few unrelated words: text that can only be copied, not guessed."""
        pools = (lexicon.PLAIN_WORDS, lexicon.PLAIN_WORDS, lexicon.TOPICS, lexicon.ADJECTIVES)
        return " ".join(self.word() if self.chance(0.04) else self.pick(self.pick(pools)) for _ in range(self.rng.randint(2, 6)))

    def company(self):
        return self.invented() + self.pick([" Ltd", " Inc", "", " Group", " AG", " Labs"])

    # --- numbers, codes, dates
    def integer(self):
        draw = self.rng.random()
        if draw < 0.06:
            return int("".join(self.pick("123"[self.rng.randrange(2):]) for _ in range(self.rng.randint(2, 5))))      # 3323: hard to copy
        draw = self.rng.random()
        return self.rng.randint(2, 99) if draw < 0.5 else self.rng.randint(100, 999) if draw < 0.85 else self.rng.randint(1000, 9999)

    def number(self):
        draw = self.rng.random()
        if draw < 0.6:
            return self.integer()
        return tidy(round(self.rng.uniform(0.5, 500), 1) if draw < 0.87 else round(self.rng.uniform(1, 1000), 2))

    def price(self):
        return tidy(round(self.rng.uniform(3, 900), self.pick([0, 1, 2, 2])))

    def digits(self, low, high):
        return "".join(self.pick("0123456789") for _ in range(self.rng.randint(low, high)))

    def code(self, prefix=None):
        prefix = prefix if prefix is not None else self.pick(["A-", "B-", "C-", "ORD-", "X-", "Q-", "SO-", "K", "#", "REF", "Z9-"])
        return prefix + self.digits(3, 5)

    def order_code(self):
        return self.code() if self.chance(0.8) else self.pick("123456789") + self.digits(3, 5)

    def clock(self):
        if self.chance(0.85):
            return f"{self.rng.randint(0, 23):02d}:{self.pick([0, 5, 10, 15, 20, 30, 40, 45, 50]):02d}"
        return f"{self.rng.randint(1, 12)}{self.pick(['am', 'pm', ' am', ' pm'])}"

    def exact_clock(self):
        return f"{self.rng.randint(0, 23):02d}:{self.rng.randint(0, 59):02d}"

    def weekday(self):
        return self.pick(lexicon.WEEKDAYS)

    def date(self):
        return f"20{self.rng.randint(24, 29)}-{self.rng.randint(1, 12):02d}-{self.rng.randint(1, 28):02d}"

    def phone(self):
        return f"+{self.rng.randint(1, 99)} {self.digits(3, 3)} {self.digits(4, 4)}"

    def email(self, name=None):
        parts = (name or self.name()).lower().split()
        local = ".".join(parts) if self.chance(0.6) else parts[0] + str(self.rng.randint(1, 99))
        return f"{local}@{self.pick(lexicon.MAIL_DOMAINS)}"

    def file_name(self):
        stem = self.topic().replace(" ", self.pick("_-")) if self.chance(0.5) else self.word()
        return f"{stem}.{self.pick(lexicon.EXTENSIONS)}"

    def folder(self):
        return "/" + self.pick(lexicon.FOLDERS) + (f"/{self.word()}" if self.chance(0.4) else "")

    def path(self):
        return f"{self.folder()}/{self.file_name()}"

    # --- longer texts
    def message(self):
        return self.fill(self.pick(lexicon.MESSAGES)) if self.chance(0.8) else self.words()

    def problem(self):
        return self.fill(self.pick(lexicon.PROBLEMS))

    def note(self):
        lines = [self.fill(self.pick(lexicon.NOTE_LINES)) for _ in range(self.pick([1, 1, 1, 2]))]
        return " ".join(capitalise(line) for line in lines)
