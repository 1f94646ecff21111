"""An initialisation in which copying works almost at once: tool calling is mostly copying, and heads that copy are slow to emerge.

Layer 0 gets previous-token heads: every embedding shares one direction `shared`, from which queries and keys read a constant vector;
rotary positions then turn "constant" into "peaks at a fixed distance". Layer 1 gets induction heads: their keys hold the token before,
as layer 0 wrote it, their queries the current token, so they look at what followed the same token earlier and copy that.
Idea: Olsson et al., "In-context Learning and Induction Heads" (2022); only the starting point is built in, training moves it freely.
"""

import torch

PEAK = [1, 1, 1, .6, .6, .4, .4, .3]      # weights of the fastest rotations: how sharply the head sees one distance
SHARED_SCALE, HEAD_SCALE, NOISE = 0.03, 4.0, 0.15
PREVIOUS_OUT, COPY_OUT = 0.09, 0.5


def orthonormal(rows, columns, generator):
    """(rows, columns) with orthonormal columns"""
    return torch.linalg.qr(torch.randn(rows, columns, generator=generator))[0]


@torch.no_grad()
def prepare_induction(model, seed=5):
    c, generator = model.config, torch.Generator().manual_seed(seed)
    width, head = c.width, c.head_width
    half, share = head // 2, c.heads // c.kv_heads
    shared = torch.sign(torch.randn(width, generator=generator))
    model.embedding.add_(SHARED_SCALE * shared)
    peak = torch.zeros(half)
    peak[:len(PEAK)] = torch.tensor(PEAK, dtype=torch.float32).sqrt()

    def blind_to_shared():
        raw = torch.randn(width, head, generator=generator)
        return torch.linalg.qr(raw - shared[:, None] * (shared @ raw)[None] / width)[0].t().contiguous()

    reads = [blind_to_shared() for _ in range(c.kv_heads)]                            # (h, d): the content of a token
    writes = [orthonormal(width, head, generator) for _ in range(c.kv_heads)]         # (d, h): where layer 0 leaves it
    copies = [orthonormal(width, head, generator).t().contiguous() for _ in range(c.kv_heads)]
    slow = torch.ones(head)
    slow[:10] = slow[half:half + 10] = 0.3                                            # induction must not depend on distance
    first, second = model.blocks[0], model.blocks[1]
    for group in range(c.kv_heads):
        rows, lead = slice(group * head, (group + 1) * head), group * share
        lead_rows = slice(lead * head, (lead + 1) * head)
        angle = model.frequencies * (group + 1)                                       # this head looks group + 1 tokens back
        key = torch.cat([peak, torch.zeros(half)])
        query = torch.cat([peak * torch.cos(angle), -peak * torch.sin(angle)])
        first.key[rows] = NOISE * first.key[rows] + key[:, None] * shared[None] / width * HEAD_SCALE
        first.query[lead_rows] = NOISE * first.query[lead_rows] + query[:, None] * shared[None] / width * HEAD_SCALE
        first.value[rows] = reads[group]
        first.output[:, lead_rows] = PREVIOUS_OUT * writes[group]
        # group 0 matches the current token with the one before; group 1 the previous token with the one before that
        wanted = reads[0] if group == 0 else reads[0] @ reads[0].t() @ writes[0].t()
        offered = writes[0].t() if group == 0 else reads[0] @ reads[1].t() @ writes[1].t()
        second.query[lead_rows], second.key[rows] = slow[:, None] * wanted, slow[:, None] * offered
        second.value[rows], second.output[:, lead_rows] = copies[group], COPY_OUT * copies[group].t()
