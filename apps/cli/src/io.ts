import type { Readable, Writable } from 'node:stream';

type Terminal = { readonly isTTY?: boolean; readonly columns?: number };

/** Everything a command touches besides the network, so that a test can hold it in its hands. */
export interface Io {
  readonly stdin: Readable & Terminal & { setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & Terminal;
  readonly stderr: Writable & Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the caller stands: paths are meant from here. */
  readonly directory: string;
}
