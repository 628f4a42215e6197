/**
 * Fails when a tracked file names a package registry's host or a path of somebody's machine: Ostro installs from
 * whatever registry a site configures, and reads alike everywhere. `git grep` does the reading.
 */
import { spawnSync } from 'node:child_process';
import { root } from './lint/workspace.mjs';

// Written in pieces, or this file would be its own first finding.
const hosts = ['npm' + 'js', 'py' + 'pi\\.org', 'python' + 'hosted', 'repo1?\\.ma' + 'ven', 'yarn' + 'pkg'];
const paths = ['/wo' + 'rk/', '/ro' + 'ot/', '/Us' + 'ers/[a-z]', '/ho' + 'me/[a-z]', '/tm' + 'p/[a-z]'];
const rules = [
  { pattern: `(${hosts.join('|')})`, way: 'name the package or its coordinates, never the host it comes from' },
  { pattern: `(^|[^A-Za-z0-9_.}-])(${paths.join('|')})`, way: 'use a path relative to the repository, or os.tmpdir()' },
];
const generated = [':!package-lock.json', ':!**/gen/**', ':!*.binpb'];

let isClean = true;
for (const { pattern, way } of rules) {
  const found = spawnSync('git', ['grep', '-nIiE', '-e', pattern, '--', '.', ...generated], {
    cwd: root,
    encoding: 'utf8',
  });
  if (found.error) throw found.error;
  if (found.status === 1) continue;
  isClean = false;
  process.stderr.write(`${found.stdout}${found.stderr}=> ${way}\n`);
}
process.exitCode = isClean ? 0 : 1;
