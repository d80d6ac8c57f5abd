#!/usr/bin/env node
// The command temoin. The program itself is in a package for each system.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const { platform, arch, argv } = process;
const name = `temoin-${platform}-${arch}`;

function program() {
  try {
    return createRequire(import.meta.url).resolve(`${name}/temoin${platform === 'win32' ? '.exe' : ''}`);
  } catch {
    console.error(`temoin: the program is in the package ${name}, which is not installed; it lies beside the one of this package`);
    return process.exit(1);
  }
}

const { error, status } = spawnSync(program(), argv.slice(2), { stdio: 'inherit' });
if (error) console.error(`temoin: ${error.message}`);
process.exitCode = status ?? 1;
