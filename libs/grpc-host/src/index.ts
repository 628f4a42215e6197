export type { AccessTable, MethodAccess } from './access.ts';
export { type Caller, requireClaims, requireOrganization, requireProject } from './caller.ts';
export { type Call, currentCall, currentCaller } from './current-call.ts';
export type { GrpcServerOptions } from './grpc-server.ts';
export { type RunningGrpcServer, startGrpcServer } from './start-grpc-server.ts';
export { grpcClient, type GrpcClientOptions } from './grpc-client.ts';
export { type CallSettings, type GrpcClient } from './client-types.ts';
export { type DuplexStream, type IncomingStream, type OutgoingStream, type UploadStream } from './client-streams.ts';
export { type Filters, type Page, parsePage, takePage } from './page.ts';
