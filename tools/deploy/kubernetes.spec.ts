import { type Address, addressesIn, portsBoundBy } from './addresses.ts';
import { deployedApps, readAs, variablesOf } from './app-settings.ts';
import { readStages } from './dockerfile.ts';
import { layers, type Manifest, manifestsOf } from './manifests.ts';

interface EnvEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports: readonly { readonly port: number }[];
}

const NAME = 'app.kubernetes.io/name';
const ROLE = 'ostro.dev/role';
/** Namespaces outside, by the role their label says. */
const OUTSIDE: Readonly<Record<string, string>> = { kafka: 'kafka', telemetry: 'telemetry' };
const stages = readStages();

/** The scheduler tells agents where weights are; it never goes there itself. */
const diallerOf = ({ variable }: Address, name: string) =>
  name === 'scheduler' && variable === 'OSTRO_REGISTRY_BLOB_URL' ? 'node-agent' : name;

describe.each(layers)('k8s/%s', (layer) => {
  const manifests = manifestsOf(layer);
  const named = (kind: string, name: string, namespace: string) =>
    manifests.find(({ kind: k, metadata }) => k === kind && metadata.name === name && metadata.namespace === namespace);
  const workloads = manifests
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind))
    .map((manifest) => [manifest.metadata.name, manifest] as const);
  const podOf = (workload: Manifest) => workload['spec'].template.spec;
  const containerOf = (workload: Manifest) => podOf(workload).containers[0];

  const dataOf = (name: string, workload: Manifest): Record<string, string> => {
    const map = named('ConfigMap', name, workload.metadata.namespace!);
    if (!map) throw new Error(`${workload.metadata.name} reads ConfigMap ${name}, which is not there`);
    return map['data'];
  };

  const environmentOf = (workload: Manifest): Record<string, string> => {
    const { envFrom, env } = containerOf(workload);
    const maps = envFrom.map((from: { configMapRef: { name: string } }) => dataOf(from.configMapRef.name, workload));
    const own = (env as EnvEntry[]).map(({ name, value, valueFrom }) => {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
      if (configMapKeyRef) return [name, dataOf(configMapKeyRef.name, workload)[configMapKeyRef.key]];
      return [name, value ?? (secretKeyRef ? 'postgres://user:password@database/ostro' : 'from-the-node')];
    });
    return Object.assign({}, stages.get(workload.metadata.name)!.env, ...maps, Object.fromEntries(own));
  };

  const policyOf = (workload: Manifest) => {
    const { name, namespace } = workload.metadata;
    return named('NetworkPolicy', name, namespace!)!['spec'] as { ingress: Rule[]; egress: Rule[] };
  };

  /** Whether a rule opens the port to, or from, the pods of that name or the namespace of that role. */
  const opens = (rules: readonly Rule[], side: 'from' | 'to', who: string, port: number) =>
    rules.some(
      (rule) =>
        rule.ports.some((open) => open.port === port) &&
        rule[side]!.some(
          ({ podSelector, namespaceSelector }) =>
            podSelector?.matchLabels[NAME] === who || namespaceSelector?.matchLabels[ROLE] === who,
        ),
    );

  it('deploys every app but the operator', () => {
    const apps = deployedApps.filter((app) => app !== 'operator').sort();
    expect(workloads.map(([name]) => name).sort()).toEqual(apps);
    for (const [name, workload] of workloads) expect(containerOf(workload).image).toBe(`ostro/${name}`);
  });

  it.each(workloads)('tells %s only what it reads, and all it must know', async (name, workload) => {
    const known = (await variablesOf(name)).map((variable) => variable.name);
    const env = environmentOf(workload);
    const told = Object.keys(env).filter((variable) => variable.startsWith('OSTRO_'));
    expect(told.filter((variable) => !known.includes(variable))).toEqual([]);
    await readAs(name, env);
  });

  it.each(workloads)('gives %s addresses of Services that lead to it, through open policies', (name, workload) => {
    const { OSTRO_DATABASE_URL: database, ...env } = environmentOf(workload);
    for (const address of addressesIn(env)) {
      const dialler = diallerOf(address, name);
      const { egress } = policyOf(workloads.find(([other]) => other === dialler)![1]);
      const [host = '', namespace = workload.metadata.namespace!] = address.host.split('.');
      const role = OUTSIDE[namespace];
      if (role !== undefined) {
        expect([address, opens(egress, 'to', role, address.port)]).toEqual([address, true]);
      } else {
        expect([address, leadsTo(host, namespace, address)]).toEqual([address, true]);
        const target = workloads.find(([other]) => other === host)![1];
        expect([address, opens(egress, 'to', host, address.port)]).toEqual([address, true]);
        expect([address, opens(policyOf(target).ingress, 'from', dialler, address.port)]).toEqual([address, true]);
      }
    }
    if (database !== undefined) expect(opens(policyOf(workload).egress, 'to', 'database', 5432)).toBe(true);
  });

  const leadsTo = (host: string, namespace: string, { port }: Address): boolean => {
    const service = named('Service', host, namespace);
    const ports: readonly { port: number; targetPort: string }[] = service?.['spec'].ports ?? [];
    const targetPort = ports.find((open) => open.port === port)?.targetPort;
    const target = workloads.find(([name]) => name === host)?.[1];
    const containerPorts: readonly { name: string; containerPort: number }[] = target ? containerOf(target).ports : [];
    const bound = portsBoundBy(stages.get(host)?.env ?? {});
    return containerPorts.some(
      ({ name, containerPort }) => name === targetPort && containerPort === port && bound.includes(port),
    );
  };

  it('lets gateways reach the data plane of every node', () => {
    const gateway = workloads.find(([name]) => name === 'gateway')![1];
    const agent = workloads.find(([name]) => name === 'node-agent')![1];
    expect(opens(policyOf(gateway).egress, 'to', 'node-agent', 7003)).toBe(true);
    expect(opens(policyOf(agent).ingress, 'from', 'gateway', 7003)).toBe(true);
    expect(portsBoundBy(stages.get('node-agent')!.env)).toContain(7003);
  });

  it.each(['ostro', 'ostro-nodes'])('denies what no policy allows in %s', (namespace) => {
    const { podSelector, policyTypes, ingress } = named('NetworkPolicy', 'deny-by-default', namespace)!['spec'];
    expect({ podSelector, policyTypes, ingress }).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: undefined,
    });
  });

  it.each(workloads)('confines %s, and asks it whether it is ready', (_, workload) => {
    const container = containerOf(workload);
    expect(podOf(workload).automountServiceAccountToken).toBe(false);
    expect(podOf(workload).securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
    expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'memory']);
  });

  it.each(workloads)('mounts for %s its own Secrets and nothing that is not declared', (name, workload) => {
    const { volumes } = podOf(workload);
    const secrets = volumes.flatMap((volume: { secret?: { secretName: string } }) => volume.secret?.secretName ?? []);
    expect(secrets).toEqual(name === 'node-agent' ? [] : [`ostro-${name}-tls`]);
    const claims = (workload['spec'].volumeClaimTemplates ?? []).map((claim: Manifest) => claim.metadata.name);
    const declared = [...volumes.map((volume: { name: string }) => volume.name), ...claims];
    for (const mount of containerOf(workload).volumeMounts) expect(declared).toContain(mount.name);
  });

  it('keeps the usage of gateways whatever happens to them', () => {
    const spec = named('StatefulSet', 'gateway', 'ostro')!['spec'];
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    const scaled = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
    expect(scaled.map((scaler) => scaler['spec'].scaleTargetRef.name)).not.toContain('gateway');
  });
});
