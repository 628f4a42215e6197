import { PassThrough } from 'node:stream';
import { EXIT } from './exit-codes.ts';
import { startCli } from './start-cli.ts';

describe('a command line that is wrong', () => {
  const ostro = async (...args: string[]) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const code = await startCli(args, { stdin, stdout, stderr, env: {}, directory: '/' });
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  };

  it('points to the help of the command that was meant', async () => {
    const { code, stdout, stderr } = await ostro('keys', 'create', '--nmae', 'x');
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
    expect(stderr).toContain("unknown option '--nmae'");
    expect(stderr).toContain('See "ostro keys create --help".');
  });

  it('is an error object with --json', async () => {
    const { code, stdout } = await ostro('frobnicate', '--json');
    expect(code).toBe(EXIT.usage);
    expect(JSON.parse(stdout)).toEqual({ error: { reason: 'USAGE', message: "unknown command 'frobnicate'" } });
    expect(JSON.parse((await ostro('--json')).stdout)).toEqual({
      error: { reason: 'USAGE', message: 'name a command' },
    });
  });
});
