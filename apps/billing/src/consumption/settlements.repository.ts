import { usageV1 } from '@ostro/contracts';
import type { Id } from '@ostro/kernel';
import type { EntityManager } from 'typeorm';
import { keyOf } from '../domain/arrival.ts';
import { HeldRequest } from '../domain/held-request.ts';
import { gatewayFactFromProto, isDefect, witnessFactFromProto } from './usage-records.ts';

interface RequestKey {
  readonly organizationId: Id<'org'>;
  readonly requestId: Id<'req'>;
}

interface Row {
  readonly organization_id: Id<'org'>;
  readonly request_id: Id<'req'>;
  readonly recorded: Buffer | null;
  readonly state: HeldRequest['last']['state'];
  readonly revision: number;
  readonly charge_id: Id<'chg'> | null;
  readonly charged_input_tokens: string;
  readonly charged_cached_input_tokens: string;
  readonly charged_output_tokens: string;
}

/** What a request's row says after it was settled. */
export interface Outcome {
  readonly request: HeldRequest;
  readonly state: HeldRequest['last']['state'];
  readonly reason?: string;
  readonly lookAt?: Date;
  readonly revision: number;
  readonly charge?: HeldRequest['last']['charge'];
}

export class SettlementsRepository {
  /** Locks the requests' rows in the order of their keys, the order for everybody; new ones are made first. */
  async lock(tx: EntityManager, keys: readonly RequestKey[]): Promise<HeldRequest[]> {
    const columns = columnsOf(keys);
    await tx.query(
      `INSERT INTO request_settlements (organization_id, request_id, state, revision)
       SELECT DISTINCT organization_id, request_id, 'waiting', 0
       FROM unnest($1::text[], $2::text[]) AS key (organization_id, request_id)
       ORDER BY request_id, organization_id ON CONFLICT DO NOTHING`,
      columns,
    );
    const rows: Row[] = await tx.query(
      `SELECT * FROM request_settlements
       WHERE (organization_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
       ORDER BY request_id, organization_id FOR UPDATE`,
      columns,
    );
    return this.#withWitnesses(tx, rows);
  }

  /** Locks requests whose time has come or whose gateway's spool is known to hold no more. Rows in other hands wait. */
  async lockDue(tx: EntityManager, now: Date, limit: number): Promise<HeldRequest[]> {
    const rows: Row[] = await tx.query(
      `SELECT * FROM request_settlements
       WHERE (organization_id, request_id) IN (
         (SELECT organization_id, request_id FROM request_settlements WHERE look_at <= $1 ORDER BY look_at LIMIT $2)
         UNION
         (SELECT organization_id, request_id FROM usage_positions JOIN request_settlements
            ON gateway_incarnation = incarnation AND state = 'waiting' AND recorded IS NULL
          WHERE settled_up_to >= replayed_to LIMIT $2))
       ORDER BY request_id, organization_id LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [now, limit],
    );
    return this.#withWitnesses(tx, rows);
  }

  async saveFacts(tx: EntityManager, requests: readonly HeldRequest[]): Promise<void> {
    const recorded = requests.filter(({ fresh }) => fresh.some(({ half }) => half === 'gateway'));
    const witnessed = requests.flatMap(({ fresh }) => fresh).filter((arrival) => arrival.half === 'witness');
    await tx.query(
      `UPDATE request_settlements AS request SET recorded = fact.record
       FROM unnest($1::text[], $2::text[], $3::bytea[]) AS fact (organization_id, request_id, record)
       WHERE (request.organization_id, request.request_id) = (fact.organization_id, fact.request_id)`,
      [...columnsOf(recorded), recorded.map((request) => request.recorded!.record)],
    );
    await tx.query(
      `INSERT INTO attempt_witnesses (organization_id, request_id, attempt, record)
       SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::bytea[])`,
      [...columnsOf(witnessed), witnessed.map(({ fact }) => fact.attempt), witnessed.map(({ record }) => record)],
    );
  }

  async saveOutcomes(tx: EntityManager, outcomes: readonly Outcome[]): Promise<void> {
    const rows = outcomes.map(({ request, state, reason, lookAt, revision, charge }) => ({
      organization_id: request.organizationId,
      request_id: request.requestId,
      gateway_incarnation: request.gatewayIncarnation,
      state,
      reason,
      look_at: lookAt,
      revision,
      charge_id: charge?.id,
      input_tokens: charge?.quantities.inputTokens.toString(),
      cached_input_tokens: charge?.quantities.cachedInputTokens.toString(),
      output_tokens: charge?.quantities.outputTokens.toString(),
    }));
    await tx.query(
      `UPDATE request_settlements AS request
       SET gateway_incarnation = now.gateway_incarnation, state = now.state, reason = now.reason,
           look_at = now.look_at, revision = now.revision, charge_id = now.charge_id,
           charged_input_tokens = now.input_tokens, charged_cached_input_tokens = now.cached_input_tokens,
           charged_output_tokens = now.output_tokens
       FROM jsonb_to_recordset($1::jsonb) AS now (
         organization_id text, request_id text, gateway_incarnation text, state text, reason text,
         look_at timestamptz, revision integer, charge_id text,
         input_tokens bigint, cached_input_tokens bigint, output_tokens bigint)
       WHERE (request.organization_id, request.request_id) = (now.organization_id, now.request_id)`,
      [JSON.stringify(rows)],
    );
  }

  /** Lets the sweeper look at everything in review. */
  async reviewAgain(tx: EntityManager, now: Date): Promise<void> {
    await tx.query(`UPDATE request_settlements SET look_at = $1 WHERE state = 'in_review'`, [now]);
  }

  /**
   * Forgets what agents said of requests minted before: their checkpoints take most of the room, and nothing can
   * correct those requests any more.
   */
  async pruneWitnesses(tx: EntityManager, before: Date): Promise<void> {
    const firstKept = `req_${before.getTime().toString(16).padStart(12, '0')}`;
    await tx.query(
      `DELETE FROM attempt_witnesses AS witness USING request_settlements AS request
       WHERE witness.request_id < $1
         AND (request.request_id, request.organization_id) = (witness.request_id, witness.organization_id)
         AND request.state IN ('charged', 'not_charged')`,
      [firstKept],
    );
  }

  /** Rows that were made for records which then went to review. */
  async forget(tx: EntityManager, keys: readonly RequestKey[]): Promise<void> {
    await tx.query(
      `DELETE FROM request_settlements
       WHERE (organization_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      columnsOf(keys),
    );
  }

