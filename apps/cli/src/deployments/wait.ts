import { setTimeout as delay } from 'node:timers/promises';
import { DomainError, isDomainError } from '@ostro/kernel';
import { body, type Schemas } from '../management/client.ts';
import type { Session } from '../session.ts';

const POLL_MS = 500;

/**
 * Follows a deployment until as many replicas are ready as are wanted, saying each change.
 *
 * @throws DomainError FAILED_PRECONDITION (DEPLOYMENT_DEGRADED) with the reasons when no progress is possible now.
 */
export async function untilReady(session: Session, id: string): Promise<Schemas['Deployment']> {
  const api = await session.api();
  let told = '';
  for (;;) {
    const deployment = await body(api.GET('/v1/deployments/{deployment}', { params: { path: { deployment: id } } }));
    const { phase, ready_replicas, replicas, generation, observed_generation } = deployment;
    const isCurrent = observed_generation >= generation;
    const line = `${deployment.name}: ${phase}, ${ready_replicas} of ${replicas} ready`;
    if (line !== told) session.out.say(line);
    told = line;
    if (isCurrent && (phase === 'ready' || phase === 'cold')) return deployment;
    if (isCurrent && phase === 'degraded') throw degraded(deployment);
    await delay(POLL_MS);
  }
}

export async function untilGone(session: Session, id: string): Promise<void> {
  const api = await session.api();
  try {
    for (;;) {
      await body(api.GET('/v1/deployments/{deployment}', { params: { path: { deployment: id } } }));
      await delay(POLL_MS);
    }
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'NOT_FOUND') throw error;
  }
}

function degraded({ name, conditions }: Schemas['Deployment']): DomainError {
  const reasons = conditions.filter(({ status }) => !status).map(({ type, message }) => `${type}: ${message}`);
  return new DomainError(
    'FAILED_PRECONDITION',
    'DEPLOYMENT_DEGRADED',
    [`${name} cannot get ready now; "ostro deployments show ${name}" tells more`, ...reasons].join('\n  '),
  );
}
