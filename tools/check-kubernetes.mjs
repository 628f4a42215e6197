/**
 * Validates every Kubernetes object of k8s/, base and overlays, against the schemas of the Kubernetes release we name,
 * with unknown fields as errors. Where kubectl is present, what it renders must be valid and the same.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Ajv from 'ajv/dist/2020.js';
import { KUBERNETES_VERSION, kubernetesSchemas } from './deploy/kubernetes-schemas.mjs';
import { keyOf, layers, manifestsOf, parseManifests } from './deploy/manifests.ts';
import { root } from './lint/workspace.mjs';

const schemas = kubernetesSchemas();
const readJson = (file) => JSON.parse(readFileSync(join(schemas, file), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(readJson('_definitions.json'));

const validators = new Map();
const findings = [];

/** apps/v1 is `apps-v1` in a schema's file name, networking.k8s.io/v1 is `networking-v1`. */
function validatorFor({ apiVersion, kind }) {
  const group = apiVersion.replace(/^([^./]*)(?:\.[^/]*)?\//, '$1-');
  const file = `${kind}-${group}.json`.toLowerCase();
  if (!validators.has(file)) {
    if (!existsSync(join(schemas, file))) return undefined;
    validators.set(file, ajv.compile(readJson(file)));
  }
  return validators.get(file);
}

function validate(layer, manifest) {
  const validator = validatorFor(manifest);
  if (!validator) {
    findings.push(`${layer}: Kubernetes ${KUBERNETES_VERSION} has no ${manifest.kind} in ${manifest.apiVersion}`);
  } else if (!validator(manifest)) {
    for (const { instancePath, message, params } of validator.errors) {
      const what = params.additionalProperty ?? '';
      findings.push(`${layer}: ${keyOf(manifest)}: ${instancePath || '/'} ${message} ${what}`.trimEnd());
    }
  }
}

function checkRendered(layer, expected) {
  const { status, stdout, stderr, error } = spawnSync('kubectl', ['kustomize', join(root, 'k8s', layer)], {
    encoding: 'utf8',
  });
  if (error?.code === 'ENOENT') return false;
  if (status !== 0) {
    findings.push(`${layer}: kubectl kustomize: ${stderr.trim()}`);
    return true;
  }
  const rendered = parseManifests(stdout);
  for (const manifest of rendered) validate(`${layer} as rendered`, manifest);
  const byKey = (manifests) => Object.fromEntries(manifests.map((manifest) => [keyOf(manifest), manifest]));
  // The one thing kustomize adds that our reader does not: tags of images.
  const untagged = JSON.parse(JSON.stringify(rendered).replaceAll(/("image":"ostro\/[a-z-]+):[^"]+"/g, '$1"'));
  if (!isDeepStrictEqual(byKey(untagged), byKey(expected))) {
    findings.push(`${layer}: kubectl kustomize renders something else than tools/deploy/manifests.ts merges`);
  }
  return true;
}

let isRendered = true;
for (const layer of layers) {
  const manifests = manifestsOf(layer);
  for (const manifest of manifests) validate(layer, manifest);
  isRendered = checkRendered(layer, manifests) && isRendered;
}
if (!isRendered) process.stdout.write('kubectl is not here: merged by our own reader only\n');
for (const finding of findings) process.stderr.write(`${finding}\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
