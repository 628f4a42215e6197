/** Some service that others dial: `identity:7000`. */
export interface Address {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
}

/** Addresses of the world outside: told to clients, or not ours. */
const OUTSIDE = ['OSTRO_GATEWAY_URL', 'OSTRO_HUGGING_FACE_URL'];

/** Where an environment says that other parts of the deployment answer: every _ADDRESS, _URL, _ENDPOINT and _BROKERS. */
export function addressesIn(env: Readonly<Record<string, string>>): readonly Address[] {
  return Object.entries(env)
    .filter(([name]) => /^OSTRO_.*(ADDRESS|URL|ENDPOINT|BROKERS)$/.test(name) && !OUTSIDE.includes(name))
    .flatMap(([variable, value]) => value.split(',').map((part) => addressOf(variable, part)));
}

function addressOf(variable: string, text: string): Address {
  const [, protocol, host, port] = /^(?:(\w+):\/\/)?(?:[^@/]*@)?([a-z0-9.-]+)(?::([0-9]+))?/.exec(text) ?? [];
  if (host === undefined) throw new Error(`${variable}=${text} names no host`);
  return { variable, host, port: Number(port ?? (protocol === 'https' ? 443 : 80)) };
}

/** The ports a target of the Dockerfile listens on, by what its environment binds. */
export function portsBoundBy(env: Readonly<Record<string, string>>): readonly number[] {
  return Object.entries(env)
    .filter(([name]) => /^OSTRO_.*BIND$/.test(name))
    .map(([, value]) => Number(value.slice(value.lastIndexOf(':') + 1)));
}
