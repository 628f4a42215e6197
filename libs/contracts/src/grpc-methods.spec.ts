import * as nest from '@nestjs/microservices';
import * as ours from './grpc-methods.ts';

describe.each(['GrpcMethod', 'GrpcStreamMethod'] as const)('%s', (name) => {
  it('leaves on a handler what Nest leaves', () => {
    expect(metadataLeftBy(ours[name])).toEqual(metadataLeftBy(nest[name]));
  });
});

function metadataLeftBy(
  decorator: (service: string, rpc: string) => (...on: [object, string, PropertyDescriptor]) => unknown,
) {
  const handler = () => undefined;
  decorator('NodeService', 'GetNode')({}, 'getNode', { value: handler });
  const keys = Reflect.getMetadataKeys(handler) as string[];
  return Object.fromEntries(keys.map((key) => [key, Reflect.getMetadata(key, handler) as unknown]));
}
