import type { Page } from '@ostro/grpc-host';
import type { Id, Interval } from '@ostro/kernel';
import type { DataSource } from 'typeorm';

/** In the order of the columns, which is also the order of the rows. */
export const GROUPS = ['day', 'project', 'key', 'model'] as const;
export type Group = (typeof GROUPS)[number];

export interface UsageRow {
  readonly day: string;
  readonly project: string;
  readonly key: string;
  readonly model: string;
  readonly currency: string;
  readonly requests: string;
  readonly input_tokens: string;
  readonly cached_input_tokens: string;
  readonly output_tokens: string;
  readonly amount: string;
}

const EXPRESSIONS: Readonly<Record<Group, string>> = {
  day: `to_char(charge_time AT TIME ZONE 'UTC', 'YYYY-MM-DD')`,
  project: 'project_id',
  key: 'key_id',
  model: 'endpoint_name',
};

/** What charges add up to, reversals and all: sums over any period agree with the ledger. */
export class UsageView {
  constructor(private readonly database: DataSource) {}

  /** One more than the page holds, by group. */
  async query(
    organizationId: Id<'org'>,
    filter: {
      readonly period: Interval;
      readonly groups: readonly Group[];
      readonly projects: readonly string[] | undefined;
      readonly page: Page;
    },
  ): Promise<UsageRow[]> {
    const { period, groups, projects, page } = filter;
    const columns = GROUPS.map((group) => `${groups.includes(group) ? EXPRESSIONS[group] : `''`} AS ${group}`);
    return this.database.query(
      `WITH usage AS (
         SELECT ${columns.join(', ')}, currency,
           sum(CASE WHEN is_reversal THEN -1 ELSE 1 END)::text AS requests,
           sum(input_tokens - cached_input_tokens)::text AS input_tokens,
           sum(cached_input_tokens)::text AS cached_input_tokens,
           sum(output_tokens)::text AS output_tokens,
           trim_scale(sum(amount))::text AS amount
         FROM charges
         WHERE organization_id = $1 AND charge_time >= $2 AND charge_time < $3
           AND ($4::text[] IS NULL OR project_id = ANY($4))
         GROUP BY 1, 2, 3, 4, 5)
       SELECT * FROM usage
       WHERE $5::text[] IS NULL OR ARRAY[day, project, key, model, currency] COLLATE "C" > $5::text[]
       ORDER BY ARRAY[day, project, key, model, currency] COLLATE "C" LIMIT $6`,
      [organizationId, period.start, period.end, projects ?? null, page.after ?? null, page.size + 1],
    );
  }
}

export function cursorOf({ day, project, key, model, currency }: UsageRow): readonly string[] {
  return [day, project, key, model, currency];
}
