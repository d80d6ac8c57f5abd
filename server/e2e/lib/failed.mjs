// A reporter for node:test that names each test that failed, one a line: its file,
// a tab, and the pattern that finds it, or nothing where the file itself broke.
// ./build.sh test runs those once more.
export default async function* failed(source) {
  for await (const { type, data } of source) {
    if (type === 'test:fail' && data.file && data.nesting === 0) yield `${data.file}\t${data.name === data.file ? '' : pattern(data.name)}\n`;
  }
}

const pattern = (name) => `^${name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`;
