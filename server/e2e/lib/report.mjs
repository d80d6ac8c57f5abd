// A reporter for node:test that tells of each test how it ended, as a line of
// JSON that server/tools/test reads: { outcome, name, said }; said is why it
// failed or was skipped.
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const outcome = data.skip !== undefined && data.skip !== false ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const said = { passed: '', skipped: String(data.skip), failed: why(data.details.error) }[outcome];
    yield JSON.stringify({ outcome, name: data.name, said }) + '\n';
  }
}

/** What was thrown: its first lines, and where in the tests. */
function why(error) {
  const { message = String(error), stack = '' } = error?.cause ?? error ?? {};
  const lines = message.split('\n').slice(0, 30).map((line) => line.slice(0, 1000));
  const places = stack.split('\n').filter((line) => /^\s+at .*server\/e2e/.test(line)).slice(0, 4);
  return [...lines, ...places].join('\n');
}
