import { TOPICS, usageV1 } from '@ostro/contracts';
import { type Id, type IdSource, randomIds } from '@ostro/kernel';
import type { EventRecord } from '@ostro/messaging';

type Begun = usageV1.UsageBegun;

/** One customer, with everything a request of theirs names. */
export class Customer {
  readonly organizationId: Id<'org'>;
  readonly projectId: Id<'prj'>;
  readonly keyId: Id<'key'>;
  readonly providerOrganizationId: Id<'org'>;
  #sequences = new Map<string, bigint>();

  constructor(
    private readonly now: () => Date = () => new Date(),
    private readonly ids: IdSource = randomIds,
  ) {
    this.organizationId = ids('org');
    this.projectId = ids('prj');
    this.keyId = ids('key');
    this.providerOrganizationId = ids('org');
  }

  begun(overrides: Partial<Begun> = {}): Begun {
    return {
      requestId: this.ids('req'),
      cellId: 'cell-1',
      organizationId: this.organizationId,
      projectId: this.projectId,
      keyId: this.keyId,
      principalId: this.ids('prn'),
      endpointId: this.ids('ept'),
      endpointName: 'smol',
      providerOrganizationId: this.providerOrganizationId,
      deploymentId: this.ids('dep'),
      modelDigest: `sha256:${'1f'.repeat(32)}`,
      priceBookId: 'pbk_default',
      priceVersion: 1,
      sku: '*/realtime',
      slices: [],
      maximumAmount: '',
      operation: usageV1.Operation.OPERATION_CHAT,
      stream: true,
      beginTime: this.now(),
      traceparent: '',
      ...overrides,
    };
  }

  recorded(overrides: Partial<usageV1.UsageRecorded> = {}): usageV1.UsageRecorded {
    const gatewayIncarnation = overrides.gatewayIncarnation ?? 'inc_gateway';
    return {
      begun: this.begun(),
      outcome: usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED,
      attempts: [{ number: 1, replicaId: 'rep_1', nodeId: 'nod_1' }],
      tokens: { inputTokens: 1_000n, cachedInputTokens: 200n, outputTokens: 500n },
      forwardedBytes: 5_000n,
      endTime: this.now(),
      timeToFirstTokenMs: 20,
      gatewayIncarnation,
      sequence: overrides.sequence ?? this.#next(gatewayIncarnation),
      ...overrides,
    };
  }

  /** What the agent saw of the same request. */
  witness(begun: Begun, overrides: Partial<usageV1.AttemptWitnessed> = {}): usageV1.AttemptWitnessed {
    const agentIncarnation = overrides.agentIncarnation ?? 'inc_agent';
    return {
      requestId: begun.requestId,
      attempt: 1,
      cellId: 'cell-1',
      organizationId: begun.organizationId,
      nodeId: 'nod_1',
      replicaId: 'rep_1',
      modelDigest: begun.modelDigest,
      end: usageV1.AttemptEnd.ATTEMPT_END_COMPLETE,
      bodyBytes: 5_000n,
      tokens: { inputTokens: 1_000n, cachedInputTokens: 200n, outputTokens: 500n },
      hasRunningUsage: true,
      checkpoints: [
        { bodyOffset: 1_000n, outputTokens: 100n },
        { bodyOffset: 3_000n, outputTokens: 300n },
      ],
      resumedFromAttempt: 0,
      beginTime: begun.beginTime,
      endTime: this.now(),
      agentIncarnation,
      sequence: overrides.sequence ?? this.#next(agentIncarnation),
      traceparent: '',
      gatewayIncarnation: 'inc_gateway',
      begun,
      ...overrides,
    };
  }

  #next(incarnation: string): bigint {
    const next = (this.#sequences.get(incarnation) ?? 0n) + 1n;
    this.#sequences.set(incarnation, next);
    return next;
  }
}

/** As a gateway publishes it. */
export function usageRecord(
  entries: readonly (usageV1.UsageRecorded | usageV1.SpoolReplayed)[],
  { key = `${randomIds('org')}/0`, time = new Date() }: { key?: string; time?: Date } = {},
): EventRecord {
  const value = usageV1.UsageBatch.encode({
    entries: entries.map((entry) =>
      'begun' in entry
        ? { entry: { $case: 'recorded', recorded: entry } }
        : { entry: { $case: 'replayed', replayed: entry } },
    ),
    cellId: 'cell-1',
  }).finish();
  return envelope(TOPICS.usageRequest.name, TOPICS.usageRequest.types[0], { key, time, value });
}

/** As an agent publishes it. */
export function witnessRecord(
  witnesses: readonly usageV1.AttemptWitnessed[],
  { key = `${randomIds('org')}/0`, time = new Date() }: { key?: string; time?: Date } = {},
): EventRecord {
  const value = usageV1.WitnessBatch.encode({ witnesses: [...witnesses], cellId: 'cell-1' }).finish();
  return envelope(TOPICS.usageAttempt.name, TOPICS.usageAttempt.types[0], { key, time, value });
}

export function envelope(
  topic: string,
  type: string,
  { key, time, value }: Pick<EventRecord, 'key' | 'time' | 'value'>,
): EventRecord {
  return { topic, key, type, id: randomIds('evt'), source: 'cell-1/test', subject: key, time, value };
}
