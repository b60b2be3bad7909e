/* Which code points take part in a comparison, and chance that is the same for the same seed.

   Ids depend on the tables of Unicode that who splits has: PCRE2 10.42 has those of Unicode 14, the references later
   ones. So a code point that PCRE2 does not know and a later table does is left out; one that neither knows is in. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const all = [];
for (let c = 0; c <= 0x10ffff; c++) if (c < 0xd800 || c > 0xdfff) all.push(c);

/* The code points without '\n' that PCRE2 says are in the class: grep asks it, the same library that Headrace is linked
   with. */
function askPcre(cls) {
  const lines = all.filter((c) => c !== 10).map((c) => String.fromCodePoint(c)).join('\n') + '\n';
  const answer = execFileSync('grep', ['-aP', `^${cls}$`],
    { input: lines, env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 1 << 26 });
  const found = new Set();
  for (const line of answer.toString('utf8').split('\n')) if (line) found.add(line.codePointAt(0));
  return found;
}

const unassigned = askPcre('\\p{Cn}');
if (!unassigned.has(0x378) || unassigned.has(0x41)) throw new Error('grep -P does not answer as PCRE2 does');

const assigned = /\P{Cn}/u;
const later = new Set([...unassigned].filter((c) => assigned.test(String.fromCodePoint(c))));

export const unicode = {
  node: process.versions.unicode,
  left_out: later.size,
  /* Code points that PCRE2 has assigned, and those that nobody has. */
  assigned: all.filter((c) => !unassigned.has(c)),
  nobodys: [...unassigned].filter((c) => !later.has(c)),
};

/* Marks that Hugging Face's NFC does not put in order: its tables are those of Unicode 9. Found out by asking it, beside
   node's. */
export function lateMarks(npm) {
  const normal = createRequire(path.join(path.resolve(npm), 'here.cjs'))('tokenizers').nfcNormalizer();
  const differs = (text) => normal.normalizeString(text) !== text.normalize('NFC');
  const mark = /\p{M}/u;
  return all.filter((c) => {
    const one = String.fromCodePoint(c);
    return mark.test(one) && ['\u0301' + one, '\u0345' + one, one + '\u0334'].some(differs);
  });
}

/* The text without these code points and those that are left out anyway, and how many those were. */
export function without(text, others) {
  let removed = 0;
  const rest = text.replace(/[^\x00-\u036f]/gu, (one) => {
    const c = one.codePointAt(0), is = later.has(c) || others.has(c);
    removed += is;
    return is ? '' : one;
  });
  return [removed ? rest : text, removed];
}

/* mulberry32: small, and the same everywhere. */
export class Chance {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  next() {
    let t = (this.state = (this.state + 0x6d2b79f5) >>> 0);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  between(from, to) {
    return from + this.below(to - from + 1);
  }
  of(list) {
    return list[this.below(list.length)];
  }
  /* Short ones often, long ones now and then. */
  length(most) {
    return 1 + Math.floor(Math.pow(most, this.next()) - 1 + this.next());
  }
}
