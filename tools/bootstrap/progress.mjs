/**
 * What the bootstrap tells a person. Everything goes to stderr: stdout belongs to the command that follows, so that
 * `npm run demo -- --json | jq` sees one JSON object and nothing else.
 */
const seconds = (startedAt) => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

export const say = (message) => process.stderr.write(`ostro: ${message}\n`);

/** Runs `work`, showing the label with a running clock on a terminal and with the time taken once it is over. */
export async function timed(label, work) {
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY === true;
  const show = (ending) => process.stderr.write(`${isTerminal ? '\r\x1b[2K' : ''}ostro: ${label} ${ending}`);
  show(isTerminal ? '…' : '…\n');
  const ticker = isTerminal ? setInterval(() => show(`… ${seconds(startedAt)}`), 1000) : undefined;
  try {
    const result = await work();
    clearInterval(ticker);
    show(`(${seconds(startedAt)})\n`);
    return result;
  } catch (error) {
    clearInterval(ticker);
    show(`failed after ${seconds(startedAt)}\n`);
    throw error;
  }
}

/** A refusal the reader can act upon: shown as its message alone, without a stack. */
export class BootstrapError extends Error {}
