"""What the package declares of the library is what its headers say: a compiler compares both, to the byte."""
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from headrace import _declarations as c

HEADERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "include")
COMPILER = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")

# Enums: the C type, what its values begin with, and which words are not the rest of their names.
ENUMS = {
    "STATUS": ("batch_status", "BATCH_", {}),
    "TENSOR_TYPE": ("tensor_type", "TENSOR_", {}),
    "ID_TYPE": ("batch_id_type", "BATCH_IDS_", {}),
    "SHUFFLE": ("batch_shuffle", "BATCH_SHUFFLE_", {}),
    "PACKING": ("batch_packing", "BATCH_PACK_", {}),
    "FAULTS": ("batch_faults", "BATCH_FAULT_", {}),
    "BOTTLENECK": ("batch_bottleneck", "BATCH_BOTTLENECK_", {}),
    "FILE_FORMAT": ("batch_format", "BATCH_FORMAT_", {}),
    "TOKEN_TYPE": ("batch_token_type", "BATCH_TOKEN_", {"auto": "DEFAULT"}),
    "SEPARATOR": ("batch_separator", "BATCH_SEPARATOR_", {}),
    "FILE_IO": ("batch_io", "BATCH_IO_", {}),
    "BAD_LINE": ("batch_bad_line", "BATCH_BAD_LINE_", {}),
    "LOSS": ("batch_loss", "BATCH_LOSS_", {}),
    "SUBSET": ("batch_subset", "BATCH_SUBSET_", {}),
    "SPANS": ("batch_spans", "BATCH_SPANS_", {}),
    "SPLIT": ("batch_text_split", "BATCH_SPLIT_", {}),
    "SPECIALS": ("batch_specials", "BATCH_SPECIALS_", {}),
    "MALFORMED": ("batch_malformed", "BATCH_MALFORMED_", {}),
    "NORMAL_FORM": ("batch_normal_form", "BATCH_NORMAL_", {}),
    "TOKENIZER_KIND": ("batch_tokenizer_kind", "BATCH_TOKENIZER_", {}),
}
CONSTANTS = {
    "NO_WAIT": "BATCH_NO_WAIT", "FOREVER": "BATCH_FOREVER", "ENDLESS": "BATCH_LOADER_ENDLESS",
    "NO_PLACE": "BATCH_NO_PLACE", "MAX_SKIPS": "BATCH_LOADER_MAX_SKIPS", "TOKENIZER_FAILED": "BATCH_TOKENIZER_FAILED",
    "NO_TOKEN": "BATCH_NO_TOKEN"
}
# Structs whose name is not batch_ and the class's, and how an anonymous one is reached.
NAMES = {"Tensor": "Tensor", "Batch": "Batch", "Origin": "tensor_origin", "State": "batch_loader_state",
         "Skip": "batch_loader_skip"}
FIELDS = {("Tensor", "own"): "dims"}
PARTS = {"Own"}  # compared as a field of Tensor; the base of the others
ABSTRACT = {"Options"}

# The public functions that the package does without.
UNUSED = {
    "the sentence of a failure is asked for right after it": ["batch_clear_error"],
    "elements are NumPy's": [
        "tensor_create", "tensor_create_typed", "tensor_free", "tensor_copy", "tensor_view_rows", "tensor_reshape",
        "tensor_get", "tensor_set", "tensor_fill", "tensor_print", "tensor_type_size", "tensor_type_name"
    ],
    "batches come from a loader, and what is done with them is NumPy's": [
        "batch_create", "batch_create_with", "batch_free", "batch_copy", "batch_split", "batch_merge", "batch_print",
        "batch_validate", "batch_validate_strict"
    ],
    "for the threads of a program in C": [
        "batch_queue_", "batch_spheres_", "batch_distribute_to_spheres", "batch_assign_to_group",
        "batch_symmetry_group", "batch_balance_distribution"
    ],
    "a loader makes its own pools": ["batch_pool_"],
    "functions of the caller's would hold the interpreter's lock in every worker": [
        "batch_tokenizer_custom", "batch_random_"
    ],
    "batch_tokenizer_open knows a SentencePiece model by its bytes": ["batch_tokenizer_sentencepiece"],
    "batch_tokenizer_describe says it": ["batch_tokenizer_vocab_size", "batch_tokenizer_end_of_text"],
    "documents are decoded whole": ["batch_decoder_"],
    "names are the package's words": [
        "batch_format_name", "batch_token_type_name", "batch_token_type_size", "batch_bottleneck_name"
    ],
    "batch_writer_append_masked does it": ["batch_writer_append"],
    "who writes anew what a file holds reads it with other tools": ["batch_writer_check_input"],
    "batch_loader_next_until does it, in parts that a signal can interrupt": ["batch_loader_next"],
}

