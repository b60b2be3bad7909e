/* Runs the headrace command: texts to lists of ids. */
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

/* What a corpus holds: files of documents, and what the command is told of them. */
export const sorts = [
  { name: 'text', options: ['--format', 'text'], has: (file) => file.endsWith('.txt') && path.basename(file) !== 'report.txt' },
  { name: 'jsonl', options: ['--format', 'jsonl'], has: (file) => file.endsWith('.jsonl') },
  { name: 'damaged', options: ['--format', 'text', '--malformed', 'replace'], has: (file) => file.endsWith('.damaged') },
];

/* The documents of a file, as strings. */
export function documentsOf(file) {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(fs.readFileSync(file));
  if (!file.endsWith('.jsonl')) return [text];
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line).text);
}

/* Ids of one run: datatrove's file of u32 and its index of where each document ends. */
class Run {
  constructor(stem) {
    const bytes = fs.readFileSync(`${stem}.ds`), index = fs.readFileSync(`${stem}.ds.index`);
    this.ids = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.ends = new BigUint64Array(index.buffer.slice(index.byteOffset, index.byteOffset + index.length));
    this.next = 0;
  }
  /* Of the next document. */
  take() {
    const from = this.next ? Number(this.ends[this.next - 1]) : 0;
    return this.ids.subarray(from, Number(this.ends[this.next++]));
  }
  left() {
    return this.ends.length - this.next;
  }
}

export class Headrace {
  constructor(program, folder) {
    this.program = program;
    this.folder = folder;
    this.seconds = 0;
  }
  version() {
    return execFileSync(this.program, ['--version']).toString().split('\n')[0];
  }
  /* specials: ignore or allow. */
  run(vocabulary, specials, sort, files) {
    const stem = path.join(this.folder, `ids-${process.pid}`), begin = performance.now();
    execFileSync(this.program, ['tokenize', '--quiet', '--force', '--to', 'datatrove', '--token-type', 'u32', '-o', `${stem}.ds`,
      ...vocabulary.options, '--specials', specials, ...sort.options, ...files], { stdio: ['ignore', 'inherit', 'pipe'] });
    this.seconds += (performance.now() - begin) / 1000;
    const run = new Run(stem);
    for (const ending of ['.ds', '.ds.index', '.ds.metadata']) fs.rmSync(stem + ending, { force: true });
    return run;
  }
  /* Of each text by itself. */
  texts(vocabulary, specials, texts) {
    const file = path.join(this.folder, `texts-${process.pid}.jsonl`);
    fs.writeFileSync(file, texts.map((text) => JSON.stringify({ text }) + '\n').join(''));
    const run = this.run(vocabulary, specials, sorts[1], [file]);
    fs.rmSync(file);
    return texts.map((text) => (text === '' ? new Uint32Array(0) : run.take()));
  }
}
