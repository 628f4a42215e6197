import { usageV1 } from '@ostro/contracts';

/** Of the payloads; readers know this one and the one before it. */
export const SPOOL_FORMAT = 1;
export const BEGIN = 1;
export const END = 2;

/**
 * Both kinds of record hold a UsageRecorded. That of a Begin has only `begun` and, as `sequence`, the last one that
 * was finished before it, so that numbering can go on where every End has been trimmed.
 */
export function encodeBegin(begun: usageV1.UsageBegun, finishedBefore: bigint, incarnation: string): Uint8Array {
  return usageV1.UsageRecorded.encode(
    usageV1.UsageRecorded.fromPartial({ begun, sequence: finishedBefore, gatewayIncarnation: incarnation }),
  ).finish();
}

export function recordedEntry(recorded: usageV1.UsageRecorded): usageV1.UsageEntry {
  return { entry: { $case: 'recorded', recorded } };
}

export function replayedEntry(gatewayIncarnation: string, lastSequence: bigint): usageV1.UsageEntry {
  return { entry: { $case: 'replayed', replayed: { gatewayIncarnation, lastSequence } } };
}
