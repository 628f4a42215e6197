import { schedulingV1 } from '@ostro/contracts';
import { z } from 'zod';
import { digits, flag, instant, pageOf, quantity, text, view, whole } from '../shapes/view.ts';
import { words } from '../shapes/words.ts';

export const runtimes = words(schedulingV1.RuntimeKind);
export const nodeStates = words(schedulingV1.NodeState);

/** A length of time as seconds; fractions are milliseconds and finer. */
const seconds = z
  .custom<{ seconds: bigint; nanos: number }>()
  .transform(({ seconds, nanos }) => Number(seconds) + nanos / 1e9)
  .pipe(z.number());

const accelerators = view<schedulingV1.AcceleratorRequirement>()('AcceleratorRequirement', {
  models: z.array(text),
  count: whole,
  memory_bytes_each: quantity,
});

const residency = view<schedulingV1.ResidencyPolicy>()('ResidencyPolicy', {
  countries: z.array(text),
  operators: z.array(text),
  certifications: z.array(text),
});

const scalingPolicy = view<schedulingV1.ScalingPolicy>()('ScalingPolicy', {
  min_replicas: whole,
  max_replicas: whole,
  target_percent: whole,
  idle_timeout: seconds.optional(),
});

export const deploymentSpec = view<schedulingV1.DeploymentSpec>()('DeploymentSpec', {
  model: text,
  runtime: runtimes.view,
  accelerators: accelerators.optional(),
  replicas: whole,
  concurrency: whole,
  context_tokens: whole,
  max_output_tokens: whole,
  default_max_output_tokens: whole,
  embedding: flag,
  residency: residency.optional(),
  drain_timeout: seconds.optional(),
  cpu_milli: whole,
  autoscaling: scalingPolicy.optional(),
});

const revision = view<schedulingV1.Revision>()('Revision', {
  revision_id: text,
  deployment_id: text,
  number: whole,
  spec: deploymentSpec.optional(),
  model_digest: text,
  create_time: instant,
});

const condition = view<schedulingV1.Condition>()('Condition', {
  type: text,
  status: flag,
  reason: text,
  message: text,
  last_transition_time: instant,
});

export const deployment = view<schedulingV1.Deployment>()('Deployment', {
  deployment_id: text,
  organization_id: text,
  project_id: text,
  name: text,
  revision: revision.optional(),
  generation: quantity,
  observed_generation: quantity,
  phase: words(schedulingV1.DeploymentPhase).view,
  conditions: z.array(condition),
  ready_replicas: whole,
  endpoint_id: text,
  create_time: instant,
  replicas: whole,
  autoscaling: scalingPolicy.optional(),
  scaling_decision_id: text,
});

export const replica = view<schedulingV1.Replica>()('Replica', {
  replica_id: text,
  deployment_id: text,
  revision_id: text,
  node_id: text,
  accelerator_ids: z.array(text),
  phase: words(schedulingV1.ReplicaPhase).view,
  reason: text,
  message: text,
  last_log_lines: z.array(text),
  restart_count: whole,
  create_time: instant,
  phase_time: instant,
  decision_id: text,
});

export const logLine = view<schedulingV1.FollowLogsResponse>()('LogLine', {
  replica_id: text,
  line: text,
  read_time: instant,
});

const endpointTarget = view<schedulingV1.EndpointTarget>()('EndpointTarget', { deployment_id: text, weight: whole });

export const endpoint = view<schedulingV1.Endpoint>()('Endpoint', {
  endpoint_id: text,
  organization_id: text,
  project_id: text,
  name: text,
  targets: z.array(endpointTarget),
  audience: words(schedulingV1.Audience).view,
  listed_organization_ids: z.array(text),
  price_book_id: text,
  sku: text,
  terms_url: text,
  create_time: instant,
});

const accelerator = view<schedulingV1.Accelerator>()('Accelerator', {
  accelerator_id: text,
  model: text,
  memory_bytes: quantity,
  free_memory_bytes: quantity,
  island: text,
  healthy: flag,
  simulated: flag,
});

export const node = view<schedulingV1.Node>()('Node', {
  node_id: text,
  name: text,
  organization_id: text,
  site_id: text,
  country: text,
  operator: text,
  certifications: z.array(text),
  state: nodeStates.view,
  accelerators: z.array(accelerator),
  cpu_milli: whole,
  free_cpu_milli: whole,
  host_memory_bytes: quantity,
  agent_version: text,
  last_report_time: instant,
  replicas: whole,
});

export const decision = view<schedulingV1.Decision>()('Decision', {
  decision_id: text,
  replica_id: text,
  node_id: text,
  explanation: text,
  rejections: z.array(text),
  candidates_json: text,
  engine_version: text,
  profile_digest: text,
  seed: digits,
  create_time: instant,
  deployment_id: text,
  inputs_json: text,
});

export const deploymentPage = pageOf(deployment, 'DeploymentPage');
export const replicaPage = pageOf(replica, 'ReplicaPage');
export const endpointPage = pageOf(endpoint, 'EndpointPage');
export const nodePage = pageOf(node, 'NodePage');
