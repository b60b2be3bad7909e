"""Types and documentation: mypy is content with the package and sees what a program does wrong; all says what it is."""
import inspect
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import headrace

PACKAGE = os.path.dirname(os.path.abspath(headrace.__file__))

PROGRAM = """\
import headrace
import numpy as np
from headrace.transforms import mask
from numpy.typing import NDArray

dataset = headrace.Dataset(["a", b"b"], format="npy")
first: int = dataset[0]
last: NDArray[np.int32] = dataset[-3:]
name: str = dataset.files[0].path
with headrace.Dataset.from_memory([1, 2]) as again:
    kept: headrace.Dataset = again
text: str = headrace.normalize("a")
data: bytes = headrace.normalize(b"a")
done: headrace.Written = headrace.tokenize("a", "b", progress=lambda state: print(state.tokens))
masking = mask(probability=0.1, mask_id=1, vocab_size=3)
loader = headrace.Loader(dataset, batch_size=1, sequence_length=2, transforms=[masking])
for batch in loader:
    step: int = batch.step
headrace.Dataset(1.5)  # wrong
headrace.Dataset("a", format=3)  # wrong
headrace.Dataset("a", formt="npy")  # wrong
wrong: str = dataset[0]  # wrong
other: bytes = headrace.normalize("a")  # wrong
headrace.Loader("a", batch_size="1", sequence_length=2)  # wrong
"""


class Typing(unittest.TestCase):

    @unittest.skipUnless(shutil.which("mypy"), "no mypy (Debian: mypy)")
    def test_mypy_is_content_with_the_package_and_sees_what_is_wrong_in_a_program(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(PROGRAM)
            found = subprocess.run(["mypy", "--strict", "--cache-dir", os.devnull, PACKAGE, path], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200,
                                   env={**os.environ, "MYPYPATH": os.path.dirname(PACKAGE)}).stdout
        wrong = [str(i) for i, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")]
        self.assertEqual(re.findall(r"program\.py:(\d+): error", found), wrong, found)
        self.assertEqual([line for line in found.splitlines() if ": error" in line and "program.py" not in line], [])
        self.assertIn("source files", found)

    def test_the_package_says_that_it_has_types(self):
        self.assertTrue(os.path.exists(os.path.join(PACKAGE, "py.typed")))


class Documentation(unittest.TestCase):

    def public(self):
        for module in (headrace, headrace.transforms):
            self.assertTrue(module.__doc__)
            for name in module.__all__:
                yield f"{module.__name__}.{name}", getattr(module, name)

    def members(self, kind):
        for name, member in vars(kind).items():
            if not name.startswith("_") and (callable(member) or isinstance(member, (property, classmethod))):
                yield name, member

    def test_all_that_is_public_says_what_it_is(self):
        silent = []
        for name, thing in self.public():
            if not inspect.getdoc(thing):
                silent.append(name)
            if inspect.isclass(thing):
                silent += [f"{name}.{inner}" for inner, member in self.members(thing) if not inspect.getdoc(member)]
        self.assertEqual(silent, [])

    def test_what_is_public_is_named_as_it_is_found(self):
        self.assertEqual([name for name, thing in self.public()
                          if not inspect.ismodule(thing) and name != f"{thing.__module__}.{thing.__qualname__}"], [])

    def test_every_argument_of_the_large_calls_is_explained(self):
        for call, *places in (
            (headrace.Dataset.__init__, headrace.Dataset),
            (headrace.Dataset.from_memory, headrace.Dataset.from_memory, headrace.Dataset),
            (headrace.Loader.__init__, headrace.Loader),
            (headrace.Tokenizer.__init__, headrace.Tokenizer),
            (headrace.Writer.__init__, headrace.Writer),
            (headrace.normalize, headrace.normalize),
            (headrace.metrics, headrace.metrics),
            (headrace.tokenize, headrace.tokenize, headrace.Writer, headrace.Dataset),
            (headrace.Loader.__init__, headrace.Loader),
        ):
            text = "".join(place.__doc__ for place in places)
            with self.subTest(call.__qualname__):
                names = [name for name in inspect.signature(call).parameters if name not in ("self", "cls")]
                self.assertEqual([name for name in names if not re.search(rf"\b{name}\b", text)], [])


if __name__ == "__main__":
    unittest.main()
