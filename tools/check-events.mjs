/**
 * Holds the READMEs of the apps to the code: a topic that an app uses stands in its table of what it publishes or
 * listens to, and a table names no topic that the app does not use. Who owns a topic publishes it; everybody else listens.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lint/workspace.mjs';

const topicsSource = readFileSync(join(root, 'libs/contracts/src/topics.ts'), 'utf8');
/** TOPICS key -> {name, owner}, read from the source so that this check needs no build. */
const topics = new Map(
  [...topicsSource.matchAll(/^ {2}(\w+): \{\n {4}name: '([^']+)',\n {4}owner: '([^']+)'/gm)].map(
    ([, key, name, owner]) => [key, { name, owner }],
  ),
);
if (topics.size === 0) throw new Error('libs/contracts/src/topics.ts has no topics in the shape this check reads');

const sourcesOf = (app) =>
  readdirSync(join(root, 'apps', app, 'src'), { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('spec.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));

/** Names of topics in the rows of the tables whose head says so. */
function tableRows(readme, head) {
  const rows = new Set();
  let isInside = false;
  for (const line of readme.split('\n')) {
    if (!line.startsWith('|')) isInside = false;
    else if (new RegExp(`^\\|\\s*${head}`, 'i').test(line)) isInside = true;
    else if (isInside) for (const [, name] of line.matchAll(/`([a-z-]+\.[a-z-]+\.v\d+)`/g)) rows.add(name);
  }
  return rows;
}

const problems = [];
for (const app of readdirSync(join(root, 'apps'))) {
  // `local` creates every topic and uses none.
  if (app === 'local' || !existsSync(join(root, 'apps', app, 'src'))) continue;
  const used = new Set(sourcesOf(app).flatMap((text) => [...text.matchAll(/\bTOPICS\.(\w+)/g)].map(([, key]) => key)));
  const readmeFile = join(root, 'apps', app, 'README.md');
  // check-workspace asks for a README that is missing.
  const readme = existsSync(readmeFile) ? readFileSync(readmeFile, 'utf8') : '';
  const tables = { publishes: tableRows(readme, 'publishes'), 'listens to': tableRows(readme, 'listens to') };
  for (const key of used) {
    const { name, owner } = topics.get(key);
    const table = owner === app ? 'publishes' : 'listens to';
    if (!tables[table].delete(name)) problems.push(`apps/${app}/README.md: the table "${table}" lacks \`${name}\``);
  }
  for (const [table, names] of Object.entries(tables)) {
    for (const name of names)
      problems.push(`apps/${app}/README.md: "${table}" names \`${name}\`, which the code does not use so`);
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
}
