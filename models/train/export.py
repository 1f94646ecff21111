"""Writes a checkpoint as GGUF: python3 export.py run/checkpoint.pt banyan-tiny.gguf [q8_0 | f16 | f32]"""

import os
import sys

import torch

from gguf_file import BOOL, F16, F32, FLOAT32, INT32, Q8_0, STRING, UINT32, GgufFile
from model import Config
from tokenizer import CONTROL_COUNT, SPECIAL, Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
FILE_TYPES = {"f32": (F32, 0), "f16": (F16, 1), "q8_0": (Q8_0, 7)}      # tensor type, general.file_type
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5                      # llama_token_type
BLOCK_TENSORS = {
    "attention_norm.weight": "attn_norm", "query": "attn_q", "key": "attn_k", "value": "attn_v", "output": "attn_output", "query_norm.weight": "attn_q_norm",
    "key_norm.weight": "attn_k_norm", "feed_norm.weight": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}


def add_general(file, file_type):
    texts = {
        "architecture": "qwen3", "type": "model", "name": "Banyan tiny", "basename": "banyan-tiny", "license": "mit",
        "description": "Small tool-calling model, trained from scratch on synthetic dialogues. See models/README.md.",
    }
    for key, value in texts.items():
        file.add(f"general.{key}", STRING, value)
    file.add_array("general.languages", STRING, ["en"])
    file.add_array("general.tags", STRING, ["tool-calling", "routing", "synthetic"])
    file.add("general.file_type", UINT32, file_type)
    file.add("general.quantization_version", UINT32, 2)


def add_architecture(file, config):
    numbers = {
        "context_length": config.context, "embedding_length": config.width, "block_count": config.layers, "feed_forward_length": config.feed_forward,
        "attention.head_count": config.heads, "attention.head_count_kv": config.kv_heads, "attention.key_length": config.head_width,
        "attention.value_length": config.head_width, "vocab_size": config.vocabulary,
    }
    for key, value in numbers.items():
        file.add(f"qwen3.{key}", UINT32, value)
    file.add("qwen3.rope.freq_base", FLOAT32, config.rope_base)
    file.add("qwen3.attention.layer_norm_rms_epsilon", FLOAT32, config.norm_epsilon)


def token_type(token):
    if token in SPECIAL:
        return CONTROL if SPECIAL.index(token) < CONTROL_COUNT else USER_DEFINED
    return UNUSED if token.startswith("[unused") else NORMAL


def add_tokenizer(file, tokenizer):
    file.add("tokenizer.ggml.model", STRING, "gpt2")
    file.add("tokenizer.ggml.pre", STRING, "qwen2")
    file.add_array("tokenizer.ggml.tokens", STRING, tokenizer.tokens)
    file.add_array("tokenizer.ggml.token_type", INT32, [token_type(token) for token in tokenizer.tokens])
    file.add_array("tokenizer.ggml.merges", STRING, [" ".join(pair) for pair in tokenizer.merges])
    for key, token in (("bos", "<|endoftext|>"), ("eos", "<|im_end|>"), ("padding", "<|endoftext|>")):
        file.add(f"tokenizer.ggml.{key}_token_id", UINT32, tokenizer.special[token])
    file.add("tokenizer.ggml.add_bos_token", BOOL, False)
    with open(os.path.join(HERE, "chat_template.jinja")) as template:
        file.add("tokenizer.chat_template", STRING, template.read())


def export(checkpoint, path, kind="q8_0"):
    stored = torch.load(checkpoint, map_location="cpu")
    config, weights = Config(**stored["config"]), stored["average"]
    tensor_type, file_type = FILE_TYPES[kind]
    file = GgufFile()
    add_general(file, file_type)
    add_architecture(file, config)
    add_tokenizer(file, Tokenizer(os.path.join(HERE, "tokenizer.json")))
    file.add_tensor("token_embd.weight", weights["embedding"].float().numpy(), tensor_type)
    file.add_tensor("output_norm.weight", weights["final_norm.weight"].float().numpy(), F32)
    for layer in range(config.layers):
        for ours, theirs in BLOCK_TENSORS.items():
            file.add_tensor(f"blk.{layer}.{theirs}.weight", weights[f"blocks.{layer}.{ours}"].float().numpy(), tensor_type)
    file.write(path)
    print(f"{path}: {os.path.getsize(path) / 1e6:.2f} MB, {stored['tokens'] / 1e6:.1f}M tokens seen")


if __name__ == "__main__":
    export(*sys.argv[1:])
