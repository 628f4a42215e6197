/**
 * Regenerates libs/embedded/kafka.lock.json: every jar of the broker with its coordinates, size and sha256.
 * Needs Maven, and only whoever moves Kafka to another version needs this: node tools/kafka-lock.mjs 4.4.0
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';

const lockFile = new URL('../libs/embedded/kafka.lock.json', import.meta.url);
const current = JSON.parse(readFileSync(lockFile, 'utf8'));
const kafka = process.argv[2] ?? current.kafka;
/** Without a binding the broker logs nothing. */
const binding = process.argv[3] ?? current.binding;

const dependency = (groupId, artifactId, version) =>
  `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>dev.ostro</groupId><artifactId>kafka-lock</artifactId><version>1</version>
<dependencies>${dependency('org.apache.kafka', 'kafka_2.13', kafka)}${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', binding)}</dependencies>
</project>`;

function resolveJars(directory) {
  writeFileSync(join(directory, 'pom.xml'), pom);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-Dmdep.useRepositoryLayout=true'];
  execFileSync('mvn', ['-q', '-B', ...goal, '-DoutputDirectory=jars'], { cwd: directory, stdio: 'inherit' });
  const jars = join(directory, 'jars');
  return readdirSync(jars, { recursive: true })
    .filter((path) => path.endsWith('.jar'))
    .map((path) => describe(jars, join(jars, path)))
    .sort((one, other) => (one.coordinates < other.coordinates ? -1 : 1));
}

/** <group as folders>/<artifact>/<version>/<file>: the repository layout spells the coordinates. */
function describe(root, path) {
  const parts = relative(root, path).split(sep);
  const [version, artifact] = [parts.at(-2), parts.at(-3)];
  const group = parts.slice(0, -3).join('.');
  const content = readFileSync(path);
  return {
    coordinates: `${group}:${artifact}:${version}`,
    file: basename(path),
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

const work = mkdtempSync(join(tmpdir(), 'kafka-lock-'));
try {
  const jars = resolveJars(work);
  writeFileSync(lockFile, `${JSON.stringify({ kafka, binding, jars }, undefined, 2)}\n`);
  const bytes = jars.reduce((sum, jar) => sum + jar.bytes, 0);
  console.log(`Kafka ${kafka}: ${jars.length} jars, ${(bytes / 1e6).toFixed(1)} MB`);
} finally {
  rmSync(work, { recursive: true });
}