  async #withWitnesses(tx: EntityManager, rows: readonly Row[]): Promise<HeldRequest[]> {
    const requests = new Map(rows.map((row) => [keyOf(keyFromRow(row)), fromRow(row)]));
    const witnesses: { organization_id: string; request_id: string; record: Buffer }[] = await tx.query(
      `SELECT organization_id, request_id, record FROM attempt_witnesses
       WHERE (organization_id, request_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      columnsOf(rows.map(keyFromRow)),
    );
    for (const { organization_id: organizationId, request_id: requestId, record } of witnesses) {
      const fact = sound(witnessFactFromProto(usageV1.AttemptWitnessed.decode(record)));
      requests.get(keyOf({ organizationId, requestId }))!.witnesses.set(fact.attempt, { fact, record });
    }
    return [...requests.values()];
  }
}

function columnsOf(keys: readonly RequestKey[]): [string[], string[]] {
  return [keys.map(({ organizationId }) => organizationId), keys.map(({ requestId }) => requestId)];
}

function keyFromRow({ organization_id, request_id }: Row): RequestKey {
  return { organizationId: organization_id, requestId: request_id };
}

function fromRow(row: Row): HeldRequest {
  const charge = row.charge_id === null ? undefined : { id: row.charge_id, quantities: quantitiesFromRow(row) };
  const { organizationId, requestId } = keyFromRow(row);
  const last = { state: row.state, revision: row.revision, ...(charge && { charge }) };
  const request = new HeldRequest(organizationId, requestId, last);
  if (row.recorded) {
    const fact = sound(gatewayFactFromProto(usageV1.UsageRecorded.decode(row.recorded)));
    request.recorded = { fact, record: row.recorded };
  }
  return request;
}

function quantitiesFromRow(row: Row) {
  return {
    inputTokens: BigInt(row.charged_input_tokens),
    cachedInputTokens: BigInt(row.charged_cached_input_tokens),
    outputTokens: BigInt(row.charged_output_tokens),
  };
}

/** Only sound facts are stored; one that no longer parses means that the rules changed under it. */
function sound<F extends object>(fact: F): Exclude<F, { reason: string }> {
  if (isDefect(fact)) throw new Error(`a stored usage record is no longer accepted: ${fact.detail}`);
  return fact as Exclude<F, { reason: string }>;
}
