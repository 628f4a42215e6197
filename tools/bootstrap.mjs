/**
 * What every npm script calls: brings a fresh clone to where the command can run, then runs it on Node 24.
 * Plain Node 20 without dependencies, since node_modules may not exist yet.
 *
 *   node tools/bootstrap.mjs <command> [arguments]
 */
import { join } from 'node:path';
import { prepare, root } from './bootstrap/prepare.mjs';
import { runThrough } from './bootstrap/processes.mjs';
import { BootstrapError } from './bootstrap/progress.mjs';

// kafkajs asks for a timer in the past now and then; Node takes it as 1 ms, and nobody need read of it.
const local = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', 'apps/local/dist/main.js'];
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
/** Where the caller stands: `ostro models import ./file` means a file there, and npm scripts always run at the root. */
const callersDirectory = process.env.INIT_CWD ?? process.cwd();

/**
 * `arguments` answers what follows `node` on the command line; `build` says that it runs compiled code; commands run
 * at the root unless `cwd` says otherwise.
 */
const commands = {
  start: { build: true, arguments: (rest) => [...local, 'start', ...rest] },
  demo: { build: true, arguments: (rest) => [...local, 'demo', ...rest] },
  ostro: {
    build: true,
    cwd: callersDirectory,
    arguments: (rest) => ['--enable-source-maps', join(root, 'apps/cli/dist/main.js'), ...rest],
  },
  bench: { build: true, arguments: ([name, ...rest]) => ['--no-warnings', `tests/bench/${name}.bench.ts`, ...rest] },
  build: { build: true },
  generate: { build: false, arguments: (rest) => ['tools/generate.mjs', ...rest] },
  lint: { build: false, arguments: (rest) => ['node_modules/eslint/bin/eslint.js', ...(rest.length ? rest : ['.'])] },
  jest: { build: true, arguments: ([ring, ...rest]) => [...jest, '--selectProjects', ring, ...separate(rest)] },
  test: { build: false, arguments: (rest) => ['tools/check.mjs', ...rest] },
};

/** `--selectProjects` takes every following word for a project's name; a flag in between ends its list. */
const separate = (rest) => ['--passWithNoTests', ...rest];

async function main([name, ...rest]) {
  const command = commands[name];
  if (command === undefined) {
    throw new BootstrapError(`unknown command "${name ?? ''}": use one of ${Object.keys(commands).join(', ')}.`);
  }
  const build = command.build && !(name === 'jest' && rest[0] === 'unit');
  const { node, env } = await prepare({ build });
  return command.arguments === undefined
    ? 0
    : runThrough(node, command.arguments(rest), { cwd: command.cwd ?? root, env });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`ostro: ${error instanceof BootstrapError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
