// A reporter for node:test that closes a run: how many tests of this engine
// passed, failed, and were not run for what reason.
import path from 'node:path';

export default async function* closing(source) {
  let [passed, failed] = [0, []];
  const reasons = new Map();
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (typeof data.skip === 'string' && data.skip) reasons.set(data.skip, (reasons.get(data.skip) ?? 0) + 1);
    else if (type === 'test:pass') passed += 1;
    else failed.push(`${path.basename(data.file ?? '')}: ${data.name}`);
  }
  const missing = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  yield `${process.env.TEMOIN_ENGINE ?? 'node'}: ${passed} passed, ${failed.length} failed, ${missing} not run\n`;
  for (const name of failed) yield `    failed: ${name}\n`;
  for (const [reason, count] of reasons) yield `    not run: ${count} × ${reason}\n`;
}
