// Writes vectors.jsonl: what the references make of random texts, with small.json, changed in many ways, and
// small.tiktoken.
// Usage: npm install tokenizers@0.23 tiktoken@1.0; node vectors.mjs [TEXTS [SEED]] > vectors.jsonl
// A line is a tokenizer: "file", "split" (of a rank file), "replace" ([old, new] in the file, in this order), "specials";
// or what the last one makes of a text: "text", "ids".
import fs from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const { Tokenizer } = require("tokenizers");
const { Tiktoken } = require("tiktoken");

const here = new URL(".", import.meta.url).pathname;
const json = fs.readFileSync(here + "small.json", "utf8");
const ranks = fs.readFileSync(here + "small.tiktoken", "utf8");
const count = Number(process.argv[2] ?? 12);
let state = BigInt(process.argv[3] ?? 1);

function below(n) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(n));
}

const pick = (list) => list[below(list.length)];

const scraps = ["the", "The", " water", "Wheel", "don't", "WE'LL", "'s", "'S", "ſ", "é", "e\u0301", "caf\u00e9", "cafe\u0301", "A\u030a", "\u212b", "ﬁ", "①",
  "½", "²", "１２", "水車", "水", "가", "\u1100\u1161", "\u1100\u1161\u11a8", "각", "नि", "\u0301", "\u0327\u0301", "\u0301\u0327", "😀", "👩\u200d💻", "🇩🇪", "1", "12", "123", "1234567", "3.14", "x_y", "_",
  "/", "//", "...", "!?", "(", "{\n", "}\n\n", "\n", "\n\n", "\r\n", "\t", " ", "  ", "   ", "     ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u000b", "İ", "ß", "Ǆ", "ꟃ", "ª", "ⅷ",
  "<|endoftext|>", "<|endoftext|", "<think>", "<think> ", " <think>", "</think>", "<a", "<a>", "<a>b", "<mask>", "word", " word ", "sword", "words", "wörd", "token", "\u0000", "Ġ", "Ċ"];

function text() {
  let s = "";
  for (let n = 1 + below(24); n > 0; n--) s += pick(scraps);
  return s;
}

const added = (list) =>
  JSON.stringify(list.map(([content, flags = ""], i) => ({
    id: 1000 + i, content, single_word: flags.includes("w"), lstrip: flags.includes("l"), rstrip: flags.includes("r"),
    normalized: flags.includes("n"), special: flags.includes("s")})));
const end = ["<|endoftext|>", "s"];
const own = /"added_tokens": (\[.*?\])/.exec(json)[1];
const byteLevel = /"pre_tokenizer": (\{.*?\})/.exec(json)[1];
const tokens = (...list) => [`"added_tokens": ${own}`, `"added_tokens": ${added(list)}`];
const normal = (value) => ['"normalizer": null', `"normalizer": ${JSON.stringify(value)}`];
const split = (...steps) => [`"pre_tokenizer": ${byteLevel}`, `"pre_tokenizer": ${JSON.stringify({type: "Sequence",
  pretokenizers: [...steps, {type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false}]})}`];
const regex = (pattern, behavior = "Isolated", invert = false) => ({type: "Split", pattern: {Regex: pattern}, behavior, invert});
const string = (pattern, behavior, invert = false) => ({type: "Split", pattern: {String: pattern}, behavior, invert});

const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const cl100k = llama3;
const qwen2 = llama3.replace("{1,3}", "");
const o200k = ["[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}",
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*", "\\s*[\\r\\n]+", "\\s+(?!\\S)", "\\s+"].join("|");
const deepseek3 = [regex("\\p{N}{1,3}"), regex("[一-龥぀-ゟ゠-ヿ]+"),
  regex("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")];

const stripping = [end, ["<think>", "l"], ["</think>", "r"], ["<mask>", "lrs"], ["word", "w"], ["token", "lrw"]];
const overlapping = [["<a", ""], ["<a>", "s"], ["<a>b", ""], ["  ", "n"], ["   ", "n"], ["a>", ""], end];
const normalized = [end, ["<think>", "n"], ["cafe\u0301", "n"], ["\u212b", "n"], ["word", "nw"], ["①", ""], ["</think>", "nlr"], ["ﬁ", "ns"]];

// Each is a list of replacements in small.json.
const variants = [
  [],
  [tokens(...stripping)],
  [tokens(...overlapping)],
  [tokens(...normalized)],
  [normal({type: "NFC"})],
  [normal({type: "NFC"}), tokens(...normalized)],
  [normal({type: "NFKC"}), tokens(...normalized)],
  [normal({type: "Sequence", normalizers: [{type: "NFKC"}, {type: "NFC"}]}), tokens(...stripping)],
  [normal({type: "Sequence", normalizers: []})],
  [split(regex(llama3)), tokens(...overlapping)],
  [split(regex(qwen2)), normal({type: "NFC"}), tokens(...normalized)],
  [split(regex(o200k, "Removed", true))],
  [split(...deepseek3), tokens(...overlapping)],
  [split({type: "Digits", individual_digits: true})],
  [split({type: "Digits", individual_digits: false}, regex(gpt2))],
  [split(string(" ", "MergedWithNext"))],
  [split(string("the", "MergedWithPrevious"))],
  [split(string(" ", "Removed"), regex("\\d", "Contiguous"))],
  [['"ignore_merges": false', '"ignore_merges": true'], split(regex(llama3))],
  [['"type": "BPE",', ''], ['"trim_offsets": true,"use_regex": true', '"trim_offsets": false']],
];

function apply(replace) {
  return replace.reduce((s, [from, to]) => {
    if (!s.includes(from)) throw new Error(`no ${from}`);
    return s.replace(from, () => to);
  }, json);
}

// Without special tokens: what is spelled like one is text. The library that node has cannot be told so.
function withoutSpecials(file) {
  const j = JSON.parse(file);
  for (const t of j.added_tokens) if (t.special) t.content = "\u{10fffe}" + t.content + "\u{10ffff}";
  return JSON.stringify(j);
}

const put = (o) => process.stdout.write(JSON.stringify(o) + "\n");

for (const replace of variants) {
  const file = apply(replace);
  const overlaps = file.includes('"<a>b"'); // there a special token hides one that is not
  for (const specials of overlaps ? ["allow"] : ["allow", "ignore"]) {
    const tokenizer = Tokenizer.fromString(specials === "allow" ? file : withoutSpecials(file));
    put({file: "small.json", replace, specials});
    for (let i = 0; i < count; i++) {
      const t = text(), encoding = await tokenizer.encode(t, null, {addSpecialTokens: false});
      put({text: t, ids: encoding.getIds()});
    }
  }
}

// The tiktoken of npm reads ranks in lines of its own.
const lines = "! 0 " + ranks.trim().split("\n").map((line) => line.split(" ")[0]).join(" ");
for (const [name, pattern] of Object.entries({gpt2, cl100k, o200k, llama3, qwen2})) {
  const tokenizer = new Tiktoken(lines, {"<|endoftext|>": 1000}, pattern);
  for (const specials of ["allow", "ignore"]) {
    put({file: "small.tiktoken", split: name, specials});
    for (let i = 0; i < count; i++) {
      const t = text(), ids = specials === "allow" ? tokenizer.encode(t, "all") : tokenizer.encode(t, [], []);
      put({text: t, ids: Array.from(ids)});
    }
  }
}
