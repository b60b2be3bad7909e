"""Keys and keyed permutations: transcribed from src/base/mix.h and src/loader/plan/permutation.c, since a shuffled order cannot
be found in any other way. What else is transcribed says from where; the rest is written from what the headers promise."""
import numpy as np

ALL = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
ROUNDS = 10


def mix64(x):
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & ALL
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & ALL
    return x ^ x >> 31


def mix64_with(key, word):
    return mix64((key + GOLDEN + mix64(word)) & ALL)


def mix64_each(x):
    """mix64 of an array of uint64."""
    x = x ^ x >> np.uint64(30)
    x = x * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ x >> np.uint64(27)
    x = x * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def permutation(count, key):
    """Where each of [0, count) goes: the whole domain is enciphered once, and cycles are walked along."""
    bits = max(8, (count - 1).bit_length())
    low_bits = (bits + 1) // 2
    shift, low_mask = np.uint64(low_bits), np.uint64((1 << low_bits) - 1)
    high_mask = np.uint64((1 << (bits - low_bits)) - 1)
    domain = np.arange(1 << bits, dtype=np.uint64)
    low, high = domain & low_mask, domain >> shift
    for number in range(ROUNDS):
        key = mix64_with(key, number)
        if number % 2 == 0:
            high = high ^ mix64_each(low + np.uint64(key)) & high_mask
        else:
            low = low ^ mix64_each(high + np.uint64(key)) & low_mask
    table = (high << shift | low).astype(np.int64)
    values = table[:count]
    while (values >= count).any():
        values = np.where(values >= count, table[values], values)
    return values


class Random:
    """The stream of random numbers of a transform."""

    def __init__(self, key):
        self.state = mix64(key)

    def next(self):
        self.state = self.state + GOLDEN & ALL
        return mix64(self.state)

    def uniform(self):
        return np.float32(self.next() >> 40) * np.float32(2.0**-24)
