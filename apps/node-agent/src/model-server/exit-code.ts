/** What ended a model server, told by its exit code: the agent decides by it whether a restart can help. */
export const EXIT_CODES = {
  ok: 0,
  bad_arguments: 64,
  model_broken: 65,
  model_missing: 66,
  internal: 70,
  out_of_memory: 71,
  cannot_listen: 73,
} as const;

export type ExitReason = keyof typeof EXIT_CODES;

const BY_REASON: Readonly<Record<string, ExitReason>> = {
  BAD_ARGUMENTS: 'bad_arguments',
  MODEL_BROKEN: 'model_broken',
  MODEL_MISSING: 'model_missing',
  OUT_OF_MEMORY: 'out_of_memory',
  CANNOT_LISTEN: 'cannot_listen',
};

/** By the reason of a DomainError; anything else is our own fault. */
export function exitReasonOf(reason: string | undefined): ExitReason {
  return (reason !== undefined && BY_REASON[reason]) || 'internal';
}
