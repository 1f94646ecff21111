"""The qwen3 architecture in plain PyTorch: RMS norms, rotary positions (neox halves), grouped-query attention with normed queries and keys, SwiGLU.

Runs with PyTorch 1.13 and 2.x. Shapes: B sequences, T tokens, d width, H query heads, K key/value heads, h head width.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

STRIPS = 8


@dataclass
class Config:
    vocabulary: int = 2048
    context: int = 8192
    width: int = 256
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    head_width: int = 64
    feed_forward: int = 640
    rope_base: float = 1e6
    norm_epsilon: float = 1e-6

    def as_dict(self):
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight.float()).to(x.dtype)


def rotate(x, cos, sin):
    """x: (B, T, heads, h); cos, sin: (B or 1, T, 1, h / 2)"""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def future_mask(length):
    """(T, T): -1e9 where a query may not look. An input of the model: computed inside a compiled graph it would cost more than the softmax."""
    return torch.full((length, length), -1e9).triu(1)


def attend(query, key, value, future):
    """query, key, value: (B, H, T, h), future: (T, T) -> (B, H, T, h)

    In strips of queries, none of which multiplies with keys after its end: on a CPU faster than PyTorch's fused attention.
    """
    query, strips = query * query.shape[-1] ** -0.5, []
    size = max(128, query.shape[2] // STRIPS)
    for start in range(0, query.shape[2], size):
        end = min(start + size, query.shape[2])
        scores = (query[:, :, start:end] @ key[:, :, :end].transpose(2, 3)).float() + future[start:end, :end]
        strips.append(torch.softmax(scores, -1).to(value.dtype) @ value[:, :, :end])
    return torch.cat(strips, 2)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = self.config = config
        queries, keys = c.heads * c.head_width, c.kv_heads * c.head_width
        self.attention_norm, self.feed_norm = RMSNorm(c.width, c.norm_epsilon), RMSNorm(c.width, c.norm_epsilon)
        self.query_norm, self.key_norm = RMSNorm(c.head_width, c.norm_epsilon), RMSNorm(c.head_width, c.norm_epsilon)
        self.query, self.key = nn.Parameter(torch.empty(queries, c.width)), nn.Parameter(torch.empty(keys, c.width))
        self.value, self.output = nn.Parameter(torch.empty(keys, c.width)), nn.Parameter(torch.zeros(c.width, queries))
        self.gate, self.up = nn.Parameter(torch.empty(c.feed_forward, c.width)), nn.Parameter(torch.empty(c.feed_forward, c.width))
        self.down = nn.Parameter(torch.zeros(c.width, c.feed_forward))
        for weight in (self.query, self.key, self.value, self.gate, self.up):
            nn.init.normal_(weight, 0, c.width ** -0.5)
        nn.init.constant_(self.query_norm.weight, 1.4)
        nn.init.constant_(self.key_norm.weight, 1.4)

    def project(self, x, cos, sin):
        """x: (B, T, d) -> query (B, H, T, h), key and value (B, K, T, h)"""
        c, (B, T, _) = self.config, x.shape
        joined = F.linear(self.attention_norm(x), torch.cat([self.query, self.key, self.value]).to(x.dtype))
        query, key, value = joined.split([c.heads * c.head_width, c.kv_heads * c.head_width, c.kv_heads * c.head_width], -1)
        query = rotate(self.query_norm(query.view(B, T, c.heads, c.head_width)), cos, sin)
        key = rotate(self.key_norm(key.view(B, T, c.kv_heads, c.head_width)), cos, sin)
        return query.transpose(1, 2), key.transpose(1, 2), value.view(B, T, c.kv_heads, c.head_width).transpose(1, 2)

    def forward(self, x, cos, sin, future):
        """Attention, then the feed-forward network, both added to x (B, T, d)."""
        c, (B, T, _) = self.config, x.shape
        query, key, value = self.project(x, cos, sin)
        share = c.heads // c.kv_heads
        spread = lambda t: t[:, :, None].expand(B, c.kv_heads, share, T, c.head_width).reshape(B, c.heads, T, c.head_width)
        mixed = attend(query, spread(key), spread(value), future).transpose(1, 2).reshape(B, T, c.heads * c.head_width)
        x = x + F.linear(mixed, self.output.to(x.dtype))
        gate, up = F.linear(self.feed_norm(x), torch.cat([self.gate, self.up]).to(x.dtype)).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down.to(x.dtype))


class Model(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = nn.Parameter(torch.empty(config.vocabulary, config.width))
        nn.init.normal_(self.embedding, 0, 0.03)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.final_norm = RMSNorm(config.width, config.norm_epsilon)
        nn.init.constant_(self.final_norm.weight, 0.3)
        frequencies = config.rope_base ** (-torch.arange(0, config.head_width, 2).float() / config.head_width)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def angles(self, positions, dtype):
        """positions: (B or 1, T) -> cos, sin: (B or 1, T, 1, h / 2)"""
        angle = positions[..., None].float() * self.frequencies
        return angle.cos()[:, :, None].to(dtype), angle.sin()[:, :, None].to(dtype)

    def hidden(self, ids, positions, future, dtype=torch.bfloat16):
        """ids, positions: (B, T), future: (T, T) -> (B, T, d), before the final norm"""
        cos, sin = self.angles(positions, dtype)
        x = F.embedding(ids, self.embedding).to(dtype)
        for block in self.blocks:
            x = block(x, cos, sin, future)
        return x

    def logits(self, x):
        """(..., d) -> (..., vocabulary)"""
        return F.linear(self.final_norm(x), self.embedding.to(x.dtype)).float()
