import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { addressesIn, portsBoundBy } from './addresses.ts';
import { deployedApps, readAs, variablesOf } from './app-settings.ts';
import { readStages } from './dockerfile.ts';
import { readYaml } from './manifests.ts';

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly volume?: { readonly subpath?: string };
}

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly volumes?: readonly Mount[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly deploy: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } };
  readonly [key: string]: unknown;
}

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docker-compose.yml', root), 'utf8');
const compose = readYaml<{ services: Record<string, ComposeService>; volumes: object }>('docker-compose.yml');
const stages = readStages();
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);
/** PostgreSQL, Kafka and others that are not ours. */
const INFRASTRUCTURE_PORTS: Readonly<Record<string, number>> = { postgres: 5432, kafka: 9092, 'otel-collector': 4318 };

const targetOf = ({ build }: ComposeService) => stages.get(build!.target)!;

/** As compose would hand it over, with every password set. */
function environmentOf(service: ComposeService): Record<string, string> {
  const set = Object.entries(service.environment ?? {}).map(([name, value]) => [name, substitute(String(value))]);
  return { ...targetOf(service).env, ...Object.fromEntries(set) };
}

function substitute(value: string): string {
  return value.replaceAll(/\$\{[A-Z_]+(:-([^}]*)|:\?[^}]*)\}/g, (_, rest: string, fallback?: string) =>
    rest.startsWith(':-') ? fallback! : 'a-password-of-some-length',
  );
}

describe('docker-compose.yml', () => {
  it('follows the Compose Specification', () => {
    const door = createRequire(import.meta.url).resolve('dclint/package.json');
    const file = readFileSync(new URL('schemas/compose.schema.json', `file://${door}`), 'utf8');
    // It names its dialect, draft 7, by https where ajv knows it by http.
    const schema = { ...(JSON.parse(file) as object), $schema: 'http://json-schema.org/draft-07/schema#' };
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('runs every app, each built from its target', () => {
    const targets = ours.map(([, { build }]) => build!.target);
    expect([...targets].sort()).toEqual([...deployedApps].sort());
    for (const [name, service] of ours) {
      expect([name, stages.has(service.build!.target)]).toEqual([name, true]);
      expect(service.image).toContain(`ostro/${service.build!.target}:`);
    }
  });

  it.each(ours)('tells %s only what it reads, and all it must know', async (_, service) => {
    const known = (await variablesOf(service.build!.target)).map(({ name }) => name);
    const told = Object.keys(environmentOf(service)).filter((name) => name.startsWith('OSTRO_'));
    expect(told.filter((name) => !known.includes(name) && name !== 'OSTRO_METRICS_BIND')).toEqual([]);
    await readAs(service.build!.target, environmentOf(service));
  });

  it.each(ours)('gives %s addresses that answer on a network it is in', (_, service) => {
    for (const { variable, host, port } of addressesIn(environmentOf(service))) {
      const other = compose.services[host];
      expect([variable, host, other?.networks.some((network) => service.networks.includes(network))]).toEqual([
        variable,
        host,
        true,
      ]);
      const ports = other!.build ? portsBoundBy(targetOf(other!).env) : [INFRASTRUCTURE_PORTS[host]];
      expect([variable, ports]).toEqual([variable, expect.arrayContaining([port])]);
    }
  });

  it.each(ours)('lets %s see its own certificates alone, and no other data', (name, service) => {
    const { volumes = [] } = service;
    for (const { source, volume, read_only } of volumes.filter(({ source }) => source === 'identities')) {
      expect([source, name === 'setup' ? undefined : name]).toEqual(['identities', volume?.subpath]);
      expect(read_only ?? false).toBe(name !== 'setup');
    }
    const data = volumes.map(({ source }) => source).filter((source) => !['identities', 'join'].includes(source));
    expect(data.every((source) => source === name)).toBe(true);
  });

  it.each(ours)('confines %s', (name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    if (name !== 'setup') expect(service.healthcheck?.test?.join(' ')).toContain('9464/readyz');
  });

  it.each(Object.entries(compose.services))('limits what %s takes', (_, { deploy }) => {
    expect(Object.keys(deploy.resources.limits).sort()).toEqual(['cpus', 'memory', 'pids']);
  });

  it('asks .env for nothing that .env.example does not have', () => {
    const example = readFileSync(new URL('.env.example', root), 'utf8');
    const required = [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name!);
    for (const name of required) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
    const offered = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
    for (const name of offered) expect(text).toContain(`\${${name}`);
  });

  it('mounts only files that are here', () => {
    const binds = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    for (const { type, source } of binds) {
      if (type === 'bind') expect([source, existsSync(new URL(source, root))]).toEqual([source, true]);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });
});

describe('Dockerfile', () => {
  it('exposes what each target binds', () => {
    for (const app of deployedApps) {
      const { env, ports } = stages.get(app)!;
      const bound = app === 'operator' ? [] : portsBoundBy(env);
      expect([app, [...ports].sort()]).toEqual([app, [...bound].sort()]);
    }
  });

  it('copies only what the build context has', () => {
    const ignored = readFileSync(new URL('.dockerignore', root), 'utf8').split('\n');
    for (const source of [...stages.values()].flatMap(({ sources }) => sources)) {
      expect([source, existsSync(fileURLToPath(new URL(source, root)))]).toEqual([source, true]);
      expect(ignored).not.toContain(source.split('/')[0]);
    }
  });
});
