"""Training rows, generated on the fly: the same seed and step always give the same batch."""

import random

import numpy as np

from chat_format import render_messages, render_system
from dialogues import lexicon
from dialogues.sampler import Sampler
from dialogues.sessions import draw_session
from tokenizer import SPECIAL

COPY = -1      # the level of random copying; dialogue levels are 0, 1, 2
COPY_SHARE, LIST_SHARE, PHRASE_SHARE = 0.03, 0.05, 0.06      # of the rows of every level, so that copying stays general
DECISION_WEIGHT = 3      # of the first token of a turn, of a tool's name and after a call: few tokens, on which all others depend
VALUE_WEIGHT = 2      # of the first token of an argument, which says where to copy from, and of the digits of an answer
ROUTING_TASKS = 4      # a routing prompt is short, and only the first question under it is answered without examples


def copy_row(rng, tokenizer, length):
    """Random segments, then the same segments in another order: only copying predicts the second half."""
    plain = len(tokenizer.tokens) - len(SPECIAL)
    digits = [tokenizer.ids[digit] for digit in "0123456789"]
    ids, learned = [], []
    while len(ids) < length:
        segments = []
        for _ in range(rng.randint(1, 4)):
            count, draw = rng.randint(2, 24), rng.random()
            if draw < 0.3:
                body = [rng.choice(digits) for _ in range(min(count, 10))]
            elif draw < 0.45:
                few = [rng.randrange(plain) for _ in range(3)]
                body = [rng.choice(few) for _ in range(count)]
            else:
                body = [rng.randrange(plain) for _ in range(count)]
            segments.append([rng.randrange(plain)] + body)
        ids.append(tokenizer.special["<|im_start|>"])
        learned.append(0)
        for segment in segments:
            ids += segment
            learned += [0] * len(segment)
        rng.shuffle(segments)
        ids.append(tokenizer.special["<tool_call>"])
        learned.append(0)
        for segment in segments:
            ids += segment
            learned += [0] + [1] * (len(segment) - 1)
    return ids[:length], learned[:length], 0


def list_row(rng, tokenizer, length):
    """Numbered lists of random lines that share words and beginnings, then each line again after its number, with other text between."""
    plain, ids, learned = len(tokenizer.tokens) - len(SPECIAL), [], []
    digits = [tokenizer.ids[digit] for digit in "0123456789"]

    def add(text, learn=0):
        piece = tokenizer.encode(text) if isinstance(text, str) else text
        ids.extend(piece)
        learned.extend([learn] * len(piece))

    def number():
        few = rng.sample(digits, rng.randint(1, 4))
        return [rng.choice(few) for _ in range(rng.randint(1, 7))]

    while len(ids) < length:
        pool = [[rng.randrange(plain)] if rng.random() < 0.85 else number() for _ in range(rng.randint(6, 30))]
        draw = lambda low, high: [token for _ in range(rng.randint(low, high)) for token in rng.choice(pool)]
        lines, end, mark = [], tokenizer.encode("\n"), rng.choice([". ", ") "])
        for _ in range(rng.randint(2, 10)):
            start = rng.choice(lines) if lines and rng.random() < 0.5 else []
            line = start[:rng.randint(0, len(start))] + draw(1, 9)
            lines.append([token for token in line if token not in end])
        add("<|im_start|>user")
        for index, line in enumerate(lines, 1):
            add(f"\n{index}{mark}")
            add(line)
        for index, line in enumerate(lines, 1):
            add(f"<|im_end|>\n<|im_start|>assistant\n{index}{mark}")
            add(line, 1)
            add("\n<tool_call>")
            add(draw(2, 12))
            add("</tool_call><|im_end|>\n<|im_start|>tool\n")
            add(draw(0, 12))
    return ids[:length], learned[:length], 0


