import { readRequests } from './read-requests.ts';
import { BadRows } from './trace-error.ts';

const OWN = 'arrival_ms,model,input_tokens,output_tokens';
const GENAI = 'gmt_create,predict_status,exec_time_seconds,checkpoint_model_version_id';

describe('the requests of a trace', () => {
  it.each([
    [
      "Ostro's CSV",
      `${OWN},prefix_blocks,block_tokens,organization\n5000,m,3,1,0 14,16,acme\n5007,m,2,1,,,`,
      [
        {
          arrivalMs: 0,
          model: 'm',
          inputTokens: 3,
          outputTokens: 1,
          prefix: { blocks: [0, 14], blockTokens: 16 },
          organization: 'acme',
        },
        { arrivalMs: 7, model: 'm', inputTokens: 2, outputTokens: 1 },
      ],
    ],
    [
      "Ostro's JSON lines",
      '{"arrival_ms": 1, "model": "m", "input_tokens": 3, "output_tokens": 1, "prefix_blocks": [9], "block_tokens": 16}',
      [{ arrivalMs: 0, model: 'm', inputTokens: 3, outputTokens: 1, prefix: { blocks: [9], blockTokens: 16 } }],
    ],
    [
      'Mooncake',
      '{"timestamp": 27, "input_length": 600, "output_length": 5, "hash_ids": [0, 4]}',
      [
        {
          arrivalMs: 0,
          model: 'mooncake',
          inputTokens: 600,
          outputTokens: 5,
          prefix: { blocks: [0, 4], blockTokens: 512 },
        },
      ],
    ],
    [
      'Azure',
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.979,48,10\n2023-11-16 18:17:04.031,31,8',
      [
        { arrivalMs: 0, model: 'azure-llm', inputTokens: 48, outputTokens: 10 },
        { arrivalMs: 52, model: 'azure-llm', inputTokens: 31, outputTokens: 8 },
      ],
    ],
    [
      'GenAI',
      `${GENAI}\n2024-11-15 16:57:50,SUCCEED,32.0,M0\n2024-11-15 16:58:50,FAILED,1.5,M1`,
      [
        { arrivalMs: 0, model: 'M0', inputTokens: 0, outputTokens: 0, executionMs: 32_000 },
        { arrivalMs: 60_000, model: 'M1', inputTokens: 0, outputTokens: 0, executionMs: 1_500 },
      ],
    ],
  ])('of %s are told by the first line, and time counts from the first row', (_, text, requests) => {
    expect([...readRequests([text])]).toEqual(requests);
  });

  it('are those that ran: a pending row is none, and is counted', () => {
    let [none, startMs] = [0, 0];
    const text = `${GENAI}\n2024-11-15 16:57:50,PENDING,0.0,\n2024-11-15 16:57:51,SUCCEED,1,M0`;
    expect([
      ...readRequests([text], { onNoRequest: () => (none += 1), onStart: (atMs) => (startMs = atMs) }),
    ]).toHaveLength(1);
    expect([none, startMs]).toEqual([1, Date.UTC(2024, 10, 15, 16, 57, 50)]);
  });

  it('come in order of time, and a row that goes back is a bad row', () => {
    const text = `${OWN}\n10,m,1,1\n5,m,1,1\n11,m,1,1`;
    expect(() => [...readRequests([text])]).toThrow(
      'line 3, column "arrival_ms": expected rows in order of time; sort the trace by this column, found "5 ms before the row above"',
    );
    const bad = new BadRows(1);
    expect([...readRequests([text], { onBadRow: bad.add })].map(({ arrivalMs }) => arrivalMs)).toEqual([0, 1]);
    expect(bad.errors).toHaveLength(1);
  });

  it('with blocks but no length of a block are refused', () => {
    const text = `${OWN},prefix_blocks\n1,m,1,1,0 1`;
    expect(() => [...readRequests([text])]).toThrow('column "block_tokens"');
  });

  it.each(['1  2', ' 1', '0x10', '1e3', '1.0'])(
    'have blocks that are digits between single spaces, not "%s"',
    (blocks) => {
      const text = `${OWN},prefix_blocks,block_tokens\n1,m,1,1,${blocks},16`;
      expect(() => [...readRequests([text])]).toThrow('column "prefix_blocks": expected numbers separated by spaces');
    },
  );

  it('have blocks of whole cache blocks', () => {
    const text = `${OWN},prefix_blocks,block_tokens\n1,m,1,1,0,40`;
    expect(() => [...readRequests([text])]).toThrow('column "block_tokens": expected a multiple of 16');
  });

  it('have blocks of one length', () => {
    const text = `${OWN},prefix_blocks,block_tokens\n1,m,1,1,0,16\n1,m,1,1,,\n1,m,1,1,0,32`;
    expect(() => [...readRequests([text])]).toThrow('line 4, column "block_tokens": expected 16 as in the rows above');
  });

  it('of an unknown kind are refused, saying what is known', () => {
    expect(() => [...readRequests(['a,b\n1,2'])]).toThrow(
      /line 1 is of no known request trace: it has "a, b"\. Known: requests-csv has arrival_ms, .*; genai has /,
    );
    expect(() => [...readRequests(['{"a": 1}'])]).toThrow('of no known request trace');
    expect(() => [...readRequests(['\u001F\u008B\u0008\0\0'])]).toThrow('not text: unpack it');
    expect(() => [...readRequests(['', '\n \n'])]).toThrow('the trace is empty');
  });
});
