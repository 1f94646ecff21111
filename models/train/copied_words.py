"""The words that may start an argument of a call, apart from function words too frequent to leave out."""

from dialogues import lexicon, measures

FUNCTION_WORDS = {"the", "to", "in", "is", "my", "we", "see", "do", "at", "of", "a", "for", "on", "with", "and", "please", "it", "what", "can", "how"}


def copied_words():
    lists = [lexicon.FIRST_NAMES, lexicon.LAST_NAMES, lexicon.CITIES, lexicon.ADJECTIVES, lexicon.TOPICS, lexicon.PRODUCTS, lexicon.COLOURS,
             lexicon.MESSAGES, lexicon.PROBLEMS, lexicon.WEEKDAYS, lexicon.SYLLABLES, list(lexicon.CURRENCIES)]
    lists += [wordings for _, wordings in measures.UNITS.values()] + list(measures.TEMPERATURES.values())
    return {entry.split()[0] for entries in lists for entry in entries} - FUNCTION_WORDS
