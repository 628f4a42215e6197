import { EXIT } from './exit-codes.ts';
import { startCli } from './start-cli.ts';

// A reader that has seen enough, such as `head`, ends the command as it ends any other: without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});

process.exitCode = await startCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  directory: process.cwd(),
});
