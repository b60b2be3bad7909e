/* Makes a corpus: texts of this machine, packed into documents of about a megabyte, and generated ones. The same files and the
   same seed give the same corpus.

   usage: node corpus.mjs OUTPUT-FOLDER MEGABYTES SEED NPM-FOLDER [TEXTS-FOLDER...]
     NPM-FOLDER     where the references are: which marks they put in order
     TEXTS-FOLDER   more texts, beside those of the system: unpacked Debian packages, npm's modules
     MEGABYTES      about so many, a quarter of them generated; below 10 only generated ones and the system's licences

   Three kinds of files lie in OUTPUT-FOLDER in the end:
     NAME.txt            one document
     NAME.jsonl          a document in each line's "text"; late-marks.jsonl alone has marks that a reference's NFC does not know
     NAME.damaged        one document that is not UTF-8
   and report.txt says what is in them. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { Chance, lateMarks, unicode, without } from './unicode.mjs';
import { kinds, runs, damaged } from './generate.mjs';

const [output, megabytesText, seedText, npm, ...folders] = process.argv.slice(2);
const megabytes = Number(megabytesText), seed = Number(seedText);
if (!output || !(megabytes > 0) || !Number.isInteger(seed) || !npm) {
  console.error('usage: node corpus.mjs OUTPUT-FOLDER MEGABYTES SEED NPM-FOLDER [TEXTS-FOLDER...]');
  process.exit(2);
}
fs.mkdirSync(output, { recursive: true });
const report = [], late = lateMarks(npm), lateSet = new Set(late);
const small = megabytes < 10;
const MB = 1e6, PACK = 1e6, MOST_OF_A_FILE = 1e6, FRONT = 4096;

/* All regular files below, in byte order. */
function* walk(folder) {
  let entries;
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(name);
    else if (entry.isFile()) yield name;
  }
}

const seen = new Set();
/* The file's text, or null for what is none, is empty or was there before. */
function textOf(name) {
  let bytes;
  try {
    bytes = fs.readFileSync(name);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = zlib.gunzipSync(bytes);
  } catch {
    return null;
  }
  if (bytes.length === 0 || bytes.subarray(0, FRONT).includes(0)) return null;
  if (bytes.length > MOST_OF_A_FILE) {
    let end = MOST_OF_A_FILE;
    while ((bytes[end] & 0xc0) === 0x80) end--;
    bytes = bytes.subarray(0, end);
  }
  if (!isUtf8(bytes)) return null;
  const hash = createHash('sha1').update(bytes).digest('base64');
  if (seen.has(hash)) return null;
  seen.add(hash);
  return bytes.toString('utf8');
}

/* Files in an order that chance says, so that a part of them is of everything. */
function shuffled(files, chance) {
  for (let i = files.length - 1; i > 0; i--) {
    const k = chance.below(i + 1);
    [files[i], files[k]] = [files[k], files[i]];
  }
  return files;
}

/* One of each package in turn, so that none of them is most of it. */
function inTurn(folders, chance) {
  const lists = folders.map((folder) => shuffled([...walk(folder)], chance)), files = [];
  for (let i = 0; lists.some((list) => i < list.length); i++) for (const list of lists) if (i < list.length) files.push(list[i]);
  return files;
}

let written = 0, removed = 0;
function write(name, data) {
  fs.writeFileSync(path.join(output, name), data);
  written += data.length;
  return data.length;
}

/* Packs texts of these files until there are so many bytes. */
function pack(group, files, most) {
  let parts = [], size = 0, total = 0, packs = 0, used = 0;
  const flush = () => {
    if (size) total += write(`${group}-${String(++packs).padStart(3, '0')}.txt`, Buffer.from(parts.join(''), 'utf8'));
    parts = [], size = 0;
  };
  for (const name of files) {
    if (total + size >= most) break;
    const text = textOf(name);
    if (text === null) continue;
    const [rest, n] = without(text, lateSet);
    removed += n, used++;
    parts.push(rest);
    size += Buffer.byteLength(rest);
    if (size >= PACK) flush();
  }
  flush();
  report.push(`${group}: ${(total / MB).toFixed(2)} MB in ${packs} documents, of ${used} files`);
}