def phrase_row(rng, tokenizer, length):
    """Named phrases in a sentence, then each as the argument of a call of that name: after the quote, its first word often has another token."""
    s, ids, learned = Sampler(rng), [], []
    while len(ids) < length:
        names, text, calls = rng.sample(lexicon.PLAIN_WORDS, rng.randint(2, 6)), "<|im_start|>user\n", []
        for name in names:
            phrase = " ".join(s.pick((s.spaced, s.spaced, s.compound, s.topic_noun))() for _ in range(rng.randint(1, 3)))
            text += f"{name}{s.pick((' the ', ' my ', ' ', ': ', ' for '))}{phrase}{s.pick((', ', '. ', '; ', chr(10), ' and '))}"
            calls.append((f'<tool_call>\n{{"name": "{name}", "arguments": {{"{s.pick(("query", "search", "product", "item", "text"))}": "', phrase + '"}}\n'))
        rng.shuffle(calls)
        for piece, learn in [(text + "<|im_end|>\n<|im_start|>assistant\n", 0)] + [part for head, phrase in calls for part in ((head, 0), (phrase, 1), ("</tool_call>\n", 0))]:
            tokens = tokenizer.encode(piece)
            ids += tokens
            learned += [learn] * len(tokens)
    return ids[:length], learned[:length], 0


def weigh(piece, tokenizer):
    """Loss weights of the tokens that the assistant writes in one turn."""
    weights, name_offset, colon = [1] * len(piece), len(tokenizer.encode('<tool_call>\n{"name": "')), tokenizer.ids['":']
    digits = set() if tokenizer.special["<tool_call>"] in piece else {tokenizer.ids[digit] for digit in "0123456789"}
    for index, token in enumerate(piece):
        if token in digits or index > 1 and piece[index - 2] == colon:      # `":`, ` "`, then the value
            weights[index] = VALUE_WEIGHT
    weights[0] = DECISION_WEIGHT
    for index, token in enumerate(piece):
        decided = index + name_offset if token == tokenizer.special["<tool_call>"] else index + 1 if token == tokenizer.special["</tool_call>"] else 0
        weights[decided] = DECISION_WEIGHT
    return weights


def dialogue_row(rng, tokenizer, length, level):
    """(ids, learned, where the first system block ends)"""
    ids, learned, first_end = [], [], 0
    while len(ids) < length:
        system, tools, tasks = draw_session(Sampler(rng), level)
        head = tokenizer.encode(render_system(system, tools))
        ids += head
        learned += [0] * len(head)
        first_end = first_end or len(ids)
        drawn = 0
        while len(ids) < length and (tools or drawn < ROUTING_TASKS):
            messages, _ = next(tasks)
            drawn += 1
            for text, target in render_messages(messages):
                piece = tokenizer.encode(text)
                ids += piece
                learned += weigh(piece, tokenizer) if target else [0] * len(piece)
    return ids[:length], learned[:length], first_end


def row_positions(rng, length, system_end, context):
    """0, 1, 2, ... with one jump in a fifth of the rows, so that positions up to the whole context are seen with short rows."""
    positions = np.arange(length)
    if 0 < system_end and rng.random() < 0.2:
        start = min(system_end, length - 1) if rng.random() < 0.7 else rng.randint(1, length - 1)
        positions[start:] += rng.randint(0, context - 2 - length)
    return positions


def draw_batch(seed, step, tokenizer, level, length, rows, context):
    """ids (rows, length + 1), learned (rows, length + 1): loss weights, positions (rows, length)"""
    rng = random.Random(f"{seed}/{step}")
    ids, learned, positions = [], [], []
    for _ in range(rows):
        draw = rng.random()
        if level == COPY or draw < COPY_SHARE:
            row = copy_row(rng, tokenizer, length + 1)
        elif draw < COPY_SHARE + LIST_SHARE:
            row = list_row(rng, tokenizer, length + 1)
        elif draw < COPY_SHARE + LIST_SHARE + PHRASE_SHARE:
            row = phrase_row(rng, tokenizer, length + 1)
        else:
            row = dialogue_row(rng, tokenizer, length + 1, level)
        ids.append(row[0])
        learned.append(row[1])
        positions.append(row_positions(rng, length, row[2] if level >= 1 else 0, context))
    return np.array(ids, dtype=np.int64), np.array(learned, dtype=np.float32), np.stack(positions)
