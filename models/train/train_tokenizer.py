"""Trains the tokenizer on generated dialogues: python3 train_tokenizer.py [tokenizer.json]

A word must have the same tokens after a space, a quote or a slash, or it could not be copied from a sentence into JSON token by token.
So letters are merged first, punctuation next, and a leading space is merged only onto frequent words that never start an argument.
"""

import collections
import json
import random
import sys


from copied_words import copied_words
from chat_format import render_messages, render_system
from dialogues.sampler import Sampler
from dialogues.sessions import draw_session
from tokenizer import BYTE_TO_CHAR, SPECIAL, SPECIALS, WORDS, as_byte_chars

VOCABULARY = 2048
LETTER_MERGES, PUNCTUATION_MERGES = 1330, 150
SEED, SESSIONS, TASKS = 12345, 2600, 8


def corpus():
    rng = random.Random(SEED)
    for _ in range(SESSIONS):
        system, tools, tasks = draw_session(Sampler(rng), rng.randrange(3))
        yield render_system(system, tools)
        for _ in range(TASKS):
            messages, _ = next(tasks)
            yield "".join(piece for piece, _ in render_messages(messages))


def count_words():
    """(letters of words, punctuation, words seen after a space), each a counter of byte-character strings"""
    letters, punctuation, spaced = collections.Counter(), collections.Counter(), collections.Counter()
    for text in corpus():
        for chunk in SPECIALS.split(text):
            for word in [] if chunk in SPECIAL else WORDS.findall(chunk):
                if word[-1].isalpha():
                    core = word if word[0].isalpha() else word[1:]
                    letters[as_byte_chars(core)] += 1
                    if word[0] == " ":
                        spaced[core] += 1
                else:
                    punctuation[as_byte_chars(word)] += 1
    return letters, punctuation, spaced


def learn_merges(counts, limit, floor=2):
    """Plain BPE: merges the most frequent neighbours, `limit` times."""
    words = [[list(word), count] for word, count in counts.items()]
    pairs, places = collections.Counter(), collections.defaultdict(set)
    for index, (parts, count) in enumerate(words):
        for pair in zip(parts, parts[1:]):
            pairs[pair] += count
            places[pair].add(index)
    merges = []
    while len(merges) < limit and pairs:
        best, count = max(pairs.items(), key=lambda item: (item[1], item[0]))
        if count < floor:
            break
        merges.append(best)
        for index in list(places[best]):
            parts, count = words[index]
            for pair in zip(parts, parts[1:]):
                pairs[pair] -= count
            merged, i = [], 0
            while i < len(parts):
                joined = tuple(parts[i:i + 2]) == best
                merged.append("".join(best) if joined else parts[i])
                i += 2 if joined else 1
            words[index][0] = merged
            for pair in zip(merged, merged[1:]):
                pairs[pair] += count
                places[pair].add(index)
        pairs.pop(best, None)
    return merges


def train(path):
    letters, punctuation, spaced = count_words()
    damped = {word: max(1, int(count ** 0.7)) for word, count in letters.items()}     # or a handful of JSON words would eat the table
    merges = learn_merges(damped, LETTER_MERGES) + learn_merges(punctuation, PUNCTUATION_MERGES, floor=20)
    whole = {a + b for a, b in merges} | set(BYTE_TO_CHAR.values())
    copied = copied_words()
    tokens = list(dict.fromkeys([BYTE_TO_CHAR[i] for i in range(256)] + [a + b for a, b in merges]))
    room = VOCABULARY - len(SPECIAL) - len(tokens)
    prefixed = [word for word, count in spaced.most_common() if len(word) > 1 and as_byte_chars(word) in whole and word not in copied and count >= 6 and "Ġ" + word not in tokens]
    for word in prefixed[:room]:
        merges.append(("Ġ", word))
        tokens.append("Ġ" + word)
    while len(tokens) < VOCABULARY - len(SPECIAL):
        tokens.append(f"[unused{len(tokens)}]")
    with open(path, "w") as file:
        json.dump({"tokens": tokens + SPECIAL, "merges": merges}, file)
    print(f"{len(tokens) + len(SPECIAL)} tokens, {len(merges)} merges, {min(room, len(prefixed))} words with a leading space")


if __name__ == "__main__":
    train(sys.argv[1] if len(sys.argv) > 1 else "tokenizer.json")