function collect() {
  const all = ['/usr/share', '/usr/include', '/usr/lib/python3', '/usr/lib/python3.11'].flatMap((folder) => [...walk(folder)]);
  const chance = new Chance(seed);
  const packages = folders.flatMap((folder) => fs.readdirSync(folder).sort().map((name) => path.join(folder, name)));
  const isNpm = (name) => name.includes('node_modules');
  const more = inTurn(packages.filter((name) => !isNpm(name)), chance);
  const npm = shuffled(packages.filter(isNpm).flatMap((folder) => [...walk(folder)]), chance);
  const code = /\.(h|hpp|hh|c|cc|cpp|py|pm|pl|m?js|ts|java|rb|go|rs|sh|cmake|tcl|lua|php|css|m4|el|vim|xml|json)$/;
  const below = (pattern) => shuffled(all.filter((name) => pattern.test(name)), chance);
  const groups = [
    ['languages', more.filter((name) => !code.test(name)), 34],
    ['npm', npm.filter((name) => !name.endsWith('.json') && !/encoders/.test(name)), 6],
    ['documents', below(/^\/usr\/share\/(doc|common-licenses|info|perl|dict)\b/), 14],
    ['manual', below(/^\/usr\/share\/man\b/), 4],
    ['locales', below(/^\/usr\/share\/(i18n|X11|unicode|zoneinfo|iso-codes)\b/), 5],
    ['code', shuffled(all.filter((name) => code.test(name)), chance), 18],
    ['rest', below(/./), 6],
  ];
  for (const [group, files, share] of groups) pack(group, files, (share / 115) * megabytes * MB);
}

/* A line each; long ones apart. */
function documents(name, texts) {
  let total = 0, count = 0;
  const lines = [];
  for (const text of texts) {
    if (text === '') continue;
    total += Buffer.byteLength(text), count++;
    lines.push(JSON.stringify({ text }) + '\n');
  }
  write(name, Buffer.from(lines.join(''), 'utf8'));
  report.push(`${name}: ${(total / MB).toFixed(2)} MB in ${count} documents`);
}

const longer = [31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 500, 1000, 1023, 1025];

function generate(most) {
  const whole = kinds.reduce((sum, [, share]) => sum + share, 0);
  kinds.forEach(([name, share, make], i) => {
    const chance = new Chance(seed * 1000 + i + 1);
    const texts = [];
    for (let size = 0; size < (share / whole) * most;) {
      const [text] = without(make(chance), lateSet);
      size += Buffer.byteLength(text);
      texts.push(text);
    }
    documents(`generated-${name}.jsonl`, texts);
    write(`generated-${name}.txt`, Buffer.from(texts.slice(0, texts.length >> 1).join(''), 'utf8'));
  });
  const lengths = small ? [1, 2, 3, 4, 5, 7, 16, 17, 81, 128, 257, 1000] : [...Array(20).keys()].map((n) => n + 1).concat(longer);
  documents('runs.jsonl', runs(lengths));
  const chance = new Chance(seed * 1000);
  const among = [...late.map((c) => String.fromCodePoint(c)), ...'a \u0301\u0323\u0334\u0345ก์'];
  documents('late-marks.jsonl', Array.from({ length: 500 }, () => Array.from({ length: chance.length(30) }, () => chance.of(among)).join('')).map((text) => without(text, new Set())[0]));
  documents('long-runs.jsonl', runs(small ? [5001] : [4097, 20000, 100000]));
}

const decoder = new TextDecoder();

function damage() {
  const chance = new Chance(seed * 1000 + 999);
  const files = fs.readdirSync(output).filter((name) => name.endsWith('.txt') && name !== 'report.txt').sort();
  let total = 0;
  for (const name of files) {
    if (!small && chance.below(8)) continue;
    const text = fs.readFileSync(path.join(output, name)).subarray(0, 200000).toString('utf8'), parts = [];
    for (let at = 0; at < text.length; at += 1000) {
      const part = damaged(chance, text.slice(at, at + 1000));
      if (without(decoder.decode(part), lateSet)[1] === 0) parts.push(part, Buffer.from('\n')); /* what came about by chance */
    }
    total += write(name.replace('.txt', '.damaged'), Buffer.concat(parts));
  }
  report.push(`damaged: ${(total / MB).toFixed(2)} MB`);
}

if (small) pack('licences', [...walk('/usr/share/common-licenses')], 200000);
else collect();
generate((small ? 0.6 : 0.14) * megabytes * MB);
damage();
report.push(`in all: ${(written / MB).toFixed(2)} MB (.jsonl as JSON), seed ${seed}`,
  `left out: ${removed} code points of those ${unicode.left_out} that Unicode ${unicode.node} (node) has and PCRE2 here has not, and of ${late.length} marks that are in late-marks.jsonl`);
fs.writeFileSync(path.join(output, 'report.txt'), report.join('\n') + '\n');
console.log(report.join('\n'));
