import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { EXIT } from '../exit-codes.ts';
import { startCli } from '../start-cli.ts';

/** Three requests in a minute to a model of 20 s a load, then one long after. */
const TRACE = `gmt_create,predict_status,exec_time_seconds,checkpoint_model_version_id
2024-11-15 10:00:00,SUCCEED,10.0,M0
2024-11-15 10:00:40,SUCCEED,10.0,M0
2024-11-15 10:01:00,PENDING,0.0,
2024-11-15 10:01:05,SUCCEED,10.0,M0
2024-11-15 11:00:00,SUCCEED,10.0,<b>M1</b>
`;

const CHAT = `arrival_ms,model,input_tokens,output_tokens
0,chat,1000,50
60000,chat,1000,50
`;

const policy = (name: string, idleMs: number) => `name: ${name}
autoscaling: { maxReplicas: 2, idle: { idleMs: ${idleMs} }, scaleDown: { stabilisationMs: 0 } }
cluster:
  nodes: [{ count: 1, accelerators: 4, model: H100-80GB, memoryGiB: 80, pricePerHour: "8.00" }]
models:
  - name: chat
    engine: { kind: batching, runtime: vllm, model: Llama-3.1-8B }
    accelerators: { model: H100-80GB }
    load: { noneSeconds: 30 }
  - name: "*"
    engine: { kind: fixed-time }
    accelerators: { model: H100-80GB }
    load: { noneSeconds: 20 }
`;

