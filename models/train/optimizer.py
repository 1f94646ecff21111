"""Muon for the matrices (Jordan et al., 2024: momentum, orthogonalised by Newton-Schulz), AdamW for embeddings and norms."""

import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(stack, steps=5):
    """stack: (n, rows <= columns, columns) -> about the nearest semi-orthogonal matrices"""
    a, b, c = NEWTON_SCHULZ
    x = (stack / (stack.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.transpose(-2, -1)
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.float()


class Optimizer:
    def __init__(self, model, matrix_rate=0.02, other_rate=2.5e-3, decay=0.05, clip=1.0):
        self.rates, self.decay, self.clip = (matrix_rate, other_rate), decay, clip
        named = list(model.named_parameters())
        self.matrices = [p for name, p in named if p.ndim == 2 and name != "embedding"]
        self.others = [p for name, p in named if p.ndim == 1 or name == "embedding"]
        self.momentum = [torch.zeros_like(p) for p in self.matrices]
        self.first, self.second = [torch.zeros_like(p) for p in self.others], [torch.zeros_like(p) for p in self.others]
        self.steps = 0
        self.groups = {}
        for index, p in enumerate(self.matrices):
            self.groups.setdefault((min(p.shape), max(p.shape)), []).append(index)

    def state(self):
        return {"steps": self.steps, "momentum": self.momentum, "first": self.first, "second": self.second}

    def restore(self, state):
        self.steps = state["steps"]
        for name in ("momentum", "first", "second"):
            for mine, stored in zip(getattr(self, name), state[name]):
                mine.copy_(stored)

    @torch.no_grad()
    def step(self, scale):
        """Applies the gradients at `scale` times the base rates, then drops them."""
        self.steps += 1
        torch.nn.utils.clip_grad_norm_(self.others, self.clip)
        self._step_matrices(self.rates[0] * scale)
        self._step_others(self.rates[1] * scale)
        for p in self.matrices + self.others:
            p.grad = None

    def _step_matrices(self, rate):
        beta = min(0.95, 0.85 + 0.1 * self.steps / 200)
        for indices in self.groups.values():
            updates = []
            for index in indices:
                gradient = self.matrices[index].grad
                self.momentum[index].mul_(beta).add_(gradient, alpha=1 - beta)
                update = gradient * (1 - beta) + self.momentum[index] * beta
                updates.append(update if update.shape[0] <= update.shape[1] else update.t())
            for index, update in zip(indices, orthogonalise(torch.stack(updates))):
                p = self.matrices[index]
                update = update if p.shape[0] <= p.shape[1] else update.t()
                p.mul_(1 - rate * self.decay).add_(update, alpha=-rate * max(1, p.shape[0] / p.shape[1]) ** 0.5)

    def _step_others(self, rate, beta1=0.9, beta2=0.95):
        for p, first, second in zip(self.others, self.first, self.second):
            first.mul_(beta1).add_(p.grad, alpha=1 - beta1)
            second.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            p.add_((first / (1 - beta1 ** self.steps)) / ((second / (1 - beta2 ** self.steps)).sqrt() + 1e-8), alpha=-rate)
