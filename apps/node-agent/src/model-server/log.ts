export type LogLevel = 'info' | 'warn' | 'error';

/** Facts about the process and its sizes. A prompt or an answer is never among them. */
export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

/** One JSON object a line, written synchronously: the last line before an exit is the one that matters. */
export function jsonLog(write: (line: string) => void, now: () => Date): Log {
  return (level, message, facts) =>
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...facts })}\n`);
}
