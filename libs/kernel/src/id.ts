import { randomBytes } from 'node:crypto';
import { DomainError } from './domain-error.ts';
import type { Clock } from './clock.ts';
import { SeededRandom } from './seeded-random.ts';

/** Every kind of id there is: the prefix tells a reader of a log line what it is about. */
export type IdPrefix =
  | 'org' // Organization
  | 'prj' // Project
  | 'prn' // Principal
  | 'key' // ApiKey
  | 'jnt' // join token of a node
  | 'nod' // Node
  | 'mdl' // Model
  | 'imp' // Import of a model
  | 'dep' // Deployment
  | 'rev' // Revision of a deployment
  | 'ept' // Endpoint
  | 'rep' // Replica
  | 'plc' // Placement
  | 'dec' // Decision
  | 'req' // InferenceRequest
  | 'inc' // incarnation of a gateway or agent process
  | 'chg' // Charge
  | 'txn' // ledger transaction
  | 'pbk' // PriceBook
  | 'inv' // Invoice
  | 'evt' // event
  | 'aud'; // audit record

/** `<prefix>_<uuidv7 without dashes>`: typed and time-ordered. */
export type Id<P extends IdPrefix> = `${P}_${string}`;

/** Mints ids. Injected, so that a test or a replay mints the same ones again. */
export type IdSource = <P extends IdPrefix>(prefix: P) => Id<P>;

const SHAPE = /^[a-z]{3}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/;

/** An id source on a clock and a source of random bytes. Ids of one source within a millisecond keep their order. */
export function idSource(clock: Pick<Clock, 'now'>, random: (size: number) => Uint8Array): IdSource {
  let lastMs = -1;
  let sequence = 0;
  return (prefix) => {
    // The sequence lives in rand_a (12 bits); when it overflows the next millisecond is borrowed (RFC 9562, 6.2).
    const nowMs = clock.now().getTime();
    if (nowMs > lastMs) {
      lastMs = nowMs;
      sequence = 0;
    } else if (++sequence > 0xfff) {
      lastMs += 1;
      sequence = 0;
    }
    const tail = Buffer.from(random(8));
    tail[0] = (tail[0]! & 0x3f) | 0x80;
    const time = lastMs.toString(16).padStart(12, '0');
    return `${prefix}_${time}7${sequence.toString(16).padStart(3, '0')}${tail.toString('hex')}`;
  };
}

/** Ids for production: system clock, cryptographic randomness. */
export const randomIds: IdSource = idSource({ now: () => new Date() }, (size) => randomBytes(size));

/** The same ids for the same seed; for tests and the simulator. */
export function seededIds(seed: number, clock: Pick<Clock, 'now'> = { now: () => new Date(0) }): IdSource {
  const random = new SeededRandom(seed);
  return idSource(clock, (size) => Uint8Array.from({ length: size }, () => random.next() & 0xff));
}

export function isId<P extends IdPrefix>(prefix: P, text: unknown): text is Id<P> {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && SHAPE.test(text);
}

/** @throws DomainError INVALID_ARGUMENT (reason INVALID_ID) naming the field and the shape that was expected. */
export function parseId<P extends IdPrefix>(prefix: P, text: unknown, field: string): Id<P> {
  if (isId(prefix, text)) return text;
  throw new DomainError(
    'INVALID_ARGUMENT',
    'INVALID_ID',
    `${field} must be an id of the form ${prefix}_<32 hex digits>`,
    {
      details: { field },
    },
  );
}

/** When the id was minted. */
export function timestampOf(id: Id<IdPrefix>): Date {
  return new Date(Number.parseInt(id.slice(4, 16), 16));
}
