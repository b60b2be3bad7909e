#!/usr/bin/env python3
"""Trains the vocabulary of the tests, and writes it as small.json (Hugging Face's tokenizer.json) and as
small.tiktoken (a rank file), with the same ids.

Usage: train.py          in tests/vocabulary; the text is the GNU GPL as Debian has it, and the one below.
"""
import base64
import collections
import json
import re

TOKENS = 1000
OTHER = """
Die Mühle am Bach mahlt Roggen; das Wasser fließt über das Rad, fünfmal, zwölfmal, und der Müller grüßt.
Où est passée l'eau du moulin ? Elle coule déjà très loin, là-bas, près de la forêt où l'été s'achève.
Мельница стоит на реке, вода вращает колесо, и мельник мелет зерно. Вода, вода, вода.
水車小屋のそばを川が流れ、水は車を回し、粉屋は麦を挽く。水は流れる。水車は回る。
磨坊在河边，水推动水车，磨工磨面粉。水流不停，水车不停。
물레방앗간 옆으로 강이 흐르고, 물은 바퀴를 돌린다.
int main(void) { for (int i = 0; i < 10; i++) { printf("%d\\n", i); } return 0; }
if (x != NULL && x->next == NULL) {\n    return x->value;\n}\n\n\n\t\tdon't won't I'll they've we're she'd it's
2023 2024 1999 100 3.14159 0x1F 1,000,000 😀 👩‍💻 🇩🇪 café naïve
"""
WORDS = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def alphabet():
    """A printable character for each byte, as GPT-2 has them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}


def train(text):
    """The tokens, in the order of their ids, and the merges, in the order of their ranks."""
    words = collections.Counter(WORDS.findall(text))
    parts = {w: [bytes([b]) for b in w.encode()] for w in words}
    # Printable bytes first, as everybody's vocabulary has them: an id is not the byte.
    tokens = [bytes([b]) for b in sorted(range(256), key=lambda b: (len(alphabet()[b].encode()) > 1, b))]
    merges = []
    while len(tokens) < TOKENS:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(parts[word], parts[word][1:]):
                pairs[pair] += count
        best = max(pairs, key=lambda p: (pairs[p], p))
        whole = best[0] + best[1]
        merges.append(best)
        if whole not in tokens:
            tokens.append(whole)
        for word, part in parts.items():
            i = 0
            while i + 1 < len(part):
                if (part[i], part[i + 1]) == best:
                    part[i : i + 2] = [whole]
                i += 1
    return tokens, merges


def main():
    with open("/usr/share/common-licenses/GPL-3", encoding="utf-8") as file:
        tokens, merges = train(file.read() + OTHER * 8)
    names = alphabet()

    def spell(token):
        return "".join(names[b] for b in token)

    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": len(tokens), "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {spell(t): i for i, t in enumerate(tokens)},
            "merges": [[spell(a), spell(b)] for a, b in merges],
        },
    }
    with open("small.json", "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, ensure_ascii=False, separators=(",", ": "))
        file.write("\n")
    with open("small.tiktoken", "w", encoding="ascii") as file:
        for i, t in enumerate(tokens):
            file.write(f"{base64.b64encode(t).decode()} {i}\n")


if __name__ == "__main__":
    main()