# How a type of the headers is compared with one of ctypes: const falls away, enums are what they are stored as, and a
# void pointer of the package's may be any.
PRELUDE = """
#include <headrace/headrace.h>
#include <cstddef>
#include <type_traits>
template <class T, bool = std::is_enum<T>::value> struct plain { using type = T; };
template <class T> struct plain<T, true> { using type = typename std::underlying_type<T>::type; };
template <class T> struct bare { using type = typename plain<T>::type; };
template <class T> struct bare<const T> : bare<T> {};
template <class T> struct bare<T *> { using type = typename bare<T>::type *; };
template <class T, std::size_t n> struct bare<T[n]> { using type = typename bare<T>::type[n]; };
template <> struct bare<batch_atomic_int> { using type = int; };
template <class R, class... A> struct bare<R(A...)> {
  using type = typename bare<R>::type(typename bare<A>::type...);
};
template <class D, class T> struct same : std::is_same<D, T> {};
template <class D, class T> struct same<D *, T *> : same<D, T> {};
template <class T> struct same<void *, T *> : std::true_type {};
template <class D, class T, std::size_t n> struct same<D[n], T[n]> : same<D, T> {};
template <class... T> struct list;
template <class D, class T> struct all_same : std::false_type {};
template <> struct all_same<list<>, list<>> : std::true_type {};
template <class D, class... Ds, class T, class... Ts> struct all_same<list<D, Ds...>, list<T, Ts...>>
    : std::integral_constant<bool, same<D, T>::value && all_same<list<Ds...>, list<Ts...>>::value> {};
template <class R, class... A, class S, class... B> struct same<R(A...), S(B...)>
    : all_same<list<R, A...>, list<S, B...>> {};
template <class D, class T> constexpr bool fits() { return same<D, typename bare<T>::type>::value; }
"""


def c_type(declared):
    """A type of ctypes, as C++ writes it."""
    if declared is None:
        return "void"
    if declared is ctypes.c_void_p:
        return "void *"
    if declared is ctypes.c_char_p:
        return "char *"
    if declared is ctypes.c_bool:
        return "bool"
    if hasattr(declared, "_argtypes_"):
        return f"{c_type(declared._restype_)} (*)({', '.join(map(c_type, declared._argtypes_))})"
    if hasattr(declared, "_length_"):
        return f"{c_type(declared._type_)}[{declared._length_}]"
    if hasattr(declared, "contents"):
        return c_type(declared._type_) + " *"
    if issubclass(declared, ctypes.Structure):
        return struct_name(declared)
    if declared._type_ in "fd":
        return {"f": "float", "d": "double"}[declared._type_]
    return f"{'' if declared(-1).value < 0 else 'u'}int{8 * ctypes.sizeof(declared)}_t"


def struct_name(struct):
    words = re.sub(r"(?<!^)([A-Z])", r"_\1", struct.__name__).lower()
    return NAMES.get(struct.__name__, "batch_" + words)


def structs(module):
    return [s for s in vars(module).values() if isinstance(s, type) and issubclass(s, ctypes.Structure)
            and s.__module__ == module.__name__ and s.__name__ not in PARTS | ABSTRACT]


def check(condition, what):
    return f'static_assert({condition}, "{what}");'


def of_struct(struct):
    """Size, places and types of the fields, and that there are no others."""
    name = struct_name(struct)
    yield check(f"sizeof({name}) == {ctypes.sizeof(struct)}", name)
    for field, declared in struct._fields_:
        there = FIELDS.get((struct.__name__, field), field)
        yield check(f"offsetof({name}, {there}) == {getattr(struct, field).offset}", f"{name}.{field}")
        if issubclass(declared, ctypes.Union):
            yield check(f"sizeof {name}::{there} <= {ctypes.sizeof(declared)}", f"{name}.{field}")
        else:
            yield check(f"fits<{c_type(declared)}, decltype({name}::{there})>()", f"{name}.{field}: {c_type(declared)}")
    nothing = ", ".join("{}" for _ in struct._fields_)
    yield f"const {name} all_of_{name} = {{{nothing}}};"  # -Wmissing-field-initializers


def of_enum(words, kind, prefix, others):
    """The value of each word, and that there are no others."""
    values = {prefix + others.get(word, word.upper()): value for value, word in enumerate(words) if word}
    for name, value in values.items():
        yield check(f"{name} == {value}", name)
    cases = " ".join(f"case {name}:" for name in values)
    yield f"void all_of_{kind}({kind} value) {{ switch (value) {{ {cases} break; }} }}"  # -Wswitch


