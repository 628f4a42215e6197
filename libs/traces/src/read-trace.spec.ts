import fc from 'fast-check';
import { isDomainError } from '@ostro/kernel';
import { azureLlm } from './formats/azure-llm.ts';
import { fgdCurves } from './formats/fgd-curves.ts';
import { genai } from './formats/genai.ts';
import { loadLatencies } from './formats/load-latency.ts';
import { mooncake } from './formats/mooncake.ts';
import { openbNodes, openbTasks } from './formats/openb.ts';
import { siliconRows } from './formats/silicon.ts';
import { parseTrace, readTrace } from './read-trace.ts';
import { BadRows } from './trace-error.ts';

const TASKS = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n';

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const read: Row[] = [];
  for await (const row of rows) read.push(row);
  return read;
}

describe('a row of', () => {
  it('openb nodes', () => {
    const text = 'sn,cpu_milli,memory_mib,gpu,model\r\nn0,64000,262144,2,P100\r\nn1,32000,262144,0,\r\n';
    expect(parseTrace(openbNodes, text)).toEqual([
      { nodeId: 'n0', cpuMilli: 64_000, memoryMib: 262_144, gpus: 2, model: 'P100' },
      { nodeId: 'n1', cpuMilli: 32_000, memoryMib: 262_144, gpus: 0, model: undefined },
    ]);
  });

  it('openb tasks, with allowed models each once and without the columns that some lists lack', () => {
    const [free, bound] = parseTrace(openbTasks, `${TASKS}t0,12000,16384,1,460,\nt1,1,1,8,1000,V100M32|T4|V100M32`);
    expect(free).toMatchObject({ taskId: 't0', gpus: 1, gpuMilli: 460, models: [], qos: undefined });
    expect(bound).toMatchObject({ gpus: 8, gpuMilli: 1_000, models: ['V100M32', 'T4'], createdAtSeconds: undefined });
  });

  it("FGD's curves", () => {
    const percents = Array.from({ length: 131 }, (_, percent) => percent);
    const row = ['l', '06-FGD', '42', '6212', ...percents.map((percent) => (percent === 130 ? '' : '95.5'))];
    const [curve] = parseTrace(fgdCurves, `workload,sc_policy,seed,total_gpus,${percents.join(',')}\n${row.join(',')}`);
    expect(curve).toMatchObject({ list: 'l', policy: '06-FGD', seed: 42, totalGpus: 6_212 });
    expect(curve!.allocatedPercent).toHaveLength(131);
    expect([curve!.allocatedPercent[100], curve!.allocatedPercent[130]]).toEqual([95.5, undefined]);
  });

  it('Mooncake', () => {
    const text = '{"timestamp": 7, "input_length": 6758, "output_length": 500, "hash_ids": [0, 14]}\n';
    expect(parseTrace(mooncake, text)).toEqual([
      { timestampMs: 7, inputTokens: 6_758, outputTokens: 500, hashIds: [0, 14] },
    ]);
  });

  it('Azure, whose times have seven decimals', () => {
    const [row] = parseTrace(azureLlm, 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10');
    expect(row).toEqual({ atMs: Date.UTC(2023, 10, 16, 18, 17, 3, 979), contextTokens: 4_808, generatedTokens: 10 });
  });

  it('GenAI, also where it never ran', () => {
    const header = 'gmt_create,predict_status,exec_time_seconds,prompt_length,checkpoint_model_version_id';
    const text = `${header}\n2024-11-15 16:57:50,SUCCEED,32.0,63.0,M0\n2024-11-15 16:57:51,PENDING,,,`;
    const [ran, pending] = parseTrace(genai, text);
    expect(ran).toMatchObject({ status: 'SUCCEED', executionSeconds: 32, model: 'M0', promptLength: 63 });
    expect(pending).toMatchObject({ status: 'PENDING', executionSeconds: undefined, model: undefined });
  });

  it('load latencies', () => {
    expect(parseTrace(loadLatencies, 'timestamp_anon,value,ip\n1662859290.0,2639.0,x')).toEqual([
      { atSeconds: 1_662_859_290, loadMs: 2_639 },
    ]);
  });

  it('silicon, with the concurrency that stands in the remark', () => {
    const header =
      'id,silicon_data_source,backend,model_path,system,mode,isl,osl,batch_size,tp_size,silicon_ttft_ms,silicon_tpot_ms';
    const row = 'r1,file=a.csv; silicon_concurrency=16,vllm,m,h200_sxm,agg,8000,100,,2,447.24,15.53';
    const [point] = parseTrace(siliconRows, `${header}\n${row}`);
    expect(point).toMatchObject({
      runtime: 'vllm',
      inputTokens: 8_000,
      concurrency: 16,
      ttftMs: 447.24,
      tpotMs: 15.53,
    });
    expect(point!.layout).toMatchObject({ tensor: 2, batchSize: undefined });
  });
});

describe('a bad row', () => {
  const message = (text: string) => {
    try {
      parseTrace(openbTasks, text);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it was read');
  };

  it.each([
    ['NaN', 't,1,1,1,NaN,', 'line 2, column "gpu_milli": expected a whole number from 0 to 1000, found "NaN"'],
    ['a negative number', 't,-1,1,1,5,', 'column "cpu_milli": expected a whole number from 0 to 10000000, found "-1"'],
    ['infinity', 't,1e999,1,1,5,', 'column "cpu_milli"'],
    ['an absurd size', 't,1,99999999999999,1,5,', 'column "memory_mib"'],
    ['a fraction where there is none', 't,1.5,1,1,5,', 'column "cpu_milli"'],
    [
      'an empty number, which is no zero',
      't,,1,1,5,',
      'column "cpu_milli": expected a whole number from 0 to 10000000, found ""',
    ],
    [
      'a contradiction',
      't,1,1,4,500,',
      'column "gpu_milli": expected 1000, since a task on 4 GPUs has them whole, found "500"',
    ],
    ['a GPU without a share', 't,1,1,1,0,', 'column "gpu_milli": expected a share from 1 to 1000'],
    ['a missing field', 't,1,1,1', 'line 2, column "gpu_milli": expected 6 fields as in the header, found nothing'],
    ['a field too many', 't,1,1,1,5,,x', 'line 2: expected no more fields than the 6 of the header, found "x"'],
    ['a stray quote', 't,1,1,1,5,"a', 'line 2: expected each quoted field to begin and end with a quote'],
    ['a missing name', ',1,1,1,5,', 'column "name": expected a text of 1 to 512 characters'],
    ['a name that steers a terminal', 't\u001b[31m,1,1,1,5,', 'column "name"'],
  ])('with %s names line, column, value and what was expected', (_, row, expected) => {
    expect(message(TASKS + row)).toContain(expected);
  });

  it('is shown short, and cannot write to a terminal', () => {
    const told = message(`${TASKS}t,\u001B[2J\u0007${'x'.repeat(99)},1,1,5,`);
    expect(told).toMatch(/found "\\u001b\[2J\\u0007x+…$/);
    expect(told.length).toBeLessThan(140);
  });

  it('spoils its own row alone, even with a quote that never ends', () => {
    const bad = new BadRows(2);
    const rows = parseTrace(openbTasks, `${TASKS}t0,"1,1,1,5,\nt1,1,1,1,5,\nt2,x,1,1,5,\n\nt3,1,1,1,5,`, bad.add);
    expect(rows.map(({ taskId }) => taskId)).toEqual(['t1', 't3']);
    expect(bad.errors.map(({ line, column }) => [line, column])).toEqual([
      [2, undefined],
      [4, 'cpu_milli'],
    ]);
  });

  it('stops when there are more than the caller bears', () => {
    const rows = `${TASKS}t0,x,1,1,5,\nt1,x,1,1,5,`;
    expect(() => parseTrace(openbTasks, rows, new BadRows(0).add)).toThrow(/^line 2, column/);
    expect(() => parseTrace(openbTasks, rows, new BadRows(1).add)).toThrow(/more than 1 rows cannot be read.*line 3/);
  });

  it.each([
    ['[1]', 'expected a JSON object'],
    ['{"timestamp": 1', 'expected one JSON object on the line'],
    ['{"timestamp": "1", "input_length": 1, "output_length": 1, "hash_ids": []}', 'column "timestamp"'],
    [
      '{"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": [-1]}',
      'column "hash_ids": expected an array',
    ],
    ['{"timestamp": 1, "input_length": null, "output_length": 1, "hash_ids": []}', 'column "input_length"'],
    [
      `{"timestamp": ${'['.repeat(100_000)}${']'.repeat(100_000)}, "input_length": 1, "output_length": 1, "hash_ids": []}`,
      'column "timestamp": expected a whole number from 0 to 100000000000000, found ["…"]',
    ],
  ])('of JSON lines: %s', (row, expected) => {
    expect(() => parseTrace(mooncake, row)).toThrow(expected);
  });

  it.each(['2023-02-30 00:00:00', '0024-11-15 00:00:00', '2023-01-01 24:00:00', '2023-01-01', 'yesterday', ''])(
    'with the time "%s"',
    (time) => {
      const text = `TIMESTAMP,ContextTokens,GeneratedTokens\n${time},1,1`;
      expect(() => parseTrace(azureLlm, text)).toThrow('line 2, column "TIMESTAMP": expected a time such as');
    },
  );
});

describe('a trace', () => {
  it('that lacks columns is refused whole', () => {
    const read = () => parseTrace(openbTasks, 'name,cpu_milli\nt,1', new BadRows(9).add);
    expect(read).toThrow(
      'the header lacks memory_mib, num_gpu, gpu_milli, which a trace in the format openb-tasks has',
    );
  });

  it('that names a column twice is refused whole', () => {
    expect(() => parseTrace(openbNodes, 'sn,sn\n')).toThrow('names the column "sn" twice');
  });

  it('reads alike whole, in bytes and however it is cut', async () => {
    const text = `\uFEFF${TASKS}"t,ä",1,1,1,5,T4\r\n\r\nt1,1,1,0,0,`;
    const whole = parseTrace(openbTasks, text);
    expect(whole.map(({ taskId }) => taskId)).toEqual(['t,ä', 't1']);
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 7, 1_000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect(await all(readTrace(openbTasks, chunks))).toEqual(whole);
    }
  });

  it('is read without being kept: rows come while it goes on', async () => {
    let given = 0;
    function* endless() {
      yield TASKS;
      for (;;) yield `t${(given += 1)},1,1,1,5,\n`;
    }
    for await (const { taskId } of readTrace(openbTasks, endless())) if (taskId === 't1000') break;
    expect(given).toBe(1_000);
  });

  it('with a line that never ends is refused before it fills the memory', async () => {
    function* endless() {
      for (;;) yield 'x'.repeat(1_024 * 1_024);
    }
    const read = all(readTrace(openbTasks, endless()));
    await expect(read).rejects.toThrow('line 1 is longer than 4194304 characters');
  });

  it('whatever it is, gives rows or says what is wrong', () => {
    const formats = [openbNodes, openbTasks, fgdCurves, mooncake, azureLlm, genai, loadLatencies, siliconRows];
    const cell = fc.oneof(fc.string(), fc.constantFrom('', '"', '1', '-1', 'NaN', '1e999', '[', '{}', 'null', '\r'));
    const lines = fc.array(fc.array(cell).map((cells) => cells.join(',')));
    fc.assert(
      fc.property(fc.constantFrom(...formats), lines, (format, rows) => {
        const header = format.notation === 'csv' ? [format.columns.join(',')] : [];
        try {
          parseTrace<unknown>(format, [...header, ...rows].join('\n'));
        } catch (error) {
          expect(isDomainError(error) && error.message).toMatch(/line \d+/);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
