#!/usr/bin/env python3
"""Trains a small GPT with PyTorch on whatever Headrace reads: text (a token is a byte), .jsonl, .bin, .npy, ...

    python3 torch_train.py /usr/share/common-licenses/GPL-3
    python3 torch_train.py --device cuda --state run.pt train.bin

With --loader torch the same windows come in the same order from torch's own DataLoader: on the CPU the losses are equal
to the last bit. On a GPU the loader's memory is pinned, and a batch is one copy that nobody waits for. Each line says
which part of the time went into the next batch, the calls for its copy included, and which part of that was waiting for
the loader's threads.
"""
import argparse
import os
import pickle
import sys
import time

import numpy as np
import torch
from torch import nn

import headrace
from headrace.torch import to_device


def attend(queries, keys, values):
    """Causal attention over [batch, heads, places, width]."""
    if hasattr(nn.functional, "scaled_dot_product_attention"):  # torch 2
        return nn.functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1]**0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return scores.masked_fill(later, float("-inf")).softmax(-1) @ values


class Block(nn.Module):
    """Attention, then two layers, each behind a norm and beside the way past it."""

    def __init__(self, heads, width):
        super().__init__()
        self.heads, self.first, self.second = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        parts = self.attention(self.first(x)).chunk(3, dim=-1)
        found = attend(*(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts))
        x = x + self.mixed(found.transpose(1, 2).flatten(2))
        return x + self.layers(self.second(x))


class Gpt(nn.Module):
    """Learned places; the head shares the embedding's weights."""

    def __init__(self, vocabulary, length, layers, heads, width):
        super().__init__()
        self.ids, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(heads, width) for _ in range(layers)), nn.LayerNorm(width))
        nn.init.normal_(self.ids.weight, std=0.02)

    def forward(self, ids):
        return self.blocks(self.ids(ids) + self.places.weight[:ids.shape[1]]) @ self.ids.weight.T

    def loss(self, ids, targets, mask):
        """The mean over the positions that count."""
        losses = nn.functional.cross_entropy(self(ids).float().flatten(0, 1), targets.flatten(), reduction="none")
        return (losses * mask.flatten()).sum() / mask.sum().clamp(min=1)


class Headrace:
    """Batches from headrace.Loader."""

    def __init__(self, dataset, vocabulary, options):
        pin = options.device.type == "cuda"
        self.loader = headrace.Loader(dataset, **order(options), sequence_length=options.sequence_length, pin=pin,
                                      workers=options.workers, vocab_size=vocabulary,
                                      id_type="uint16" if pin and vocabulary <= 65536 else "int64")
        self.state_dict, self.load_state_dict = self.loader.state_dict, self.loader.load_state_dict
        self.device = options.device
        # Behind the steps, which are asked for long before they run, copies would come late, and next() wait for them.
        self.copying = torch.cuda.Stream() if pin else None

    def __next__(self):
        found = to_device(next(self.loader), self.device, self.copying, ids=torch.int64)
        return found["input"], found["target"], found["mask"]

    def waited(self):
        """Seconds, for the loader's threads."""
        return self.loader.stats().trainer_wait_ns / 1e9


class Windows(torch.utils.data.Dataset):
    """Windows of `length` tokens that follow each other, each with the tokens one further."""

    def __init__(self, tokens, length):
        self.tokens, self.length = torch.from_numpy(tokens), length

    def __len__(self):
        return (len(self.tokens) - 1) // self.length

    def __getitem__(self, index):
        row = self.tokens[index * self.length:(index + 1) * self.length + 1].long()
        return row[:-1], row[1:]


class Torch:
    """The same batches from torch's DataLoader. Its sampler is a Loader over the numbers of the windows, as rows of one
    token: which comes when depends on their number and the seed alone."""

    def __init__(self, dataset, vocabulary, options):
        windows = Windows(dataset.read(0, dataset.tokens), options.sequence_length)
        self.order = headrace.Loader(headrace.Dataset.from_memory(np.arange(len(windows) + 1, dtype=np.int32)),
                                     **order(options), sequence_length=1)
        self.state_dict, self.load_state_dict = self.order.state_dict, self.order.load_state_dict
        self.options, self.windows, self.batches = options, windows, None

    def __next__(self):
        if self.batches is None:
            sampler = (batch.input[:, 0].tolist() for batch in self.order)
            self.batches = iter(torch.utils.data.DataLoader(self.windows, batch_sampler=sampler,
                                                            pin_memory=self.options.device.type == "cuda"))
        ids, targets = (tensor.to(self.options.device, non_blocking=True) for tensor in next(self.batches))
        return ids, targets, torch.ones(ids.shape, device=ids.device)

    def waited(self):
        return 0.0  # it does not say


