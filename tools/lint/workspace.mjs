import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every package of the workspace: its folder, its name and the tags its boundaries follow from. */
export function readPackages() {
  return globSync('{libs,apps}/*/package.json', { cwd: root })
    .map((file) => {
      const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'));
      return {
        folder: dirname(file).split(sep).join('/'),
        name: manifest.name,
        manifest,
        tags: manifest.nx?.tags ?? [],
      };
    })
    .sort((a, b) => a.folder.localeCompare(b.folder));
}

/** The path of a file as rules write it: from the root, with forward slashes. */
export const fromRoot = (filename) => relative(root, filename).split(sep).join('/');

export const exists = (path) => existsSync(join(root, path));
