import { listVariables, type Read, readConfig, type Variable } from '@ostro/config';

type Build = (read: Read) => object;

/** What is deployed, each with the modules that say what it reads from its environment. */
const CONFIGS: Readonly<Record<string, string>> = {
  identity: 'apps/identity/src/identity.config.ts',
  registry: 'apps/registry/src/registry.config.ts',
  scheduler: 'apps/scheduler/src/scheduler.config.ts',
  billing: 'apps/billing/src/billing.config.ts',
  api: 'apps/api/src/api.config.ts',
  gateway: 'apps/gateway/src/gateway.config.ts',
  'node-agent': 'apps/node-agent/src/node-agent.config.ts',
  operator: 'apps/local/src/operator.config.ts',
};

export const deployedApps = Object.keys(CONFIGS);

/** Everything the app may be told. */
export async function variablesOf(app: string): Promise<readonly Variable[]> {
  return (await buildsOf(app)).flatMap((build) => listVariables(build));
}

/**
 * Reads an environment as the app would at its start.
 *
 * @throws DomainError naming every variable that is missing or wrong.
 */
export async function readAs(app: string, env: Readonly<Record<string, string>>): Promise<void> {
  const warn = (message: string) => {
    throw new Error(message);
  };
  for (const build of await buildsOf(app)) readConfig(env, build, { app, warn });
  const module = await importConfig(app);
  const own = Object.entries(module).find(([name]) => /^read\w+Config$/.test(name))?.[1];
  // Some configurations are more than their parts: the gateway refuses clear text on an open address.
  if (typeof own === 'function') own(env, warn);
}

async function buildsOf(app: string): Promise<readonly Build[]> {
  const found = Object.entries(await importConfig(app)).find(([name]) => /^(settings|\w+Settings)$/.test(name))?.[1];
  if (typeof found === 'function') return [found as Build];
  if (typeof found === 'object' && found !== null) return Object.values(found) as Build[];
  throw new Error(`${CONFIGS[app]} exports no settings: export the function that reads them`);
}

async function importConfig(app: string): Promise<Record<string, unknown>> {
  const file = CONFIGS[app];
  if (file === undefined) throw new Error(`${app} is not among ${deployedApps.join(', ')}`);
  return (await import(new URL(`../../${file}`, import.meta.url).href)) as Record<string, unknown>;
}
