import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/**
 * Serves reflection, reading the descriptors only when somebody first asks: parsing them costs a few hundred
 * milliseconds, which every start of every service would pay for a question that a person asks now and then.
 */
export function addReflection(server: Server, descriptorSet: Uint8Array, services: readonly string[]): void {
  let real: Map<string, UntypedServiceImplementation> | undefined;
  const load = () => {
    const definition = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet));
    return implementations(new ReflectionService(definition, { services: [...services] }));
  };
  new ReflectionService({}).addToServer({
    addService: (definition, implementation) => {
      const path = pathOf(definition);
      const deferred = Object.keys(implementation).map((method) => [
        method,
        (...call: unknown[]) => {
          real ??= load();
          (real.get(path)![method] as (...args: unknown[]) => void)(...call);
        },
      ]);
      server.addService(definition, Object.fromEntries(deferred) as UntypedServiceImplementation);
    },
  });
}

function implementations(reflection: ReflectionService): Map<string, UntypedServiceImplementation> {
  const found = new Map<string, UntypedServiceImplementation>();
  reflection.addToServer({
    addService: (definition, implementation) => void found.set(pathOf(definition), implementation),
  });
  return found;
}

function pathOf(definition: ServiceDefinition): string {
  return Object.values(definition)[0]!.path;
}
