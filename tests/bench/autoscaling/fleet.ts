import { EventHeap } from '@ostro/simulator';
import type { HostRam } from './host-ram.ts';
import type { Request } from './requests.ts';

/** What a scaler sees of one model: what a gateway and a scheduler would tell it. */
export interface ModelView {
  readonly model: string;
  readonly nowMs: number;
  readonly running: number;
  readonly waiting: number;
  readonly oldestWaitMs: number;
  readonly ready: number;
  readonly starting: number;
  /** Requests that arrived since the previous call. */
  readonly arrivals: number;
  /** Requests whose service has ended since, in order of arrival: none before those that arrived earlier. */
  readonly served: readonly Request[];
  /** True when the next replica would start from host RAM. */
  readonly inHostRam: boolean;
  /** How long the latest idle replicas have been idle, least recently used first. */
  readonly idleMs: readonly number[];
}

export interface Wish {
  readonly replicas: number;
  readonly recheckAtMs?: number | undefined;
}

/** Decides after every event of a model. The fleet starts what is missing and stops the replicas idle for longest. */
export interface Scaler {
  decide(view: ModelView): Wish;
  /** Replica time used by all models since the previous call; for scalers that keep a budget. */
  spent?(ms: number): void;
}

export interface Outcome {
  readonly gpuMs: number;
  /** One a request, in ms, sorted. */
  readonly waitsMs: readonly number[];
  readonly starts: number;
}

interface Replica {
  idleSinceMs: number;
}

interface Model {
  readonly name: string;
  readonly waiting: Request[];
  /** Least recently used first: a request takes the last, a stop the first. */
  readonly idle: Replica[];
  running: number;
  starting: number;
  arrivals: number;
  served: Request[];
  /** Requests in order of arrival from the first that is not served yet. */
  readonly open: { readonly request: Request; served: boolean }[];
  recheckAtMs: number | undefined;
}

type Event =
  | { readonly kind: 'arrival'; readonly request: Request }
  | { readonly kind: 'started'; readonly model: Model }
  | { readonly kind: 'served'; readonly model: Model; readonly replica: Replica; readonly request: Request }
  | { readonly kind: 'recheck'; readonly model: Model; readonly atMs: number };

/**
 * Serves a trace, one request per replica. Every policy runs in this same loop with late binding, as the gateway holds
 * requests and Knative's activator does: a waiting request takes whichever comes first, the replica that starts or one that
 * frees, and a start that is no longer needed becomes an idle replica. A replica counts from the beginning of its start
 * until it is stopped.
 */
export class Fleet {
  private readonly events = new EventHeap<Event>();
  private readonly models = new Map<string, Model>();
  private readonly waitsMs: number[] = [];
  private replicas = 0;
  private starts = 0;
  private gpuMs = 0;
  private nowMs = 0;

  private readonly scaler: Scaler;
  private readonly loadMs: number;
  private readonly hostRam: HostRam | undefined;

  constructor(scaler: Scaler, loadMs: number, hostRam?: HostRam) {
    this.scaler = scaler;
    this.loadMs = loadMs;
    this.hostRam = hostRam;
  }

  run(requests: readonly Request[]): Outcome {
    for (const request of requests) this.events.push(request.atMs, { kind: 'arrival', request });
    while (this.events.nextMs < Infinity) {
      this.pass(this.events.nextMs);
      this.handle(this.events.pop()!);
    }
    return { gpuMs: this.gpuMs, waitsMs: this.waitsMs.sort((one, other) => one - other), starts: this.starts };
  }

  private pass(atMs: number): void {
    const ms = this.replicas * (atMs - this.nowMs);
    this.gpuMs += ms;
    this.nowMs = atMs;
    this.scaler.spent?.(ms);
  }

  private handle(event: Event): void {
    const model = event.kind === 'arrival' ? this.modelOf(event.request.model) : event.model;
    if (event.kind === 'recheck') {
      if (model.recheckAtMs !== event.atMs) return;
    } else if (event.kind === 'arrival') {
      model.waiting.push(event.request);
      model.open.push({ request: event.request, served: false });
      model.arrivals += 1;
    } else if (event.kind === 'started') {
      model.starting -= 1;
      model.idle.push({ idleSinceMs: this.nowMs });
    } else {
      model.running -= 1;
      model.open.find(({ request }) => request === event.request)!.served = true;
      while (model.open[0]?.served === true) model.served.push(model.open.shift()!.request);
      event.replica.idleSinceMs = this.nowMs;
      model.idle.push(event.replica);
    }
    this.serve(model);
    this.scale(model);
  }

  private serve(model: Model): void {
    while (model.waiting.length > 0 && model.idle.length > 0) {
      const request = model.waiting.shift()!;
      const replica = model.idle.pop()!;
      this.waitsMs.push(this.nowMs - request.atMs);
      this.hostRam?.use(model.name, this.nowMs);
      model.running += 1;
      this.events.push(this.nowMs + request.serviceMs, { kind: 'served', model, replica, request });
    }
  }

  private scale(model: Model): void {
    const wish = this.scaler.decide(this.viewOf(model));
    model.arrivals = 0;
    model.served = [];
    let present = model.running + model.starting + model.idle.length;
    for (; present < wish.replicas; present += 1) this.start(model);
    for (; present > wish.replicas && model.idle.length > 0; present -= 1) {
      model.idle.shift();
      this.replicas -= 1;
    }
    model.recheckAtMs = wish.recheckAtMs;
    const { recheckAtMs } = wish;
    if (recheckAtMs !== undefined) this.events.push(recheckAtMs, { kind: 'recheck', model, atMs: recheckAtMs });
  }

  private start(model: Model): void {
    const loadMs = this.hostRam?.load(model.name, this.nowMs) ?? this.loadMs;
    model.starting += 1;
    this.replicas += 1;
    this.starts += 1;
    this.events.push(this.nowMs + loadMs, { kind: 'started', model });
  }

  private viewOf(model: Model): ModelView {
    const [oldest] = model.waiting;
    return {
      model: model.name,
      nowMs: this.nowMs,
      running: model.running,
      waiting: model.waiting.length,
      oldestWaitMs: oldest === undefined ? 0 : this.nowMs - oldest.atMs,
      ready: model.running + model.idle.length,
      starting: model.starting,
      arrivals: model.arrivals,
      served: model.served,
      inHostRam: this.hostRam?.has(model.name) ?? false,
      idleMs: model.idle.map(({ idleSinceMs }) => this.nowMs - idleSinceMs),
    };
  }

  private modelOf(name: string): Model {
    let model = this.models.get(name);
    if (model === undefined) {
      model = {
        name,
        waiting: [],
        idle: [],
        running: 0,
        starting: 0,
        arrivals: 0,
        served: [],
        open: [],
        recheckAtMs: undefined,
      };
      this.models.set(name, model);
    }
    return model;
  }
}
