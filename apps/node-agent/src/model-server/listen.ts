import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { DomainError } from '@ostro/kernel';
import type { Listen } from './model-server.config.ts';

/** The kernel's limit for a socket's path, with its closing zero byte. */
const LONGEST_SOCKET_PATH = 107;

/**
 * Resolves with the address for the log. A socket lives in a directory of its owner alone; a socket file that nobody
 * answers on is left over from a killed process and is replaced.
 * @throws DomainError FAILED_PRECONDITION (CANNOT_LISTEN)
 */
export async function listenOn(server: Server, listen: Listen): Promise<string> {
  if (listen.kind === 'socket') await prepareSocket(listen.path);
  const target = listen.kind === 'socket' ? { path: listen.path } : { host: listen.host, port: listen.port };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(cannotListen(`${error.message}; free the address or choose another`, error)),
    );
    server.listen(target, resolve);
  });
  if (listen.kind === 'socket') return listen.path;
  const { address, port } = server.address() as AddressInfo;
  return `${address}:${port}`;
}

async function prepareSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    throw cannotListen(`the socket path ${path} is longer than ${LONGEST_SOCKET_PATH} bytes; use a shorter directory`);
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode } = await stat(directory);
  if ((mode & 0o077) !== 0) await chmod(directory, 0o700);
  if (await answers(path)) throw cannotListen(`another process listens on ${path}; stop it first`);
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function cannotListen(message: string, cause?: unknown): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'CANNOT_LISTEN', message, { cause });
}
