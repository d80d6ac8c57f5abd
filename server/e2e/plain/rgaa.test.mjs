// docs/rgaa.md names tests: each of them has to exist, and to be meant alone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { repository } from '../lib/server.mjs';

test('every test that docs/rgaa.md names is there, and no other has a name like it', async () => {
  const text = await readFile(path.join(repository, 'docs/rgaa.md'), 'utf8');
  const named = [...text.matchAll(/`([\w-]+\.test\.mjs)`: ([^;|\n]+?)\s*(?=[;|\n]|\.\s)/g)].map(([, file, words]) => [file, words.replace(/\.$/, '')]);
  assert.ok(named.length > 50, `the table must be read: ${named.length}`);
  for (const [file, words] of named) {
    const source = await readFile(path.join(repository, 'server/e2e', file), 'utf8');
    // Titles alone, with what is put in left out.
    const titles = [...source.matchAll(/test\((['`])((?:(?!\1).)*)\1/g)].map(([, , title]) => title);
    assert.equal(titles.filter((title) => title.includes(words)).length, 1, `tests of ${file} called "… ${words} …"`);
  }
});
