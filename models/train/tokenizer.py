"""Byte-level BPE in the scheme that llama.cpp calls "qwen2": single digits, one leading non-letter attached to a word."""

import json
import re

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"]
CONTROL_COUNT = 3      # the first ones are control tokens, the others plain text that is never split
LETTER, NOT_LETTER_DIGIT = r"[^\W\d_]", r"(?:[^\w\r\n]|_)"
WORDS = re.compile(
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|" + NOT_LETTER_DIGIT + "?" + LETTER + r"+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIALS = re.compile("(" + "|".join(re.escape(token) for token in SPECIAL) + ")")


def byte_alphabet():
    """The printable character that stands for each byte (the table of GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + index) for index, byte in enumerate(others)}}


BYTE_TO_CHAR = byte_alphabet()
CHAR_TO_BYTE = {char: byte for byte, char in BYTE_TO_CHAR.items()}


def as_byte_chars(text):
    return "".join(BYTE_TO_CHAR[byte] for byte in text.encode())


class Tokenizer:
    def __init__(self, path):
        with open(path) as file:
            stored = json.load(file)
        self.tokens = stored["tokens"]
        self.merges = [tuple(pair) for pair in stored["merges"]]
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        self.special = {token: self.ids[token] for token in SPECIAL}
        self.rank = {pair: index for index, pair in enumerate(self.merges)}
        self.cache = {}

    def _word(self, word):
        if word in self.cache:
            return self.cache[word]
        parts = list(as_byte_chars(word))
        while len(parts) > 1:
            rank, index = min((self.rank.get(pair, len(self.merges)), i) for i, pair in enumerate(zip(parts, parts[1:])))
            if rank == len(self.merges):
                break
            parts[index:index + 2] = [parts[index] + parts[index + 1]]
        encoded = [self.ids[part] for part in parts]
        if len(self.cache) < 400_000:
            self.cache[word] = encoded
        return encoded

    def encode(self, text):
        out = []
        for chunk in SPECIALS.split(text):
            if chunk in self.special:
                out.append(self.special[chunk])
            else:
                for word in WORDS.findall(chunk):
                    out += self._word(word)
        return out

    def decode(self, ids):
        pieces = (self.tokens[i].encode() if self.tokens[i] in self.special else bytes(CHAR_TO_BYTE[c] for c in self.tokens[i]) for i in ids)
        return b"".join(pieces).decode(errors="replace")
