import { resolve } from 'node:path';
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { DomainError } from '@ostro/kernel';

/** What a person can say on the command line of `npm start` and `npm run demo`. */
export interface LocalOptions {
  readonly command: 'start' | 'demo';
  /** Everything that stays between two starts. */
  readonly dataDir: string;
  /** Downloads, shared by all data directories. */
  readonly cacheDir: string;
  readonly json: boolean;
  readonly gatewayPort: number;
  readonly apiPort: number;
  readonly metricsPort: number;
  /** Simulated accelerators beside the real node, such as `8xH100-80GB`. */
  readonly simulate: string | undefined;
  /** `packaged:gemma-3-270m`, or the path of a GGUF file. */
  readonly model: string;
  readonly question: string;
  /** An existing server instead of the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly javaHome: string | undefined;
  readonly mavenRepository: string | undefined;
  readonly otlpEndpoint: string | undefined;
}

const USAGE = `usage: npm start -- [options]      run Ostro here until Ctrl-C
       npm run demo -- [options]   ask one question, print the bill, stop

  --data DIR           where everything is kept (default .ostro)
  --model MODEL        packaged:gemma-3-270m (default) or the path of a GGUF file
  --question TEXT      what the first request asks
  --simulate N×MODEL   also run a node with simulated GPUs, such as 8xH100-80GB
  --gateway-port N     OpenAI-compatible API (default 8080; 0 takes a free one)
  --api-port N         management API (default 8081)
  --metrics-port N     Prometheus metrics (default 9464)
  --json               print one JSON object and nothing else (demo)

environment: DATABASE_URL and KAFKA_BROKERS use existing servers, JAVA_HOME names a Java 17 or newer,
OSTRO_CACHE_DIR moves the downloads (default ~/.cache/ostro)`;

/** @throws DomainError INVALID_ARGUMENT (USAGE) with the manual. */
export function readLocalOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LocalOptions {
  const { values, positionals } = parse(argv);
  const [command = 'start', ...rest] = positionals;
  if (values.help || rest.length > 0 || (command !== 'start' && command !== 'demo')) throw usage(USAGE);
  // A demo stands beside whatever already runs here, so it takes free ports.
  const defaultPort = (port: number) => (command === 'demo' ? 0 : port);
  return {
    command,
    ...DEFAULTS,
    ...withoutAbsent({ json: values.json, model: values.model, question: values.question, simulate: values.simulate }),
    ...fromEnvironment(env),
    dataDir: resolve(values.data ?? '.ostro'),
    gatewayPort: port(values['gateway-port'], '--gateway-port', defaultPort(8080)),
    apiPort: port(values['api-port'], '--api-port', defaultPort(8081)),
    metricsPort: port(values['metrics-port'], '--metrics-port', defaultPort(9464)),
  };
}

const DEFAULTS = {
  json: false,
  model: 'packaged:gemma-3-270m',
  question: 'In one sentence: why is the sky blue?',
  simulate: undefined,
};

function fromEnvironment(env: Readonly<Record<string, string | undefined>>) {
  return {
    cacheDir: resolve(env['OSTRO_CACHE_DIR'] ?? `${homedir()}/.cache/ostro`),
    databaseUrl: env['DATABASE_URL'],
    kafkaBrokers: env['KAFKA_BROKERS']?.split(',').map((broker) => broker.trim()),
    javaHome: env['JAVA_HOME'],
    mavenRepository: env['OSTRO_MAVEN_REPOSITORY'],
    otlpEndpoint: env['OSTRO_OTLP_ENDPOINT'],
  };
}

/** Only what was said, so that it can be laid over the defaults. */
function withoutAbsent<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        data: text,
        model: text,
        question: text,
        simulate: text,
        'gateway-port': text,
        'api-port': text,
        'metrics-port': text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw usage(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

function port(text: string | undefined, flag: string, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw usage(`${flag} must be a port from 0 to 65535, not "${text}"`);
}

function usage(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'USAGE', message);
}
