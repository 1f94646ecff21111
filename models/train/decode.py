"""Greedy decoding of many prompts at once, with a key/value cache."""

import torch


class Cache:
    """Keys and values of a batch, filled from the left; prompts are padded on the left so that all end together."""

    def __init__(self, config, rows, length, dtype):
        shape = (config.layers, rows, config.kv_heads, length, config.head_width)
        self.keys, self.values, self.used = torch.empty(shape, dtype=dtype), torch.empty(shape, dtype=dtype), 0


def forward(model, cache, ids, positions, padding):
    """ids, positions: (B, T), padding: (B,) pads on the left of each row -> logits of the last token (B, vocabulary)"""
    (rows, count), start = ids.shape, cache.used
    end = start + count
    columns = torch.arange(end)
    mask = columns[None, None] >= padding[:, None, None]                                       # not a pad
    mask = mask & (columns[None, None] <= torch.arange(start, end)[None, :, None])            # not the future
    mask = mask | (columns[None, None] == torch.arange(start, end)[None, :, None])            # pads see themselves: no empty softmax
    cos, sin = model.angles(positions, cache.keys.dtype)
    x = model.embed(ids, cache.keys.dtype)
    for layer, block in enumerate(model.blocks):
        query, key, value = block.project(x, cos, sin)
        cache.keys[layer, :, :, start:end], cache.values[layer, :, :, start:end] = key, value
        x = block.mix(x, query, cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end], mask[:, None])
    cache.used = end
    return model.logits(x[:, -1])


@torch.no_grad()
def greedy(model, prompts, stop, limits, dtype=torch.float32):
    """prompts: token lists; limits: most new tokens of each -> generated tokens of each, without the stop token"""
    longest, budget = max(map(len, prompts)), max(limits)
    padding = torch.tensor([longest - len(prompt) for prompt in prompts])
    ids = torch.tensor([[stop] * (longest - len(prompt)) + prompt for prompt in prompts])
    positions = (torch.arange(longest)[None] - padding[:, None]).clamp(min=0)
    cache = Cache(model.config, len(prompts), longest + budget, dtype)
    outputs, open_rows = [[] for _ in prompts], set(range(len(prompts)))
    for step in range(budget):
        chosen = forward(model, cache, ids, positions, padding).argmax(-1)
        for row in list(open_rows):
            if chosen[row] == stop or step >= limits[row]:
                open_rows.discard(row)
            else:
                outputs[row].append(int(chosen[row]))
        if not open_rows:
            break
        ids, positions = chosen[:, None], positions[:, -1:] + 1
    return outputs