def order(options):
    """What both loaders are told of the order."""
    return {"batch_size": options.batch_size, "seed": options.seed, "epochs": None, "drop_last": True}


class Run:
    """A model, what it learns from, and how far it is."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        dataset = headrace.Dataset(options.data)
        vocabulary = -(-(dataset.id_range()[1] + 1) // 64) * 64
        self.options, self.step = options, 0
        self.batches = (Headrace if options.loader == "headrace" else Torch)(dataset, vocabulary, options)
        self.model = Gpt(vocabulary, options.sequence_length, options.layers, options.heads, options.width)
        self.model.to(options.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.learning_rate)
        if options.state and os.path.exists(options.state):
            self.load()
        parameters = sum(p.numel() for p in self.model.parameters())
        print(f"{dataset.tokens} tokens, {vocabulary} ids, {parameters / 1e6:.2f} M parameters, "
              f"loader {options.loader}, {options.device}, from step {self.step}", flush=True)

    def train_step(self, batch):
        """The loss, still on the device."""
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.options.device.type, dtype=torch.bfloat16, enabled=self.options.device.type == "cuda"):
            loss = self.model.loss(*batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return loss.detach()

    def save(self):
        state = {"step": self.step, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                 "batches": self.batches.state_dict()}
        torch.save(state, self.options.state + ".part")
        os.replace(self.options.state + ".part", self.options.state)

    def load(self):
        try:
            state = torch.load(self.options.state, map_location=self.options.device)
        except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
            raise ValueError(f"{self.options.state} is not a state of torch_train.py: {error}") from None
        if not isinstance(state, dict) or not {"step", "model", "optimizer", "batches"} <= state.keys():
            raise ValueError(f"{self.options.state} is not a state of torch_train.py")
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.batches.load_state_dict(state["batches"])


def train(options):
    """Trains for options.steps steps, or options.seconds. The run, its losses, and which parts of the time it spent in
    next, and in there waited for the loader's threads."""
    run, losses, shown = Run(options), [], 0
    parts = 0.0, 0.0
    for i in range(options.steps):
        before = time.perf_counter()
        if i == 1:  # what is measured: the first step makes what stays
            start, in_next, waited = before, 0.0, run.batches.waited()
        batch = next(run.batches)
        if i > 0:
            in_next += time.perf_counter() - before
        losses.append(run.train_step(batch))
        last = i + 1 == options.steps or i > 0 and time.perf_counter() - start >= options.seconds
        if (i + 1) % options.every == 0 or last:
            losses[shown:] = [loss.item() for loss in losses[shown:]]  # waits for the device
            line, shown = f"step {run.step}: loss {sum(losses[shown:]) / (i + 1 - shown):.4f}", i + 1
            if i > 0:
                seconds = time.perf_counter() - start
                parts = in_next / seconds, (run.batches.waited() - waited) / seconds
                tokens = i * options.batch_size * options.sequence_length
                line += f", {tokens / seconds:,.0f} tokens/s, {100 * parts[0]:.2f} % of the time in next"
                line += f", {100 * parts[1]:.2f} % waiting" if options.loader == "headrace" else ""
            print(line, flush=True)
        if last:
            break
    if options.state:
        run.save()
    return run, losses, parts


def whole(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="files, folders or patterns")
    parser.add_argument("--loader", choices=("headrace", "torch"), default="headrace", help="default: headrace")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument("--state", metavar="FILE", help="go on from there, if it is there, and save there at the end")
    for name, default, what in (("steps", 100, "how many"), ("batch-size", 16, "rows"),
                                ("sequence-length", 128, "tokens of a row"), ("layers", 4, "blocks"),
                                ("heads", 4, "of attention"), ("width", 128, "of the model"),
                                ("workers", 1, "threads of headrace's loader"),
                                ("every", 10, "steps from line to line")):
        parser.add_argument(f"--{name}", type=whole, default=default, metavar="N", help=f"{what}; default: {default}")
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="S", help="end after so many, too")
    parser.add_argument("--learning-rate", type=float, default=1e-3, metavar="X", help="default: 0.001")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of weights and order; default: 1")
    options = parser.parse_args(arguments)
    if options.width % options.heads:
        parser.error(f"--width is {options.width}, expected a multiple of --heads, {options.heads}")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device is cuda, but torch finds no CUDA device")
    options.device = torch.device(options.device)
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        train(options)
    except (headrace.Error, OSError, ValueError, RuntimeError) as error:
        sys.exit(f"torch_train.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
