// A reporter for node:test that names each file in which a test failed, one a
// line: ./build.sh test runs those once more.
export default async function* failed(source) {
  const files = new Set();
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || !data.file || files.has(data.file)) continue;
    files.add(data.file);
    yield data.file + '\n';
  }
}
