import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@ostro/testing';

const script = fileURLToPath(new URL('../../deploy/node-agent/supervise.sh', import.meta.url));
const WITHIN = { withinMs: 10_000 };

describe('the supervisor of the node agent', () => {
  let supervisor: ChildProcess | undefined;
  let said: string;
  const supervise = (agent: string): ChildProcess => {
    said = '';
    supervisor = spawn('sh', [script, process.execPath, '-e', agent], {
      env: { ...process.env, OSTRO_RESTART_PAUSE_SECONDS: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [supervisor.stdout!, supervisor.stderr!]) stream.on('data', (text) => (said += String(text)));
    return supervisor;
  };
  const pids = () => [...said.matchAll(/agent (\d+)/g)].map(([, pid]) => Number(pid));
  const AGENT = `console.log('agent', process.pid); setInterval(() => {}, 1e6);`;

  afterEach(() => {
    supervisor?.kill('SIGKILL');
    for (const pid of pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  });

  it('starts an agent that was killed again', async () => {
    supervise(AGENT);
    await eventually(() => expect(pids()).toHaveLength(1), WITHIN);
    process.kill(pids()[0]!, 'SIGKILL');
    await eventually(() => expect(pids()).toHaveLength(2), WITHIN);
    expect(said).toContain('the agent ended with status 137');
  });

  it('hands on the wish to stop, waits for the agent and ends as it ended', async () => {
    supervise(`process.on('SIGTERM', () => setTimeout(() => process.exit(7), 50)); ${AGENT}`);
    await eventually(() => expect(pids()).toHaveLength(1), WITHIN);
    supervisor!.kill('SIGTERM');
    expect(await once(supervisor!, 'close')).toEqual([7, null]);
    expect(pids()).toHaveLength(1);
  });

  it('gives up on a configuration that is wrong', async () => {
    supervise(`console.log('agent', process.pid); process.exit(78);`);
    expect(await once(supervisor!, 'close')).toEqual([78, null]);
    expect(pids()).toHaveLength(1);
  });
});
