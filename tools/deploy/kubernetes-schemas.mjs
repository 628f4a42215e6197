import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lint/workspace.mjs';

/** The wheel that carries Kubernetes' own schemas as files; only its data is used. */
const WHEEL = {
  requirement: 'kubernetes-validate==1.37.0',
  sha256: '85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9',
};
export const KUBERNETES_VERSION = '1.37';
const python = process.platform === 'win32' ? 'python' : 'python3';

/** Folder with one JSON schema per kind in which unknown fields are errors; downloaded once, checked by its hash. */
export function kubernetesSchemas() {
  const cache = join(root, '.cache');
  const folder = join(cache, `kubernetes-schemas-${KUBERNETES_VERSION}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'kubernetes-schemas-'));
  try {
    const requirements = join(draft, 'requirements.txt');
    writeFileSync(requirements, `${WHEEL.requirement} --hash=sha256:${WHEEL.sha256}\n`);
    const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes', '--retries=3'];
    run(['-m', 'pip', 'download', ...flags, '--dest', draft, '--requirement', requirements]);
    const wheel = readdirSync(draft).find((name) => name.endsWith('.whl'));
    run(['-m', 'zipfile', '-e', join(draft, wheel), join(draft, 'unpacked')]);
    const inWheel = `kubernetes_validate/kubernetes-json-schema/v${KUBERNETES_VERSION}.0-local-strict`;
    renameSync(join(draft, 'unpacked', inWheel), folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

function run(args) {
  const { status, stderr, error } = spawnSync(python, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(
    `${python} ${args.slice(0, 3).join(' ')} failed: ${(error?.message ?? stderr).trim()}\n` +
      `It fetches ${WHEEL.requirement} from the package index pip is configured for; check that this machine reaches it.`,
  );
}
