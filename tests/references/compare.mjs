/* Compares the ids of Headrace with those of the references, exactly.

   usage: node compare.mjs [--second-voice] HEADRACE NPM-FOLDER CORPUS-FOLDER WORK-FOLDER [NAME...]
     NAME             vocabularies whose name has this in it; without: all
     --second-voice   says as well how often another implementation has other ids than the reference
   Ends with 1 if there is a difference, or if a control (two ranks or ids exchanged) is not found out. */
import fs from 'node:fs';
import path from 'node:path';
import { Packages, vocabularies, swapped, inJavaScript } from './references.mjs';
import { Headrace, documentsOf, sorts } from './headrace.mjs';

const second = process.argv[2] === '--second-voice';
const [program, npm, corpus, work, ...names] = process.argv.slice(second ? 3 : 2);
const packages = new Packages(path.resolve(npm)), headrace = new Headrace(program, work);
const files = fs.readdirSync(corpus).sort().map((name) => path.join(corpus, name));
const MB = 1e6, SHOWN = 3, SHRUNK = 100000, AT_ONCE = 3;

function firstDifference(a, b) {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? -1 : n;
}

/* The smallest part of a text that is still different, by leaving out ever smaller parts: one run of the command for all
   that are tried at once. */
async function shrink(vocabulary, reference, specials, text) {
  let points = [...text];
  for (let parts = 2; points.length > 1;) {
    const size = Math.ceil(points.length / parts), tries = [];
    for (let at = 0; at < points.length; at += size) tries.push([...points.slice(0, at), ...points.slice(at + size)]);
    const texts = tries.map((points) => points.join('')), ours = headrace.texts(vocabulary, specials, texts);
    let found = -1;
    for (let i = 0; i < texts.length && found < 0; i++)
      if (texts[i] && firstDifference(ours[i], await reference.encode(texts[i], specials === 'allow')) >= 0) found = i;
    if (found >= 0) {
      points = tries[found];
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(points.length, 2 * parts, 200);
  }
  return points.join('');
}

const escaped = (text) => JSON.stringify(text).replace(/[^\x20-\x7e]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
const listed = (ids, reference) => [...ids].map((id) => `${id} ${escaped(reference.bytes(id).toString('latin1'))}`).join(', ');

async function show(vocabulary, reference, specials, place, text, ours, theirs) {
  const at = firstDifference(ours, theirs);
  const offset = [...theirs.slice(0, at)].reduce((sum, id) => sum + reference.bytes(id).length, 0); /* of the normal form, where there is one */
  console.log(`  DIFFERENCE: ${vocabulary.name}, specials ${specials}, ${place}: id ${at} of ${theirs.length} (ours: ${ours.length}), at byte ${offset}`);
  console.log(`    text   ... ${escaped(Buffer.from(text).subarray(Math.max(0, offset - 20), offset + 40).toString())}`);
  const around = (ids) => listed(ids.slice(Math.max(0, at - 2), at + 6), reference);
  console.log(`    ours   ... ${around(ours)}\n    theirs ... ${around(theirs)}`);
  const start = Math.max(0, text.length > SHRUNK ? Math.floor((text.length * at) / theirs.length) - SHRUNK / 2 : 0);
  let part = text.slice(start, start + SHRUNK).toWellFormed();
  const differs = async (text) =>
    firstDifference(headrace.texts(vocabulary, specials, [text])[0], await reference.encode(text, specials === 'allow')) >= 0;
  if (!(await differs(part))) return console.log('    only in the whole document');
  part = await shrink(vocabulary, reference, specials, part);
  const [small] = headrace.texts(vocabulary, specials, [part]);
  console.log(`    at its smallest ${escaped(part)}\n      ours   ${listed(small, reference)}\n      theirs ${listed(await reference.encode(part, specials === 'allow'), reference)}`);
}

/* All documents of one sort: both runs of the command beside one of the reference. */
async function compareSort(vocabulary, reference, sort, list, total) {
  const runs = vocabulary.modes.map((specials) => [specials, headrace.run(vocabulary, specials, sort, list)]);
  const pending = [];
  const settle = async () => {
    const { text, place, answers } = pending.shift();
    const theirs = await answers.plain, allowed = await answers.allowed;
    for (const [specials, run] of runs) {
      const ours = run.take(), right = specials === 'allow' ? allowed : theirs;
      if (answers.leftOut) continue;
      total.ids[specials] = (total.ids[specials] ?? 0) + right.length;
      if (firstDifference(ours, right) < 0) continue;
      if (total.differences++ < SHOWN && !total.quiet) await show(vocabulary, reference, specials, place, text, ours, right);
    }
  };
  for (const file of list)
    for (const [number, text] of documentsOf(file).entries()) {
      const leftOut = reference.leavesOut(text), bytes = Buffer.byteLength(text);
      total.documents++;
      leftOut ? (total.left_out += bytes) : (total.bytes += bytes);
      const plain = leftOut ? [] : reference.encode(text, false);
      const has = vocabulary.modes.includes('allow') && reference.special.some((special) => text.includes(special));
      total.with_specials += has;
      pending.push({ text, place: `${path.basename(file)}, document ${number + 1}`, answers: { leftOut, plain, allowed: has && !leftOut ? reference.encode(text, true) : plain } });
      if (pending.length > AT_ONCE) await settle();
    }
  while (pending.length) await settle();
  for (const [specials, run] of runs)
    if (run.left()) {
      total.differences++;
      console.log(`  DIFFERENCE: ${vocabulary.name}, specials ${specials}: ${run.left()} documents too many in ${sort.name}`);
    }
}

async function compare(vocabulary, reference, list, quiet) {
  const total = { bytes: 0, left_out: 0, documents: 0, with_specials: 0, differences: 0, ids: {}, quiet };
  headrace.seconds = 0;
  for (const sort of sorts) {
    const some = list.filter(sort.has);
    if (some.length) await compareSort(vocabulary, reference, sort, some, total);
  }
  return total;
}

/* How often another implementation, of small documents, has other ids than the reference: to be known, not a fault. */
async function secondVoice(vocabulary, reference) {
  const voice = inJavaScript(packages, vocabulary.package);
  let documents = 0, different = 0;
  for (const file of files.filter((file) => /generated-.*\.jsonl$/.test(file)))
    for (const text of documentsOf(file).slice(0, 100)) {
      documents++;
      different += firstDifference(voice.encode(text), await reference.encode(text, true)) >= 0;
    }
  console.log(`  ${voice.name} has other ids than ${reference.name} for ${different} of ${documents} generated documents`);
}

let failed = false;
const rows = [];
const controls = { ranks: 0, json: 0 };
console.log(`${headrace.version()}; node ${process.version}; corpus ${corpus}, ${files.length} files`);
for (const vocabulary of vocabularies(packages, work)) {
  if (names.length && !names.some((name) => vocabulary.name.includes(name))) continue;
  vocabulary.make();
  const reference = vocabulary.reference(), begin = performance.now();
  const total = await compare(vocabulary, reference, files, false);
  const source = vocabulary.package ? `${reference.name}, ${packages.version(vocabulary.package)}` : reference.name;
  const row = `${vocabulary.name}: ${(total.bytes / MB).toFixed(1)} MB in ${total.documents} documents (${total.with_specials} with specials), ` +
    Object.entries(total.ids).map(([specials, ids]) => `${ids} ids with specials ${specials === 'allow' ? 'allowed' : 'ignored'}`).join(', ') +
    `: ${total.differences} differences; ${source}; ${((performance.now() - begin) / 1000).toFixed(0)} s, of which headrace ${headrace.seconds.toFixed(1)} s` +
    (total.left_out ? `; ${(total.left_out / MB).toFixed(1)} MB left out` : '');
  rows.push(row);
  console.log(row);
  if (total.differences || total.bytes === 0) failed = true;
  if (second && vocabulary.package && total.differences === 0) await secondVoice(vocabulary, reference);

  const sort = vocabulary.package ? 'json' : 'ranks';
  if (controls[sort]++) continue;
  const control = swapped(vocabulary, work);
  const found = await compare(control, reference, files.filter((file) => /licences|documents-001/.test(file)), true);
  console.log(`  control: ${control.name}: ${found.differences} differences in ${found.documents} documents`);
  if (found.differences === 0) failed = true;
}
console.log(`\n${rows.length} vocabularies${failed ? ', NOT EQUAL' : rows.length ? ', every id equal' : ': no such name'}`);
process.exit(failed || rows.length === 0 ? 1 : 0);
