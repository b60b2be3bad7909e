/* Texts that nobody writes: every class of character beside every other, runs, broken sequences. Each kind is a function
   from chance to one document. */
import { unicode } from './unicode.mjs';

const char = (c) => String.fromCodePoint(c);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => char(from + i));
const known = new Set(unicode.assigned);
const block = (from, to) => range(from, to).filter((c) => known.has(c.codePointAt(0)));

const categories = 'Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co'.split(' ');
const members = Object.fromEntries(categories.map((name) => [name, []]));
for (const c of unicode.assigned)
  for (const name of categories)
    if (new RegExp(`\\p{${name}}`, 'u').test(char(c))) {
      members[name].push(char(c));
      break;
    }

const spaces = [...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'];
const nearSpaces = [...'\u180e\u200b\u200c\u200d\u2060\ufeff\u001c\u001d\u001e\u001f\u0000\u00ad'];
const ascii = range(32, 126);
const words = `the of and water mill race Wheel HOUSE don't it's we'll I'm they've you're he'd naïve Straße ΣΟΦΟΣ
  σοφός İstanbul ıssız été Ångström мельница вода שלום مرحبا สวัสดี नमस्ते 水車 ミル ひらがな 한국어 kWh getElementById
  HTTPServer snake_case_name x86_64 0xDEADBEEF`.split(/\s+/);

/* kinds: [name, how many parts of a hundred, document from chance] */
const join = (n, part) => Array.from({ length: n }, part).join('');

const anything = (r) => join(r.length(600), () => char(r.of(unicode.assigned)));
const nobodys = (r) => join(r.length(60), () => (r.below(3) ? r.of(ascii) : char(r.of(unicode.nobodys))));
const classes = (r) => join(r.length(400), () => join(r.length(6), ((name) => () => r.of(members[name]))(r.of(categories))));
const basic = (r) => join(r.length(2000), () => char(r.of(r.below(3) ? [32, 10, 39, 97, 65, 48, 46] : ascii.map((c) => c.charCodeAt(0)))));

const whiteSpace = (r) =>
  join(r.length(200), () => {
    const k = r.below(10);
    if (k < 5) return r.of(spaces).repeat(r.length(r.below(20) ? 6 : 300));
    return k < 6 ? r.of(nearSpaces) : k < 8 ? r.of(words) : r.of(ascii);
  });

const lineEnds = (r) => join(r.length(300), () => r.of(['\r', '\n', '\r\n', '\n\n', '\t', ' ', '  ', '\r\r\n', 'a', 'b ', '/', '.', '}', '1', ';\n', ' /\r\n']));

const contractions = (r) =>
  join(r.length(120), () => {
    const quote = r.of(["'", "'", "'", '\u2019', "''", '\u02bc', '\uff07']);
    const end = r.of(['s', 't', 're', 've', 'm', 'll', 'd', 'ſ', 'ſt', 'n', 'x', 'lſ', 'RE', 'vE', 'K', 'ı']);
    const cased = [...end].map((c) => (r.below(2) ? c : c.toUpperCase())).join('');
    return r.of(['', ' ', 'it', 'IT', 'I', '1', '水', 'é', '\n', 'Don']) + quote + cased + r.of(['', ' ', 'x', 'S', '.', "'s", '1']);
  });

const numbers = (r) =>
  join(r.length(100), () => {
    const from = r.of([['0', '1', '2', '5', '9'], range(48, 57), members.Nd, members.No, members.Nl, range(0xff10, 0xff19), range(0x966, 0x96f)]);
    return r.of(['', ' ', '.', ',', '-', 'x', '\n', '  ', '\u00a0']) + join(r.length(50), () => r.of(from));
  });

const cased = (r) =>
  join(r.length(200), () => {
    const name = r.of(['Lu', 'Ll', 'Lt', 'Lm', 'Lo', 'Mn', 'Mc', 'Lu', 'Ll', 'Me', 'Zs', 'Po']);
    return join(r.length(5), () => (r.below(3) ? r.of(members[name]) : r.of(name === 'Lu' ? range(65, 90) : range(97, 122))));
  });

const identifiers = (r) =>
  join(r.length(200), () => {
    const one = join(r.length(4), () => r.of(words).replace(/^./u, (c) => (r.below(2) ? c.toUpperCase() : c)));
    return one + r.of(['(', ');\n', ' = ', '->', '::', '.', '[0]', ' {\n    ', '}\n\n', '//', ' /* ', '\t', '==', "'", '"', '!=', '...', '$', '#', '\\n', '</', '/>\r\n']);
  });

const hanzi = range(0x4e00, 0x9fa5);
const eastAsian = (r) =>
  join(r.length(800), () => {
    const k = r.below(12);
    if (k < 6) return r.of(hanzi);
    if (k < 8) return r.of(block(0x3041, 0x30ff));
    if (k < 10) return char(r.between(0xac00, 0xd7a3));
    return r.of([...'、。「」・ー々〆！？　０９Ａｚ', ...block(0x9fa6, 0x9fff), ...range(0x3400, 0x3410), ...range(0x20000, 0x20010), ...range(0xff61, 0xff9f)]);
  });

/* Hangul in parts, as NFC joins them. */
const jamo = (r) =>
  join(r.length(150), () => {
    const k = r.below(5);
    const l = char(r.between(0x1100, 0x1112)), v = char(r.between(0x1161, 0x1175)), t = char(r.between(0x11a7, 0x11c2));
    return [l + v, l + v + t, char(0xac00 + 28 * r.below(399)) + t, r.of(block(0x1100, 0x11ff)), l + v + t + t][k];
  });

const people = [...'👩👨🧑👧👦👶🧔👮🏃'], tones = range(0x1f3fb, 0x1f3ff), flags = range(0x1f1e6, 0x1f1ff);
const emoji = (r) =>
  join(r.length(100), () => {
    const k = r.below(8);
    if (k === 0) return Array.from({ length: r.between(2, 4) }, () => r.of(people) + r.of(['', ...tones])).join('\u200d');
    if (k === 1) return join(r.length(5), () => r.of(flags));
    if (k === 2) return r.of([...'0123456789#*']) + '\ufe0f\u20e3';
    if (k === 3) return '\u{1f3f4}' + join(r.length(6), () => char(0xe0061 + r.below(26))) + '\u{e007f}';
    if (k === 4) return r.of([...'❤☀☎✈⚠©™']) + r.of(['\ufe0e', '\ufe0f', '']);
    if (k === 5) return r.of(people) + '\u200d' + r.of(['❤️\u200d👨', '💻', '🚀', '⚕️', '\u200d']);
    return r.of(block(0x1f300, 0x1faff)) + r.of(['', ' ', 'a', '\u200d']);
  });

/* Marks in any order on anything; what composes, what does not, what composes only to fall apart again. */
const marks = members.Mn;
const composed = [...'ÀÉñÅ\u212b\u2126\u212aẛ\u0344\u0374\u037e\u0387\u1f71\u0958\u2adc\ufb1d\u0b94\u1d15eǖṩ\uf900\ufa10\u{2f800}가'];
const combining = (r) =>
  join(r.length(200), () => r.of(r.below(2) ? composed : r.of([range(97, 122), range(0x3b1, 0x3c9), members.Lo, members.Lu, ascii])) +
    join(r.below(r.below(9) ? 4 : 40), () => (r.below(3) ? char(r.between(0x300, 0x34e)) : r.of(marks))));

const special = ['<|endoftext|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|endofprompt|>', '<|begin_of_text|>', '<|end_of_text|>',
  '<|eot_id|>', '<|start_header_id|>', '<|reserved_special_token_7|>', '<|im_start|>', '<|im_end|>', '<tool_call>', '</tool_call>', '<think>',
  '</think>', '<|vision_start|>', '<|image_pad|>', '<|repo_name|>', '<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜User｜>',
  '<｜tool▁calls▁begin｜>', '<｜fim▁hole｜>', '<|EOT|>', '<｜place▁holder▁no▁3｜>', '<｜▁pad▁｜>', '<s>', '</s>', '<pad>'];
const specials = (r) =>
  join(r.length(60), () => {
    const one = r.of(special), k = r.below(12);
    if (k < 6) return one;
    if (k === 6) return one.slice(0, 1 + r.below(one.length - 1));
    if (k === 7) return one.slice(r.below(one.length));
    if (k === 8) return one.toUpperCase();
    return r.of(words) + r.of(['', ' ', '\n', '\t', '  ', '|', '<', '>', '<|', '|>']);
  });

export const kinds = [
  ['anything', 16, anything], ['classes', 14, classes], ['basic', 6, basic], ['white-space', 8, whiteSpace], ['line-ends', 4, lineEnds],
  ['contractions', 6, contractions], ['numbers', 6, numbers], ['cased', 9, cased], ['identifiers', 5, identifiers], ['east-asian', 6, eastAsian],
  ['jamo', 3, jamo], ['emoji', 5, emoji], ['combining', 6, combining], ['specials', 4, specials], ['nobodys', 2, nobodys],
];

/* Runs of one thing, alone and between others, as long as `lengths` say. */
export function* runs(lengths) {
  const things = ['a', 'A', 'z', 'é', ' ', '\t', '\n', '\r\n', '\r', '.', '=', '-', '0', '7', '_', "'", '水', 'の', '한', '\u0301', 'e\u0301', '😀',
    '\u200d', '\u00a0', '\u3000', 'ab', 'Ab', 'aB', '/', '//', ' a', 'x ', '\u0000', '\u180e', '\u2028', 'ǅ', 'ʰ', 'ا', '\ufffd', "'s", '👩\u200d'];
  for (const length of lengths)
    for (const thing of things)
      for (const [before, after] of length > 5000 ? [['', 'x']] : [['', ''], ['a', 'b'], [' ', '\n'], ['\n', ' '], ['1', '!']])
        yield before + thing.repeat(Math.ceil(length / thing.length)) + after;
}

/* Bytes that are not UTF-8: whole text with bytes exchanged, dropped and put in, cut sequences, surrogates, what is
   too long or too large. */
export function damaged(r, text) {
  const bytes = Buffer.from(text, 'utf8'), parts = [];
  const bad = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe6, 0xb0], [0xf0, 0x9f, 0x98], [0x80], [0xbf, 0xbf], [0xc3], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe0, 0x80, 0x80]];
  for (let at = 0; at < bytes.length;) {
    const n = Math.min(r.length(40), bytes.length - at);
    parts.push(bytes.subarray(at, at + n));
    at += n;
    if (r.below(2)) parts.push(Buffer.from(r.of(bad)));
    else if (r.below(2)) at += r.below(3);
  }
  return Buffer.concat(parts);
}
