// web/temoin.d.ts is what editors and compilers know of window.temoin: what the
// README shows has to compile against it, and what is wrong has not.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { repository } from '../lib/server.mjs';

const declarations = path.join(repository, 'web/temoin.d.ts');

const parsed = new Map(); // the compiler's own declarations, by name

/** The compiler's complaints about code, in strict mode; its own declarations it need not doubt. */
function complaints(code) {
  const options = { strict: true, noEmit: true, skipDefaultLibCheck: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === 'page.ts' || fileExists(name);
  host.readFile = (name) => (name === 'page.ts' ? code : readFile(name));
  host.getSourceFile = (name, target) => {
    if (name === 'page.ts') return ts.createSourceFile(name, code, target);
    if (!parsed.has(name)) parsed.set(name, getSourceFile.call(host, name, target));
    return parsed.get(name);
  };
  const program = ts.createProgram(['page.ts', declarations], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test('the calls and events of the README compile', () => {
  assert.deepEqual(complaints(`
    const may: boolean = temoin.has('statistics');
    const granted: boolean | undefined = temoin.choice?.choices.statistics;
    const youtube: boolean | undefined = window.temoin.choice?.services?.youtube;
    temoin.ready.then((record) => record?.at.toFixed());
    temoin.open().then(() => {});
    temoin.accept(); temoin.refuse(); temoin.save({ statistics: true, youtube: false }); temoin.reset();
    document.addEventListener('temoin:ready', ({ detail }) => detail?.rev.length);
    document.addEventListener('temoin:change', ({ detail }) => [detail.choices?.statistics, detail.previous?.id, detail.kept.length]);
    document.addEventListener('temoin:held', ({ detail }) => [detail.services.join(), detail.kind, detail.url, !detail.waits]);
  `), []);
});

for (const [what, code] of Object.entries({
  'an unknown call': 'temoin.show();',
  'writing a choice': 'temoin.choice!.choices.statistics = true;',
  'replacing the object': 'window.temoin = null!;',
  'saving words for booleans': "temoin.save({ statistics: 'yes' });",
  'taking the choice for granted': 'temoin.choice.id;',
  'an id that is no string': 'temoin.has(1);',
})) {
  test(`${what} does not compile`, () => {
    assert.notDeepEqual(complaints(code), [], `the compiler must refuse ${code}`);
  });
}
