/**
 * Boundaries as errors that explain themselves. No rule needs type information, so a full run takes seconds; what only
 * types can tell is the compiler's business. Each rule is shown to fire and to stay silent in tools/lint/lint-rules.spec.ts.
 */
import { createProjectGraphAsync } from '@nx/devkit';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { ostro } from './tools/lint/plugin.mjs';
import { readPackages } from './tools/lint/workspace.mjs';

// Without a project graph at hand the boundary rule of Nx skips itself in silence.
process.env.NX_DAEMON = 'false';
process.env.NX_TUI = 'false';
await createProjectGraphAsync();

const packages = readPackages();
const apps = packages.filter(({ tags }) => tags.includes('type:app'));
const pureLibs = packages.filter(({ tags }) => tags.includes('type:pure'));

const tests = ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.system-spec.ts', '**/test/**', 'tests/**', 'libs/testing/**'];
/** Where time and chance enter: their one implementation each, handed to everything else as an argument. */
const sourcesOfTimeAndChance = ['libs/kernel/src/clock.ts', 'libs/kernel/src/id.ts'];
const compositionRoots = ['apps/*/src/*.module.ts', 'apps/*/src/start-*.ts', 'apps/local/src/**'];

/** ESLint's own recommended rules; names and unused variables are left to the compiler and to typescript-eslint. */
const recommended = Object.fromEntries(
  [...builtinRules]
    .filter(([name, rule]) => rule.meta.docs?.recommended && !['no-undef', 'no-empty'].includes(name))
    .map(([name]) => [name, 'error']),
);

const boundaries = (allow) => [
  'error',
  {
    allow,
    // A test may come in by its own lib's door, as its users do.
    allowCircularSelfDependency: true,
    depConstraints: [
      { sourceTag: 'type:pure', onlyDependOnLibsWithTags: ['type:pure'] },
      { sourceTag: 'type:adapter', onlyDependOnLibsWithTags: ['type:pure', 'type:adapter', 'type:test'] },
      { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:pure', 'type:adapter', 'type:test'] },
      { sourceTag: 'type:test', onlyDependOnLibsWithTags: ['*'] },
      { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['*'] },
    ],
  },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/gen/**', '**/node_modules/**', '.nx/**', '.ostro/**', '.cache/**', 'coverage/**'] },
  { files: ['**/*.ts', '**/*.mjs'], rules: recommended },
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.recommended],
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { ostro },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    settings: {
      'import-x/extensions': ['.ts', '.mjs'],
      'import-x/external-module-folders': ['node_modules'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.mjs', '.js'] })],
    },
    rules: {
      'ostro/module-boundaries': boundaries([]),
      'ostro/no-cycle': ['error', { ignoreExternal: true }],
      'ostro/one-door': 'error',
      'ostro/max-lines': ['error', { max: 400, skipBlankLines: true }],
      'ostro/complexity': ['error', 10],
      'ostro/no-empty': 'error',
      'ostro/few-constructor-parameters': 'error',
      'ostro/folder-has-an-owner': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['apps/**', 'libs/**'], ignores: tests, rules: { 'ostro/env-only-in-config': 'error' } },
  { files: ['apps/**', 'libs/**'], rules: { 'ostro/one-index': 'error' } },
  // A main.ts hands the environment to its config, which alone knows the variables.
  { files: ['**/*.config.ts', 'apps/*/src/main.ts'], rules: { 'ostro/env-only-in-config': 'off' } },
  { files: ['apps/**', 'libs/**'], ignores: tests, rules: { 'ostro/testing-stays-in-tests': 'error' } },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['**/*.entity.ts', '**/*.repository.ts', '**/*.view.ts', '**/data-source.ts'],
    rules: { 'ostro/entity-stays-home': 'error' },
  },
  {
    files: ['apps/**/*.ts'],
    ignores: ['**/events/**', '**/migrations/**', ...compositionRoots, ...tests],
    rules: { 'ostro/kafka-stays-in-events': 'error' },
  },
  { files: ['apps/**/*.ts'], ignores: ['apps/*/src/start-*.ts'], rules: { 'ostro/no-barrels': 'error' } },
  { files: ['apps/*/src/**/domain/**/*.ts'], ignores: tests, rules: { 'ostro/domain-is-pure': 'error' } },
  {
    files: pureLibs.map(({ folder }) => `${folder}/src/**/*.ts`),
    ignores: tests,
    rules: { 'ostro/pure-lib-is-pure': 'error' },
  },
  {
    files: ['apps/*/src/**/domain/**/*.ts', ...pureLibs.map(({ folder }) => `${folder}/src/**/*.ts`)],
    ignores: [...tests, ...sourcesOfTimeAndChance],
    rules: { 'ostro/no-clock-or-chance': 'error' },
  },
  { files: tests, rules: { 'ostro/no-focused-tests': 'error' } },
  // Tools drive what is built, by path, so that they also run where no package links exist.
  { files: ['tools/**'], rules: { 'ostro/module-boundaries': 'off' } },
  // The one app that hosts the others' start functions in its process.
  { files: ['apps/local/**'], rules: { 'ostro/module-boundaries': boundaries(apps.map(({ name }) => name)) } },
);
