/**
 * Writes libs/model-formats/fixtures/<model>.facts.json: of the known models from their header-only files, and of any
 * real file given as NAME=FILE (gemma-3-270m comes from the packaged GGUF).
 *
 *   node tools/derive-model-facts.mjs [gemma-3-270m-q4_k_m=FILE]
 */
import { open, writeFile } from 'node:fs/promises';
import { readFacts } from '../libs/model-formats/src/index.ts';
import { KNOWN_MODELS } from '../libs/model-formats/test/known-models.ts';

const fixtures = new URL('../libs/model-formats/fixtures/', import.meta.url);

for (const [name, files] of Object.entries(KNOWN_MODELS)) await derive(name, files());
for (const argument of process.argv.slice(2)) {
  const [name, path] = argument.split('=');
  const file = await open(path);
  const { size } = await file.stat();
  const read = async (offset, length) => {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  };
  await derive(name, [{ path, source: { size, read } }]);
  await file.close();
}

async function derive(name, files) {
  const facts = await readFacts(files);
  await writeFile(new URL(`${name}.facts.json`, fixtures), `${JSON.stringify(facts, null, 2)}\n`);
  console.log(`${name}: ${(facts.weightBytes / 2 ** 30).toFixed(2)} GiB of weights`);
}
