import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Case {
  readonly rule: string;
  readonly bad: readonly [file: string, text: string];
  readonly good: readonly [file: string, text: string];
}

interface Finding {
  readonly rule: string;
  readonly message: string;
}

const lines = (count: number) => '// a line\n'.repeat(count);
const constructorWith = (count: number) =>
  `export class A { constructor(${Array.from({ length: count }, (_, i) => `public p${i}: number`).join(', ')}) {} }\n`;
const branches = (count: number) =>
  `export function f(n: number) {\n${Array.from({ length: count }, (_, i) => `  if (n === ${i}) return ${i};`).join('\n')}\n  return -1;\n}\n`;

const use = (specifier: string) => `import * as it from '${specifier}';\nexport const used = it;\n`;

const cases: Record<string, Case> = {
  'an app imports no app': {
    rule: 'ostro/module-boundaries',
    bad: ['apps/billing/src/example.ts', use('@ostro/identity')],
    good: ['apps/local/src/example.ts', use('@ostro/identity')],
  },
  'nor by a relative path': {
    rule: 'ostro/module-boundaries',
    bad: ['apps/billing/src/example.ts', use('../../identity/src/start-identity.ts')],
    good: ['apps/billing/src/example.ts', use('./start-billing.ts')],
  },
  'a pure lib uses pure libs only': {
    rule: 'ostro/module-boundaries',
    bad: ['libs/placement/src/example.ts', use('@ostro/persistence')],
    good: ['libs/placement/src/example.ts', use('@ostro/kernel')],
  },
  'a pure lib does no I/O': {
    rule: 'ostro/pure-lib-is-pure',
    bad: ['libs/placement/src/example.ts', use('node:fs')],
    good: ['libs/spool/src/example.ts', use('node:fs')],
  },
  'a lib has one door': {
    rule: 'ostro/one-door',
    bad: ['apps/billing/src/example.ts', use('@ostro/kernel/src/money.ts')],
    good: ['apps/billing/src/example.ts', use('@ostro/kernel')],
  },
  'files import each other in one direction': {
    rule: 'ostro/no-cycle',
    bad: ['libs/kernel/src/domain-error.ts', use('./money.ts')],
    good: ['libs/kernel/src/domain-error.ts', use('./sensitive.ts')],
  },
  'domain imports nothing of a framework': {
    rule: 'ostro/domain-is-pure',
    bad: ['apps/scheduler/src/domain/replica.ts', use('typeorm')],
    good: ['apps/scheduler/src/domain/replica.ts', use('@ostro/placement')],
  },
  'domain imports nothing from beside it': {
    rule: 'ostro/domain-is-pure',
    bad: ['apps/scheduler/src/domain/deep/replica.ts', use('../../replicas/replicas.service.ts')],
    good: ['apps/scheduler/src/domain/deep/replica.ts', use('../node.ts')],
  },
  'domain knows no wire types': {
    rule: 'ostro/domain-is-pure',
    bad: ['apps/scheduler/src/domain/replica.ts', `export type A = import('@ostro/contracts').A;\n`],
    good: ['apps/scheduler/src/replicas/replicas.grpc.ts', `export type A = import('@ostro/contracts').A;\n`],
  },
  'domain reads no clock': {
    rule: 'ostro/no-clock-or-chance',
    bad: ['apps/scheduler/src/domain/lease.ts', 'export const now = () => new Date();\n'],
    good: ['apps/scheduler/src/domain/lease.ts', 'export const at = (ms: number) => new Date(ms);\n'],
  },
  'pure libs throw no dice': {
    rule: 'ostro/no-clock-or-chance',
    bad: ['libs/placement/src/example.ts', 'export const pick = () => Math.random();\n'],
    good: ['libs/spool/src/example.ts', 'export const pick = () => Math.random();\n'],
  },
  'the environment is read in one file': {
    rule: 'ostro/env-only-in-config',
    bad: ['apps/billing/src/ledger/ledger.service.ts', 'export const url = process.env.DATABASE_URL;\n'],
    good: ['apps/billing/src/billing.config.ts', 'export const url = process.env.DATABASE_URL;\n'],
  },
  'an entity stays with its repository': {
    rule: 'ostro/entity-stays-home',
    bad: ['apps/billing/src/ledger/ledger.service.ts', use('./posting.entity.ts')],
    good: ['apps/billing/src/ledger/ledger.repository.ts', use('./posting.entity.ts')],
  },
  'only events/ talks to Kafka': {
    rule: 'ostro/kafka-stays-in-events',
    bad: ['apps/billing/src/ledger/ledger.service.ts', use('@ostro/messaging')],
    good: ['apps/billing/src/events/usage.consumer.ts', use('@ostro/messaging')],
  },
  'test equipment stays in tests': {
    rule: 'ostro/testing-stays-in-tests',
    bad: ['apps/billing/src/ledger/ledger.service.ts', use('@ostro/testing')],
    good: ['apps/billing/test/ledger.int-spec.ts', use('@ostro/testing')],
  },
  'apps have no barrels': {
    rule: 'ostro/no-barrels',
    bad: ['apps/billing/src/ledger/ledger.ts', "export * from './posting.ts';\n"],
    good: ['libs/kernel/src/index.ts', "export * from './money.ts';\n"],
  },
  'only a door is called index': {
    rule: 'ostro/one-index',
    bad: ['apps/billing/src/ledger/index.ts', 'export const n = 1;\n'],
    good: ['libs/kernel/src/index.ts', 'export const n = 1;\n'],
  },
  'folders say what is in them': {
    rule: 'ostro/folder-has-an-owner',
    bad: ['apps/billing/src/utils/round.ts', 'export const n = 1;\n'],
    good: ['apps/billing/src/ledger/round.ts', 'export const n = 1;\n'],
  },
  'constructors take six parameters': {
    rule: 'ostro/few-constructor-parameters',
    bad: ['apps/billing/src/a.ts', constructorWith(7)],
    good: ['apps/billing/src/a.ts', constructorWith(6)],
  },
  'functions have ten paths': {
    rule: 'ostro/complexity',
    bad: ['apps/billing/src/a.ts', branches(10)],
    good: ['apps/billing/src/a.ts', branches(9)],
  },
  'files have four hundred lines': {
    rule: 'ostro/max-lines',
    bad: ['apps/billing/src/a.ts', lines(401)],
    good: ['apps/billing/src/a.ts', lines(400)],
  },
  'errors are not swallowed': {
    rule: 'ostro/no-empty',
    bad: ['apps/billing/src/a.ts', 'export function f() {\n  try {\n    g();\n  } catch {}\n}\n'],
    good: ['apps/billing/src/a.ts', 'export function f() {\n  try {\n    g();\n  } catch {\n    h();\n  }\n}\n'],
  },
  'every test runs': {
    rule: 'ostro/no-focused-tests',
    bad: ['apps/billing/src/a.spec.ts', "it.skip('later', () => {});\n"],
    good: ['apps/billing/src/a.spec.ts', "it('now', () => {});\n"],
  },
  'each row of every table runs': {
    rule: 'ostro/no-focused-tests',
    bad: ['apps/billing/src/a.spec.ts', "describe.only.each([1])('%s', () => {});\n"],
    good: ['apps/billing/src/a.spec.ts', "describe.each([1])('%s', () => {});\n"],
  },
};

function lint(texts: readonly (readonly [file: string, text: string])[]): Finding[][] {
  const tool = fileURLToPath(new URL('./lint-texts.mjs', import.meta.url));
  const input = JSON.stringify(texts.map(([file, text]) => ({ file, text })));
  return JSON.parse(execFileSync(process.execPath, [tool], { input, encoding: 'utf8' })) as Finding[][];
}

describe('the boundaries', () => {
  const all = Object.values(cases);
  let findings: Finding[][];

  beforeAll(() => {
    findings = lint([...all.map(({ bad }) => bad), ...all.map(({ good }) => good)]);
  }, 60_000);

  const found = (index: number, rule: string) => findings[index]?.filter((finding) => finding.rule === rule) ?? [];

  it.each(Object.keys(cases).map((name, index) => [name, index] as const))('%s', (_name, index) => {
    const { rule } = all[index]!;
    expect(found(index, rule)).not.toEqual([]);
    // A reason and a way out do not fit into less.
    expect(found(index, rule)[0]?.message.length).toBeGreaterThan(100);
    expect(found(all.length + index, rule)).toEqual([]);
  });
});
