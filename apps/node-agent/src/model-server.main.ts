import { writeSync } from 'node:fs';
import { isDomainError } from '@ostro/kernel';
import type { Engine } from './model-server/engines/engine.ts';
import { LlamaEngine } from './model-server/engines/llama.engine.ts';
import { SimulatedEngine } from './model-server/engines/simulated.engine.ts';
import { EXIT_CODES, exitReasonOf } from './model-server/exit-code.ts';
import { jsonLog } from './model-server/log.ts';
import { type ModelServerConfig, readConfig } from './model-server/model-server.config.ts';
import { ModelServer } from './model-server/model-server.ts';
import { systemTimer } from './model-server/timer.ts';

const STDERR = 2;
const log = jsonLog((line) => writeSync(STDERR, line), systemTimer.now);

function engineFor(config: ModelServerConfig): Engine {
  if (config.engine === 'simulated') return new SimulatedEngine({ ...config, ...config.timing }, systemTimer);
  return new LlamaEngine({ ...config, log });
}

/** The one way down: the reason is the last line of the log and the exit code. */
function fail(error: unknown): never {
  const reason = exitReasonOf(isDomainError(error) ? error.reason : undefined);
  const message = isDomainError(error) ? error.message : 'unexpected failure';
  const stack =
    isDomainError(error) || !(error instanceof Error) ? undefined : error.stack?.split('\n    at ').slice(1);
  log('error', message, { exit: reason, stack });
  process.exit(EXIT_CODES[reason]);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  const config = readConfig(process.argv.slice(2));
  const server = new ModelServer({ config, engine: engineFor(config), timer: systemTimer, log });
  const stop = (): void => void server.stop().then(() => process.exit(EXIT_CODES.ok), fail);
  process.on('SIGTERM', stop).on('SIGINT', stop);
  await server.start();
} catch (error) {
  fail(error);
}
