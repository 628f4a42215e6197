import { usageV1 } from '@ostro/contracts';
import { type Id, isId } from '@ostro/kernel';
import type { Outcome, Quantities } from '@ostro/rating';
import type { Defect } from '../domain/arrival.ts';
import type { Admission, GatewayFact, WitnessFact } from '../domain/usage-facts.ts';

class DefectFound extends Error {
  constructor(readonly defect: Defect) {
    super(defect.detail);
  }
}

/** Counts beyond this are no counts; it also keeps sums far inside the database's integers. */
const LARGEST_COUNT = 2n ** 48n;
const LARGEST_ATTEMPT = 1_000n;
const LABEL = /^\P{Cc}{0,300}$/u;

const OUTCOMES: Readonly<Partial<Record<usageV1.RequestOutcome, Outcome | 'gateway_lost'>>> = {
  [usageV1.RequestOutcome.REQUEST_OUTCOME_COMPLETED]: 'completed',
  [usageV1.RequestOutcome.REQUEST_OUTCOME_CLIENT_CANCELLED]: 'client_cancelled',
  [usageV1.RequestOutcome.REQUEST_OUTCOME_FAILED]: 'failed_ours',
  [usageV1.RequestOutcome.REQUEST_OUTCOME_REFUSED]: 'refused',
  [usageV1.RequestOutcome.REQUEST_OUTCOME_GATEWAY_LOST]: 'gateway_lost',
};

export function gatewayFactFromProto(record: usageV1.UsageRecorded): GatewayFact | Defect {
  return parsed(() => {
    const outcome = OUTCOMES[record.outcome] ?? fail('OUTCOME_UNKNOWN', `outcome ${record.outcome} is not known`);
    const last = record.attempts.at(-1);
    return {
      admission: admission(record.begun),
      outcome,
      ...(last && { answeredBy: { attempt: last.number, hasAgent: last.nodeId !== '' } }),
      ...(record.tokens && { tokens: quantities(record.tokens) }),
      forwardedBytes: count(record.forwardedBytes, 'forwarded_bytes'),
      endedAt: instant(record.endTime ?? record.begun?.beginTime, 'end_time'),
      incarnation: label(record.gatewayIncarnation, 'gateway_incarnation'),
    };
  });
}

export function witnessFactFromProto(record: usageV1.AttemptWitnessed): WitnessFact | Defect {
  return parsed(() => {
    const admitted = admission(record.begun);
    if (record.requestId !== admitted.requestId || record.organizationId !== admitted.organizationId) {
      fail('MALFORMED', 'request_id or organization_id is another than at admission');
    }
    const isComplete = record.end === usageV1.AttemptEnd.ATTEMPT_END_COMPLETE;
    // Nothing was counted when an attempt ended before its prompt was read.
    const tokens = quantities(record.tokens ?? { inputTokens: 0n, cachedInputTokens: 0n, outputTokens: 0n });
    return {
      ...tokens,
      attempt: Number(count(BigInt(record.attempt), 'attempt', LARGEST_ATTEMPT)),
      end: isComplete ? 'complete' : 'aborted',
      bodyBytes: count(record.bodyBytes, 'body_bytes'),
      checkpoints: record.hasRunningUsage ? record.checkpoints : [],
      endedAt: instant(record.endTime, 'end_time'),
      gatewayIncarnation: label(record.gatewayIncarnation, 'gateway_incarnation'),
      admission: admitted,
    };
  });
}

function parsed<T>(parse: () => T): T | Defect {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DefectFound) return error.defect;
    throw error;
  }
}

export function isDefect(value: object): value is Defect {
  return 'reason' in value && 'detail' in value;
}

function admission(begun: usageV1.UsageBegun | undefined): Admission {
  if (!begun) return fail('MALFORMED', 'begun is missing: nobody knows who pays');
  return {
    requestId: id('req', begun.requestId, 'request_id'),
    organizationId: id('org', begun.organizationId, 'organization_id'),
    projectId: id('prj', begun.projectId, 'project_id'),
    keyId: id('key', begun.keyId, 'key_id'),
    endpointName: label(begun.endpointName, 'endpoint_name'),
    providerOrganizationId: id('org', begun.providerOrganizationId, 'provider_organization_id'),
    modelDigest: label(begun.modelDigest, 'model_digest'),
    priceBookId: label(begun.priceBookId, 'price_book_id'),
    priceVersion: begun.priceVersion,
    sku: label(begun.sku, 'sku'),
  };
}

function quantities({ inputTokens, cachedInputTokens, outputTokens }: usageV1.TokenCounts): Quantities {
  return {
    inputTokens: count(inputTokens, 'input_tokens'),
    cachedInputTokens: count(cachedInputTokens, 'cached_input_tokens'),
    outputTokens: count(outputTokens, 'output_tokens'),
  };
}

function id<P extends 'req' | 'org' | 'prj' | 'key'>(prefix: P, text: string, field: string): Id<P> {
  return isId(prefix, text) ? text : fail('MALFORMED', `${field} is no id of the form ${prefix}_<32 hex>`);
}

function label(text: string, field: string): string {
  return LABEL.test(text) ? text : fail('MALFORMED', `${field} is longer than 300 characters or holds control codes`);
}

function count(value: bigint, field: string, largest = LARGEST_COUNT): bigint {
  return value <= largest ? value : fail('MALFORMED', `${field} is beyond ${largest}`);
}

function instant(date: Date | undefined, field: string): Date {
  return date && !Number.isNaN(date.getTime()) ? date : fail('MALFORMED', `${field} is missing or no time`);
}

function fail(reason: Defect['reason'], detail: string): never {
  throw new DefectFound({ reason, detail });
}
