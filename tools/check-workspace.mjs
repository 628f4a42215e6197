/**
 * Fails when what a package imports, what its package.json declares and what its tsconfig.json refers to are not the
 * same: then it would build here by luck of hoisting or order, and not elsewhere.
 */
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import typescript from 'typescript';
import { exists, readPackages, root } from './lint/workspace.mjs';

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
const isTest = (file) => /\.(spec|int-spec|system-spec)\.ts$|[\\/]test[\\/]/.test(file);
const isOurs = (name) => name.startsWith('@ostro/');

const findings = [];
/**
 * Tests may use what the root brings for all of them; `@jest/globals` is a part of jest. The libs that `@ostro/testing`
 * is made of use it in their own tests, and to declare that would close a circle of packages.
 */
const rootTools = [...Object.keys(readJson('package.json').devDependencies), '@jest/globals', '@ostro/testing'];

function importsOf(folder) {
  const inCode = new Set();
  const inTests = new Set();
  for (const file of globSync(`${folder}/{src,test}/**/*.ts`, { cwd: root })) {
    const { importedFiles } = typescript.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.') || fileName.startsWith('node:') || builtinModules.includes(fileName)) continue;
      (isTest(file) ? inTests : inCode).add(packageOf(fileName));
    }
  }
  return { inCode, inTests };
}

function referencesOf(folder) {
  return (readJson(`${folder}/tsconfig.json`).references ?? []).map(
    ({ path }) => `@ostro/${path.split('/').filter(Boolean).at(-1)}`,
  );
}

function checkImports({ folder, name, manifest }) {
  const { inCode, inTests } = importsOf(folder);
  const dependencies = Object.keys(manifest.dependencies ?? {});
  const declared = [...dependencies, ...Object.keys(manifest.devDependencies ?? {}), name];
  const missing = [
    ...[...inCode].filter((used) => !dependencies.includes(used) && used !== name),
    ...[...inTests].filter((used) => !declared.includes(used) && !rootTools.includes(used)),
  ];
  for (const used of new Set(missing)) findings.push(`${folder} imports ${used}: add it to its package.json`);
  for (const idle of declared.filter(isOurs)) {
    if (idle !== name && !inCode.has(idle) && !inTests.has(idle)) {
      findings.push(`${folder} declares ${idle} and never imports it: remove it from its package.json`);
    }
  }
  return [...inCode].filter((used) => isOurs(used) && used !== name);
}

function checkReferences({ folder }, imported) {
  const references = referencesOf(folder);
  for (const used of imported.filter((name) => !references.includes(name))) {
    findings.push(`${folder} imports ${used}: add it to the references of its tsconfig.json`);
  }
  for (const idle of references.filter((name) => !imported.includes(name))) {
    findings.push(`${folder}/tsconfig.json refers to ${idle}, which is never imported: remove the reference`);
  }
}

function checkForm({ folder, tags }, builtFolders) {
  if (!exists(`${folder}/README.md`)) findings.push(`${folder} has no README.md: say in one page what it promises`);
  for (const kind of ['scope:', 'type:']) {
    if (!tags.some((tag) => tag.startsWith(kind))) findings.push(`${folder} has no ${kind} tag: add it under "nx"`);
  }
  if (!builtFolders.includes(folder)) findings.push(`${folder} is not built: add it to the root's tsconfig.json`);
}

const builtFolders = readJson('tsconfig.json').references.map(({ path }) => path);
for (const workspacePackage of readPackages()) {
  checkForm(workspacePackage, builtFolders);
  checkReferences(workspacePackage, checkImports(workspacePackage));
}
for (const finding of findings) process.stderr.write(`${finding}\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
