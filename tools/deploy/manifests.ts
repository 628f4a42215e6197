import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const k8s = fileURLToPath(new URL('../../k8s/', import.meta.url));

/** A Kubernetes object as its file has it, or as an overlay makes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // The schemas check what is below; here it is read by path.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [field: string]: any;
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
}

export const layers = ['base', 'overlays/local', 'overlays/prod'] as const;
export type Layer = (typeof layers)[number];

/** What a layer consists of. Our overlays patch maps and plain values only, so a merge of objects is all it takes. */
export function manifestsOf(layer: Layer): readonly Manifest[] {
  const folder = join(k8s, layer);
  const { resources, patches = [] } = read<Kustomization>(join(folder, 'kustomization.yaml'))[0]!;
  checkNothingForgotten(layer, folder, [...resources, ...patches.map(({ path }) => path)]);
  const from = resources.flatMap((resource) =>
    resource.startsWith('..')
      ? [...manifestsOf(join(layer, resource) as Layer)]
      : read<Manifest>(join(folder, resource)),
  );
  const byKey = new Map(from.map((manifest) => [keyOf(manifest), manifest]));
  if (byKey.size !== from.length) throw new Error(`${layer} names an object twice`);
  for (const patch of patches.flatMap(({ path }) => read<Manifest>(join(folder, path)))) {
    const target = byKey.get(keyOf(patch));
    if (!target) throw new Error(`${layer} patches ${keyOf(patch)}, which does not exist`);
    byKey.set(keyOf(patch), merge(target, patch) as Manifest);
  }
  return [...byKey.values()];
}

export function keyOf({ kind, metadata: { name, namespace = '' } }: Manifest): string {
  return `${kind} ${namespace}/${name}`;
}

function checkNothingForgotten(layer: Layer, folder: string, named: readonly string[]): void {
  const present = globSync('*.yaml', { cwd: folder }).filter((file) => basename(file) !== 'kustomization.yaml');
  const forgotten = present.filter((file) => !named.includes(file));
  if (forgotten.length > 0) throw new Error(`${dirname(`${layer}/x`)} does not name ${forgotten.join(', ')}`);
}

/** Kubernetes reads YAML 1.1, in which 0440 is an octal number and `yes` a boolean: what we mean must read so, too. */
function read<T>(file: string): T[] {
  const text = readFileSync(file, 'utf8');
  const documents = parseAllDocuments(text).map((document) => document.toJS() as T);
  const asKubernetesReads = parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS() as T);
  if (JSON.stringify(documents) !== JSON.stringify(asKubernetesReads)) {
    throw new Error(`${file} means something else in YAML 1.1: quote words such as on and yes, write modes in decimal`);
  }
  return documents;
}

/** RFC 7386: objects are merged, null removes, everything else replaces; a list would replace, so none is allowed. */
function merge(target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) throw new Error('an overlay patches a list; put what differs into a ConfigMap instead');
  if (typeof patch !== 'object' || patch === null) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Documents of rendered YAML. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

export function readYaml<T>(file: string): T {
  return parse(readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8'), { merge: true }) as T;
}
