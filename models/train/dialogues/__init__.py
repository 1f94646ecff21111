"""Synthetic tool-calling dialogues. Pure Python, no dependency; every choice comes from one seeded `random.Random`."""
