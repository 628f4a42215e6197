import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { tinyModel } from '@ostro/model-formats';

const USAGE = 'usage: node tools/tiny-model/generate.mjs --out FILE [--seed N] [--embedding]';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    embedding: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
if (values.out === undefined || !Number.isSafeInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}
const bytes = tinyModel({ seed, embedding: values.embedding });
await writeFile(values.out, bytes);
console.log(`${values.out}: ${bytes.length} bytes, seed ${seed}${values.embedding ? ', for embeddings' : ''}`);
