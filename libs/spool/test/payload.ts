/** Bytes that tell where they belong, of many lengths, so that a record in the wrong place is noticed. */
export function payloadOf(incarnation: string, sequence: bigint): Buffer {
  return Buffer.from(`${incarnation}/${sequence}/`.repeat(1 + Number(sequence % 23n)));
}
