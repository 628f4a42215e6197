import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One `FROM … AS name` of the Dockerfile with what matters to those who run it. */
export interface Stage {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  /** Paths that COPY takes from the build context. */
  readonly sources: readonly string[];
}

/** The stages of the root's Dockerfile; each has the environment of those it builds upon. */
export function readStages(): ReadonlyMap<string, Stage> {
  const text = readFileSync(fileURLToPath(new URL('../../Dockerfile', import.meta.url)), 'utf8');
  const stages = new Map<string, Stage>();
  for (const block of text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split(/^FROM /m)
    .slice(1)) {
    const [, base, name] = /^(\S+) AS (\S+)/.exec(block) ?? [];
    if (base === undefined || name === undefined) throw new Error(`a stage without a name: FROM ${block}`);
    stages.set(name, {
      name,
      env: { ...stages.get(base)?.env, ...Object.fromEntries(words(block, 'ENV').map((pair) => split(pair))) },
      ports: words(block, 'EXPOSE').map(Number),
      sources: [...block.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) => from!.split(' ')),
    });
  }
  return stages;
}

function words(block: string, instruction: string): string[] {
  return [...block.matchAll(new RegExp(`^${instruction} (.+)$`, 'gm'))].flatMap(([, rest]) => rest!.split(/\s+/));
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
