const GPU = /^GPU(\d+)$/;
const NVLINK = /^NV\d+$/;

/**
 * `nvidia-smi topo -m`: the NVLink island of each GPU, named by its lowest member; GPUs without a link are left out.
 * Columns are taken by position, as tabs and spaces both occur; what is cut off counts as no link.
 */
export function parseIslands(text: string): ReadonlyMap<number, string> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const head = lines.find(
    (words) => words.length > 0 && words.every((word, at) => at > 0 || GPU.test(word)) && isHead(words),
  );
  if (!head) return new Map();
  const columns = head.filter((word) => GPU.test(word)).map(numberOf);
  const parent = new Map(columns.map((gpu) => [gpu, gpu]));
  const root = (gpu: number): number => (parent.get(gpu) === gpu ? gpu : root(parent.get(gpu) ?? gpu));
  const linked = new Set<number>();
  for (const [name = '', ...cells] of lines.filter((words) => words !== head && GPU.test(words[0] ?? ''))) {
    const row = numberOf(name);
    columns.forEach((column, at) => {
      if (!NVLINK.test(cells[at] ?? '') || !parent.has(row)) return;
      linked.add(row).add(column);
      const [low, high] = [root(row), root(column)].sort((a, b) => a - b);
      parent.set(high!, low!);
    });
  }
  return new Map([...linked].sort((a, b) => a - b).map((gpu) => [gpu, `nvlink-${root(gpu)}`]));
}

/** The head names a GPU in its first two places, or is the only column; a row has a cell after its name. */
function isHead(words: readonly string[]): boolean {
  return words[1] === undefined || GPU.test(words[1]) || words[1] === 'CPU';
}

function numberOf(name: string): number {
  return Number(GPU.exec(name)![1]);
}
