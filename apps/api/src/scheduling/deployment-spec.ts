import { schedulingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { bytes, count, label } from '../shapes/input.ts';
import { camelFields } from '../shapes/spelling.ts';
import { inputProblem } from '../http/input-problem.ts';
import { deploymentSpec, runtimes } from './scheduling.views.ts';

const names = z.array(label).max(100);
const MAX_REPLICAS = 1_000;
const seconds = z.number().min(0).max(86_400);

const accelerators = z.strictObject({
  models: names.optional().describe('Accelerator models in any of which it may run; absent: any.'),
  count: z.int().min(0).max(64).optional().describe('Accelerators per replica; 0 means 1.'),
  memory_bytes_each: bytes.optional().describe("0: computed from the model's facts."),
});

const residency = z.strictObject({
  countries: names.optional(),
  operators: names.optional(),
  certifications: names.optional(),
});

const autoscaling = z.strictObject({
  min_replicas: count
    .max(MAX_REPLICAS)
    .describe('0: when nobody has called for a while nothing runs; the next request wakes it.'),
  max_replicas: z.int().min(1).max(MAX_REPLICAS),
  target_percent: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe("Part of a replica's concurrency that is to be in use; 0 means 70."),
  idle_timeout: seconds.optional().describe('Seconds for which a replica was not needed before it goes; absent: 300.'),
});

/** The desired state as a client writes it: only the model and how many replicas must be said. */
const specFields = {
  model: label.describe('"name", "name:alias" or "sha256:...".'),
  runtime: runtimes.input.optional().describe("Absent: chosen from the model's format and the node."),
  accelerators: accelerators.optional(),
  replicas: count
    .max(MAX_REPLICAS)
    .optional()
    .describe('0 keeps the route and serves nothing. With autoscaling: how many to start with; absent: its minimum.'),
  autoscaling: autoscaling.optional().describe('Lets the number of replicas follow demand.'),
  concurrency: count.optional().describe('Requests a replica serves at once; 0 means 4.'),
  context_tokens: count.max(10_000_000).optional().describe("0: the model's, at most 4,096."),
  max_output_tokens: count.max(10_000_000).optional().describe('0: the context.'),
  default_max_output_tokens: count.max(10_000_000).optional().describe('0 means 4,096, capped by the context.'),
  embedding: z.boolean().optional().describe('Serve embeddings instead of text.'),
  residency: residency.optional(),
  drain_timeout: seconds.optional().describe('Seconds; absent: 60.'),
  cpu_milli: count.optional().describe('CPU per replica in thousandths of a core; 0 means 1,000.'),
};

export const specInput = z.strictObject(specFields).refine(isScaled, {
  path: ['replicas'],
  error: 'say how many, or let autoscaling find out',
});
type SpecInput = z.output<typeof specInput>;

const nullable = (fields: z.ZodRawShape) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, z.optional(z.nullable(field))]));

/** A JSON merge patch (RFC 7396) of a spec. */
export const specPatch = z.strictObject(nullable({ ...specFields, autoscaling: autoscaling.partial() }));
type SpecPatch = Readonly<Record<string, unknown>>;

function isScaled({ replicas, autoscaling }: Partial<z.output<z.ZodObject<typeof specFields>>>): boolean {
  return replicas !== undefined || autoscaling !== undefined;
}

export function toProto(spec: SpecInput): schedulingV1.DeploymentSpec {
  const { runtime, accelerators, autoscaling, drain_timeout: drainSeconds, residency, ...plain } = spec;
  return schedulingV1.DeploymentSpec.fromPartial({
    ...camelFields(plain),
    ...(runtime !== undefined && { runtime: runtimes.numberOf(runtime) }),
    ...(residency && { residency }),
    ...(accelerators && {
      accelerators: {
        models: accelerators.models ?? [],
        count: accelerators.count ?? 0,
        memoryBytesEach: BigInt(accelerators.memory_bytes_each ?? 0),
      },
    }),
    ...(autoscaling && { autoscaling: toScalingPolicy(autoscaling) }),
    ...(drainSeconds !== undefined && { drainTimeout: toDuration(drainSeconds) }),
  });
}

function toScalingPolicy({ idle_timeout: idleSeconds, ...plain }: z.output<typeof autoscaling>) {
  return { ...camelFields(plain), ...(idleSeconds !== undefined && { idleTimeout: toDuration(idleSeconds) }) };
}

function toDuration(seconds: number) {
  const whole = Math.floor(seconds);
  return { seconds: BigInt(whole), nanos: Math.round((seconds - whole) * 1_000) * 1_000_000 };
}

type Json = z.core.util.JSONType;
type JsonObject = { readonly [name: string]: Json };

/**
 * The spec after a JSON merge patch (RFC 7396): what the patch does not name stays, null gives the default back.
 *
 * @throws DomainError INVALID_ARGUMENT (INVALID_REQUEST) when the result is no valid spec.
 */
export function patched(current: schedulingV1.DeploymentSpec, patch: SpecPatch): schedulingV1.DeploymentSpec {
  const { runtime, ...rest } = deploymentSpec.parse(current);
  const now = { ...rest, ...(runtime !== 'unspecified' && { runtime }) } as JsonObject;
  const parsed = specInput.safeParse(mergePatch(now, patch as JsonObject));
  if (!parsed.success) {
    throw inputProblem(parsed.error.issues.map(({ message, path }) => ({ message, path: ['spec', ...path] })));
  }
  return toProto(parsed.data);
}

function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
