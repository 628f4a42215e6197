/** Runs `work` and says the CPU time of all threads of this process meanwhile: collecting garbage counts, waiting does not. */
export function measureCpu<T>(work: () => T): { readonly result: T; readonly cpuMicros: number } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMicros: user + system };
}
