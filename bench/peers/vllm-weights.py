"""A GGUF of qwen3's architecture as vLLM reads it: `vllm-weights.py <model.gguf> <folder>`, weights in bf16."""

import json
import sys
from pathlib import Path

import gguf
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def named(name: str) -> str:
    parts = name.removesuffix(".weight").split(".")
    layer = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
    return f"{layer}{NAMES[parts[-1]]}.weight"


reader = gguf.GGUFReader(sys.argv[1])
folder = Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
weights = {
    named(tensor.name): torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy()).to(torch.bfloat16)
    for tensor in reader.tensors
}
value = lambda key: reader.get_field(f"qwen3.{key}").contents()
vocabulary = weights["model.embed_tokens.weight"].shape[0]
config = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_act": "silu",
    "hidden_size": value("embedding_length"),
    "intermediate_size": value("feed_forward_length"),
    "num_hidden_layers": value("block_count"),
    "num_attention_heads": value("attention.head_count"),
    "num_key_value_heads": value("attention.head_count_kv"),
    "head_dim": value("attention.key_length"),
    "max_position_embeddings": value("context_length"),
    "rms_norm_eps": value("attention.layer_norm_rms_epsilon"),
    "rope_theta": value("rope.freq_base"),
    "tie_word_embeddings": "lm_head.weight" not in weights,
    "vocab_size": vocabulary,
    "torch_dtype": "bfloat16",
}
save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
(folder / "config.json").write_text(json.dumps(config, indent=2))
tokenizer = AutoTokenizer.from_pretrained(Path(sys.argv[1]).parent, gguf_file=Path(sys.argv[1]).name)
tokenizer.save_pretrained(folder)
