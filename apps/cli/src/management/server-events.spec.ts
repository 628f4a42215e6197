import fc from 'fast-check';
import { dataOf, serverEvents } from './server-events.ts';

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const at = [0, ...[...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < at.length; index++) yield bytes.subarray(at[index - 1], at[index]);
}

const collect = async <T>(all: AsyncIterable<T>) => {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
};

describe('server-sent events', () => {
  const stream = ': open\n\nevent: line\ndata: {"a":"é"}\n\ndata: one\ndata: two\n\n: beat\n\ndata:[DONE]\r\n\r\n';

  it('are the same wherever the network cuts them', async () => {
    const expected = [
      { type: 'line', data: '{"a":"é"}' },
      { type: 'message', data: 'one\ntwo' },
      { type: 'message', data: '[DONE]' },
    ];
    const bytes = new TextEncoder().encode(stream);
    // A cut between \r and \n is the one that needs the next piece to be understood.
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 20 }), async (cuts) => {
        expect(await collect(serverEvents(pieces(bytes, cuts)))).toEqual(expected);
      }),
    );
  });

  it('of the API that are a problem are thrown in its words', async () => {
    const response = new Response(
      'event: line\ndata: {"line":"x"}\n\nevent: problem\ndata: {"detail":"gone","reason":"NODE_GONE"}\n\n',
    );
    const seen: object[] = [];
    const read = async () => {
      for await (const value of dataOf(response)) seen.push(value);
    };
    await expect(read()).rejects.toMatchObject({ reason: 'NODE_GONE', message: 'gone' });
    expect(seen).toEqual([{ line: 'x' }]);
  });
});
