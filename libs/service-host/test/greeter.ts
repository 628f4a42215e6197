import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { integer, type Read, readConfig } from '@ostro/config';
import { DomainError } from '@ostro/kernel';
import { processSettings, runService, type Service } from '../src/index.ts';

const settings = (read: Read) => ({
  process: processSettings(read),
  port: read.required('OSTRO_GREETER_PORT', integer({ min: 0, max: 65_535 })),
});

/** The smallest real service: it listens, and that is all. */
const greeter: Service<ReturnType<typeof settings>> = {
  name: 'greeter',
  readConfig: (env, warn = () => undefined) => readConfig(env, settings, { app: 'greeter', warn }),
  start: async (config) => {
    const server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new DomainError('UNAVAILABLE', 'ADDRESS_IN_USE', 'the port is taken', { cause })),
      );
      server.listen(config.port, '127.0.0.1', resolve);
    });
    return {
      addresses: { http: `127.0.0.1:${(server.address() as AddressInfo).port}` },
      stop: () => new Promise((resolve) => server.close(() => resolve())),
    };
  },
};

await runService(greeter, process.env);