def program(module):
    lines = [PRELUDE]
    for name, macro in CONSTANTS.items():
        suffix = "u" if getattr(module, name) >= 0 else ""
        lines.append(check(f"{macro} == {getattr(module, name)}{suffix}", macro))
    lines.append(check(f"HEADRACE_VERSION / 100 == {module.VERSION[0] * 100 + module.VERSION[1]}", "HEADRACE_VERSION"))
    for name, description in ENUMS.items():
        lines += of_enum(getattr(module, name), *description)
    for struct in structs(module):
        lines += of_struct(struct)
    for name, (answer, arguments) in module.FUNCTIONS.items():
        signature = f"{c_type(answer)}({', '.join(map(c_type, arguments))})"
        lines.append(check(f"fits<{signature}, decltype({name})>()", f"{name}: {signature}"))
    return "\n".join(lines) + "\n"


def compiles(text):
    """What the compiler says of a program; nothing, if it is fine."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([COMPILER, "-std=c++14", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused",
                               "-Wno-invalid-offsetof", "-I", HEADERS, file.name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.stdout if done.returncode else ""


def public_functions():
    names = []
    for header in sorted(os.listdir(os.path.join(HEADERS, "headrace"))):
        if header.endswith(".h"):
            with open(os.path.join(HEADERS, "headrace", header), encoding="utf-8") as file:
                names += re.findall(r"^HEADRACE_API [^;(]*?(\w+)\(", file.read(), re.MULTILINE)
    return names


def is_unused(name):
    return any(name == unused or unused.endswith("_") and name.startswith(unused)
               for names in UNUSED.values() for unused in names)


@unittest.skipUnless(COMPILER, "no C++ compiler")
class Declarations(unittest.TestCase):
    maxDiff = None

    def test_all_is_as_the_headers_say(self):
        self.assertEqual(compiles(program(c)), "")

    def wrong(self, at, *lines):
        """A compiler refuses these lines, and says which of them."""
        self.assertIn(at, compiles("\n".join((PRELUDE,) + lines)))

    def test_a_wrong_field_argument_or_value_is_seen(self):
        class WriterOptions(c.Options):
            _fields_ = [(name, ctypes.c_uint32 if name == "shard_tokens" else type_)
                        for name, type_ in c.WriterOptions._fields_]

        class Skip(ctypes.Structure):
            _fields_ = c.Skip._fields_[:2] + [("count", ctypes.c_int64)]

        class DatasetFile(c.Options):
            _fields_ = [field for field in c.DatasetFile._fields_ if field[0] != "tokenized"]

        self.wrong("batch_writer_options.shard_tokens", *of_struct(WriterOptions))
        self.wrong("batch_loader_skip.count", *of_struct(Skip))
        self.wrong("missing", *of_struct(DatasetFile))
        self.wrong("BATCH_SHUFFLE_NONE", *of_enum(("all", "none", "blocks"), *ENUMS["SHUFFLE"]))
        self.wrong("not handled", *of_enum(c.SHUFFLE[:2], *ENUMS["SHUFFLE"]))
        for wrong in ("uint32_t(void *)", "int64_t(void *)", "uint64_t(void *, void *)", "uint64_t(uint64_t)",
                      "void *(void *)"):
            self.wrong("TOKENS", check(f"fits<{wrong}, decltype(batch_dataset_tokens)>()", "TOKENS"))
        for wrong in ("bool(*)(void *, void *, int)", "bool(*)(void *, batch_error *)", "int(*)(void *, void *)"):
            self.wrong("CALLBACK", check(f"fits<{wrong}, batch_tokenize_callback>()", "CALLBACK"))
        self.wrong("RANK", check("fits<bool(uint32_t *, uint64_t *), decltype(batch_launcher_rank)>()", "RANK"))

    def test_every_public_function_is_declared_or_left_out_for_a_reason(self):
        public = public_functions()
        self.assertGreater(len(public), 100)
        self.assertEqual([name for name in public if name not in c.FUNCTIONS and not is_unused(name)], [])
        self.assertEqual([name for name in c.FUNCTIONS if is_unused(name)], [])
        self.assertEqual([name for names in UNUSED.values() for name in names
                          if not any(function.startswith(name) for function in public)], [])
        self.assertLessEqual(c.QUICK, set(c.FUNCTIONS))


if __name__ == "__main__":
    unittest.main()
