// A reporter for node:test that closes a run: how many tests of this engine
// passed, which failed and how, and how many were not run for what reason.
import path from 'node:path';

const notAsked = 'test name does not match pattern'; // node's word for what --test-name-pattern leaves out

export default async function* closing(source) {
  let passed = 0;
  const failed = [];
  const reasons = new Map();
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.skip === notAsked) continue;
    if (typeof data.skip === 'string' && data.skip) reasons.set(data.skip, (reasons.get(data.skip) ?? 0) + 1);
    else if (type === 'test:pass') passed += 1;
    else failed.push(data);
  }
  const missing = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  yield `${process.env.TEMOIN_ENGINE ?? 'node'}: ${passed} passed, ${failed.length} failed, ${missing} not run\n`;
  for (const { file, name, details } of failed) yield `    failed: ${path.basename(file ?? '')}: ${name}\n${why(details.error)}`;
  for (const [reason, count] of reasons) yield `    not run: ${count} × ${reason}\n`;
}

/** The first lines of what was said, which a long log may have lost. */
function why(error) {
  const { message = String(error) } = error?.cause ?? error ?? {};
  return message.split('\n').slice(0, 6).map((line) => `            ${line.slice(0, 300)}\n`).join('');
}
