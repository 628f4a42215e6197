import { Fleet, type ModelView } from './fleet.ts';
import { HostRam } from './host-ram.ts';
import { KeepAlive } from './keep-alive.ts';
import { Knative } from './knative.ts';

describe('the fleet', () => {
  const request = (seconds: number, serviceSeconds: number, model = 'a') => ({
    atMs: seconds * 1000,
    model,
    serviceMs: serviceSeconds * 1000,
  });

  it('charges a replica from its start until it is stopped', () => {
    const { gpuMs, waitsMs, starts } = new Fleet(new KeepAlive(60_000), 20_000).run([request(0, 10), request(50, 10)]);
    expect({ gpuMs, waitsMs, starts }).toEqual({ gpuMs: 120_000, waitsMs: [0, 20_000], starts: 1 });
  });

  it('binds late: what frees first serves, and a start that is not needed is kept', () => {
    const { waitsMs, starts, gpuMs } = new Fleet(new KeepAlive(60_000), 20_000).run([request(0, 10), request(15, 1)]);
    expect({ waitsMs, starts }).toEqual({ waitsMs: [15_000, 20_000], starts: 2 });
    expect(gpuMs).toBe((20 + 10 + 60) * 1000 + (20 + 1 + 60) * 1000);
  });

  it('starts from host RAM what is held there, and forgets the least recently used', () => {
    const ram = new HostRam(1, 4_000, 20_000);
    const requests = [request(0, 1), request(100, 1), request(200, 1, 'b'), request(300, 1)];
    const { waitsMs } = new Fleet(new KeepAlive(10_000), 20_000, ram).run(requests);
    expect(waitsMs).toEqual([4_000, 20_000, 20_000, 20_000]);
  });

  it('tells a scaler of services in order of arrival, once those before have ended', () => {
    const served: number[] = [];
    const scaler = {
      decide: (view: ModelView) => {
        served.push(...view.served.map(({ atMs }) => atMs));
        return { replicas: 2 };
      },
    };
    new Fleet(scaler, 1_000).run([request(0, 50), request(1, 10), request(2, 10)]);
    expect(served).toEqual([0, 1_000, 2_000]);
  });

  it('runs Knative: to zero 30 s after a stable window of 60 s without requests', () => {
    const { gpuMs, waitsMs } = new Fleet(new Knative(), 20_000).run([request(0, 10)]);
    expect(waitsMs).toEqual([20_000]);
    expect(gpuMs).toBe((20 + 10 + 60 + 30) * 1000);
  });

  it('runs Knative: panics when a burst doubles what is there', () => {
    const requests = [request(0, 60), request(40, 60), request(40, 60)];
    const { starts } = new Fleet(new Knative(), 20_000).run(requests);
    expect(starts).toBe(3);
  });
});
