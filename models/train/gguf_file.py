"""Writes GGUF version 3 (little endian): header, typed key/value pairs, tensor table, tensors aligned to 32 bytes."""

import struct

import numpy as np

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
F32, F16, Q8_0 = 0, 1, 8
Q8_BLOCK = 32


def packed_string(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def packed_value(kind, value):
    if kind == STRING:
        return packed_string(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def quantise_q8_0(weights):
    """(rows, columns) float32 -> bytes: per block of 32 values a half-precision scale and 32 signed bytes"""
    blocks = weights.reshape(-1, Q8_BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int8)      # halves away from zero, as ggml does
    return np.concatenate([scale.astype(np.float16).view(np.uint8), rounded.view(np.uint8)], axis=1).tobytes()


class GgufFile:
    def __init__(self):
        self.pairs, self.tensors = [], []

    def add(self, key, kind, value):
        self.pairs.append(packed_string(key) + struct.pack("<I", kind) + packed_value(kind, value))

    def add_array(self, key, kind, values):
        body = b"".join(packed_value(kind, value) for value in values)
        self.pairs.append(packed_string(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + body)

    def add_tensor(self, name, array, kind):
        """array: float32, rows of a matrix outermost; vectors are always stored as F32"""
        array = np.ascontiguousarray(array, dtype=np.float32)
        kind = F32 if array.ndim == 1 else kind
        data = quantise_q8_0(array) if kind == Q8_0 else array.astype(np.float16 if kind == F16 else np.float32).tobytes()
        self.tensors.append((name, array.shape[::-1], kind, data))

    def write(self, path):
        table, offset = b"", 0
        for name, shape, kind, data in self.tensors:
            table += packed_string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", kind, offset)
            offset += len(data) + -len(data) % ALIGNMENT
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.pairs)) + b"".join(self.pairs) + table
        with open(path, "wb") as file:
            file.write(head + b"\0" * (-len(head) % ALIGNMENT))
            for _, _, _, data in self.tensors:
                file.write(data + b"\0" * (-len(data) % ALIGNMENT))