describe('ostro simulate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ostro-simulate-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  write('trace.csv', TRACE);
  write('chat.csv', CHAT);
  write('short.yaml', policy('short', 60_000));
  write('long.yaml', policy('long', 7_200_000));

  const simulate = async (args: string, { tty = false } = {}) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    Object.assign(stderr, { isTTY: tty });
    const code = await startCli(['simulate', ...args.split(' ')], { stdin, stdout, stderr, env: {}, directory });
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  };
  const both = '--trace trace.csv --policy short.yaml --against long.yaml';

  it('shows both policies and their difference as a table', async () => {
    const { code, stdout, stderr } = await simulate(both);
    expect({ code, stderr }).toMatchObject({ code: EXIT.ok });
    expect(stdout).toMatch(/^FIGURE +SHORT +LONG +SHORT IS$/m);
    expect(stdout).toMatch(/^GPU-hours +0\.\d h +[12]\.\d h +-\d+\.\d % better$/m);
    expect(stdout).toMatch(/^wait, mean +[\d.]+ s +[\d.]+ s +/m);
    expect(stdout).toMatch(/^answered +4 +4 +same$/m);
    expect(stdout).not.toMatch(/first token/);
    expect(stderr).toContain('trace.csv: 4 requests to 2 models in 60.0 min, seed 1');
    expect(stderr).toContain('left out: 1 rows that are no requests a replica served');
    expect(stderr).toMatch(/short costs [\d.]+ % less than long/);
  });

  it('answers exact figures as JSON, the same bytes for the same seed', async () => {
    const [one, again] = [await simulate(`${both} --json`), await simulate(`${both} --json`)];
    expect(again).toEqual(one);
    expect((await simulate(`${both} --json --seed 2`)).stdout).not.toBe(one.stdout.replace('"seed": 1', '"seed": 2'));
    const { trace, policies, differences, seed } = JSON.parse(one.stdout);
    expect({ seed, ...trace }).toMatchObject({ seed: 1, requests: 4, models: 2, leftOut: 1, badRows: [] });
    expect(policies.map(({ name }: { name: string }) => name)).toEqual(['short', 'long']);
    expect(policies[0].requests).toMatchObject({ arrived: 4, completed: 4, refused: 0 });
    expect(policies[0].gpuHours).toBeLessThan(policies[1].gpuHours);
    expect(policies[0].coldStarts).toBeGreaterThanOrEqual(2);
    expect(policies[0].milliEuro).toBeCloseTo(policies[0].gpuHours * 2_000, -1);
    expect(differences[0]).toMatchObject({ name: 'GPU-hours', unit: 'hours' });
    expect(differences[0].difference).toBeCloseTo(policies[0].gpuHours - policies[1].gpuHours);
  });

  it('computes token traces, one policy alone', async () => {
    const { stdout } = await simulate('--trace chat.csv --policy short.yaml --json --seed 7');
    const { policies, differences, seed } = JSON.parse(stdout);
    expect({ seed, differences }).toEqual({ seed: 7, differences: undefined });
    expect(policies[0].outputTokens).toBe(100);
    expect(policies[0].ttftMs.count).toBe(2);
  });

  it('writes one page that holds all it needs, and trusts no name of the trace', async () => {
    const { stderr } = await simulate(`${both} --html page.html`);
    expect(stderr).toContain(`Charts are in ${join(directory, 'page.html')}`);
    const page = readFileSync(join(directory, 'page.html'), 'utf8');
    expect(page).toContain(`content="default-src 'none';`);
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import|https?:(?!\/\/www\.w3\.org)[^\s]*\.(js|css)["']/);
    expect(page).toContain('<title>What if: short against long</title>');
    expect(page).toContain('&lt;b&gt;M1&lt;/b&gt;');
    expect(page).not.toContain('<b>M1</b>');
    const { timeUnit, times, charts } = JSON.parse(/id="charts">\s*(\{.*\})\s*<\/script>/.exec(page)![1]!);
    expect(timeUnit).toBe('minutes');
    expect(charts.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(['arrived', 'gpus', 'gpu-hours', 'wait']),
    );
    for (const { lines } of charts) for (const { values } of lines) expect(values).toHaveLength(times.length);
    await simulate(`${both} --html again.html`);
    expect(readFileSync(join(directory, 'again.html'), 'utf8')).toBe(page);
  });

  it('tells a terminal how far it is, and nobody else', async () => {
    const shown = (await simulate(both, { tty: true })).stderr.split('\r\u001B[K');
    expect(shown).toContain('reading trace.csv');
    expect(shown.filter((line) => /^(short|long): \d+ %, .* simulated, \d+ requests answered$/.test(line))).not.toEqual(
      [],
    );
    expect((await simulate(both)).stderr).not.toContain('\r');
    expect((await simulate(`${both} --json`, { tty: true })).stderr).not.toContain('\u001B');
  });

  describe('says what is wrong before it simulates: ', () => {
    write('bad.csv', TRACE.replace('2024-11-15 10:00:40,SUCCEED,10.0', '2024-11-15 10:00:40,SUCCEED,-10'));
    write('empty.csv', TRACE.split('\n')[0]!);
    write('ages.csv', `${CHAT}99999999999999,chat,1,1\n`);
    write('other.csv', 'a,b\n1,2\n');
    write('contradicts.yaml', policy('x', 1).replace('maxReplicas: 2', 'minReplicas: 3, maxReplicas: 2'));
    write('unknown-gpu.yaml', policy('x', 1).replaceAll('model: H100-80GB }', 'model: H1000 }'));
    write('no-entry.yaml', policy('x', 1).replace('"*"', 'M0'));

    it.each([
      [
        'a bad row',
        '--trace bad.csv --policy short.yaml',
        EXIT.usage,
        'bad.csv: line 3, column "exec_time_seconds": expected a number from 0 to 86400, found "-10"',
      ],
      ['an empty trace', '--trace empty.csv --policy short.yaml', EXIT.usage, 'empty.csv: the trace has no requests'],
      [
        'a trace of no known kind',
        '--trace other.csv --policy short.yaml',
        EXIT.usage,
        'other.csv: line 1 is of no known request trace',
      ],
      [
        'a mistyped time',
        '--trace ages.csv --policy short.yaml',
        EXIT.usage,
        'ages.csv: the trace spans 1157407 days and at most 400',
      ],
      ['a missing trace', '--trace none.csv --policy short.yaml', EXIT.notFound, 'none.csv cannot be read'],
      ['a folder', '--trace . --policy short.yaml', EXIT.usage, 'is no file'],
      ['a missing policy', '--trace trace.csv --policy none.yaml', EXIT.notFound, 'none.yaml cannot be read: ENOENT'],
      [
        'a policy that contradicts itself',
        '--trace trace.csv --policy contradicts.yaml',
        EXIT.usage,
        'contradicts.yaml:2:29: autoscaling.minReplicas is 3, more than maxReplicas 2',
      ],
      [
        'an unknown accelerator in the rival',
        '--trace trace.csv --policy short.yaml --against unknown-gpu.yaml',
        EXIT.usage,
        'unknown-gpu.yaml:8:28: models[0].accelerators.model is "H1000", and no node of the cluster has it',
      ],
      [
        'a model without an entry',
        '--trace trace.csv --policy no-entry.yaml',
        EXIT.usage,
        'models has no entry for "<b>M1</b>" of the trace: add one, or one named "*"',
      ],
      [
        'an engine that needs tokens',
        '--trace trace.csv --policy short.yaml --format azure',
        EXIT.usage,
        'the header lacks TIMESTAMP, ContextTokens, GeneratedTokens',
      ],
      [
        'an unknown format',
        '--trace trace.csv --policy short.yaml --format xml',
        EXIT.usage,
        'there is no trace format "xml": use',
      ],
      [
        'two policies of one name',
        '--trace trace.csv --policy short.yaml --against short.yaml',
        EXIT.usage,
        'short.yaml:1:7: name is "short" as in short.yaml: give one of them another',
      ],
      [
        'a seed that is none',
        '--trace trace.csv --policy short.yaml --seed -1',
        EXIT.usage,
        'Use a whole number from 0 to 4294967295.',
      ],
      [
        'a page that cannot be written',
        `--trace trace.csv --policy short.yaml --html no/page.html`,
        EXIT.usage,
        'name a file in a folder that is there',
      ],
      ['a page that is a folder', '--trace trace.csv --policy short.yaml --html .', EXIT.usage, 'it is a folder'],
    ])('%s', async (_, args, code, words) => {
      const told = await simulate(args);
      expect(told.stderr).toContain(words);
      expect(told.stdout).toBe('');
      expect(told.code).toBe(code);
      const json = await simulate(`${args} --json`);
      expect(JSON.parse(json.stdout).error.message).not.toBe('');
    });

    it('an engine that does not suit the trace', async () => {
      write('chat-as-images.yaml', policy('x', 1).replace('name: chat', 'name: nobody'));
      const { stderr } = await simulate('--trace chat.csv --policy chat-as-images.yaml');
      expect(stderr).toContain(
        'chat-as-images.yaml:11:21: models[1].engine.kind is fixed-time, but the trace tells of "chat" tokens',
      );
    });

    it('but leaves out as many bad rows as it may, and names them', async () => {
      const { code, stderr } = await simulate('--trace bad.csv --policy short.yaml --max-bad-rows 1');
      expect(code).toBe(EXIT.ok);
      expect(stderr).toContain('left out: line 3, column "exec_time_seconds"');
      expect(stderr).toContain('3 requests to 2 models');
    });
  });
});
