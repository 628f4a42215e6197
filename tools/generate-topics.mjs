/**
 * Writes deploy/kafka/topics.yaml from the list of topics in libs/contracts, for people who review or create topics
 * with tools of their own. `--check` changes nothing and fails when the committed file differs. That the operator's
 * command really creates these is shown by apps/local/test/operator.int-spec.ts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { TOPICS } from '../libs/contracts/src/topics.ts';
import { root } from './lint/workspace.mjs';

const HOUR_MS = 3_600_000;
const DEAD_LETTER_RETENTION_MS = 30 * 24 * HOUR_MS;
const file = join(root, 'deploy/kafka/topics.yaml');

function withDeadLetters({ name, owner, key, types, partitions, cleanup, retentionHours, signed, deadLetters }) {
  const retention = cleanup === 'compact' ? 'delete.retention.ms' : 'retention.ms';
  const config = { 'cleanup.policy': cleanup, [retention]: String(retentionHours * HOUR_MS) };
  const topic = { name, owner, key, types: [...types], signed, partitions, config };
  if (!deadLetters) return [topic];
  const forDeadLetters = { 'cleanup.policy': 'delete', 'retention.ms': String(DEAD_LETTER_RETENTION_MS) };
  return [topic, { name: `${name}.dlq`, owner: 'its consumers', partitions: 1, config: forDeadLetters }];
}

const text = `# Generated from libs/contracts/src/topics.ts by tools/generate-topics.mjs. Do not edit.
# The replication factor is the broker's default.replication.factor; auto.create.topics.enable must be false.
${stringify({ topics: Object.values(TOPICS).flatMap(withDeadLetters) }, { singleQuote: true })}`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  process.stderr.write('deploy/kafka/topics.yaml is out of date: run `node tools/generate-topics.mjs` and commit it\n');
  process.exitCode = 1;
}
