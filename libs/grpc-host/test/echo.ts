import { Controller, Module } from '@nestjs/common';
import { GrpcMethod, GrpcStreamMethod, Payload } from '@nestjs/microservices';
import { DomainError } from '@ostro/kernel';
import { concatMap, endWith, map, Observable, reduce } from 'rxjs';
import { type AccessTable, currentCall, currentCaller, requireOrganization, requireProject } from '../src/index.ts';

export interface Message {
  readonly text: string;
  readonly count?: number;
}

function method<const P extends string, const I extends boolean, const O extends boolean>(path: P, inwards: I, out: O) {
  const encode = (value: Message): Buffer => Buffer.from(JSON.stringify(value));
  const decode = (bytes: Buffer): Message => JSON.parse(bytes.toString()) as Message;
  return {
    path: `/ostro.test.v1.EchoService/${path}` as const,
    requestStream: inwards,
    responseStream: out,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  };
}

/** Written by hand as ts-proto writes it, with JSON for bytes. */
export const EchoService = {
  say: method('Say', false, false),
  whoAmI: method('WhoAmI', false, false),
  read: method('Read', false, false),
  enrol: method('Enrol', false, false),
  odd: method('Odd', false, false),
  fail: method('Fail', false, false),
  wait: method('Wait', false, false),
  count: method('Count', false, true),
  sum: method('Sum', true, false),
  talk: method('Talk', true, true),
};

export const ECHO_ACCESS: AccessTable = {
  '/ostro.test.v1.EchoService/Say': { peers: ['api', 'gateway'], permission: '' },
  '/ostro.test.v1.EchoService/WhoAmI': { peers: ['api', 'gateway', 'node'], permission: '' },
  '/ostro.test.v1.EchoService/Read': { peers: ['api'], permission: 'echoes.read' },
  '/ostro.test.v1.EchoService/Enrol': { peers: ['node'], permission: '' },
  '/ostro.test.v1.EchoService/Odd': { peers: ['api'], permission: '' },
  '/ostro.test.v1.EchoService/Fail': { peers: ['api'], permission: '' },
  '/ostro.test.v1.EchoService/Wait': { peers: ['api'], permission: '' },
  '/ostro.test.v1.EchoService/Count': { peers: ['api'], permission: '' },
  '/ostro.test.v1.EchoService/Sum': { peers: ['api'], permission: '' },
  '/ostro.test.v1.EchoService/Talk': { peers: ['api', 'node'], permission: '' },
};

/** What the server saw of calls that ended early; tests wait for it to change. */
export const seen = { attempts: 0, waiting: 0, aborted: [] as string[] };

@Controller()
export class EchoController {
  @GrpcMethod('EchoService', 'say')
  say(message: Message): Message {
    return { text: message.text };
  }

  @GrpcMethod('EchoService', 'whoAmI')
  async whoAmI(): Promise<Message> {
    await Promise.resolve();
    const { peer, claims } = currentCaller();
    return { text: `${peer?.kind ?? 'nobody'}/${peer?.name ?? ''} ${claims?.principalId ?? '-'}` };
  }

  @GrpcMethod('EchoService', 'read')
  read(@Payload() message: Message): Message {
    const [organizationId, projectId] = message.text.split(' ');
    requireOrganization(currentCaller(), organizationId!);
    requireProject(currentCaller(), projectId!);
    return message;
  }

  @GrpcMethod('EchoService', 'odd')
  odd(): Message {
    return { text: 1n as never };
  }

  @GrpcMethod('EchoService', 'enrol')
  enrol(message: Message): Message {
    return message;
  }

  @GrpcMethod('EchoService', 'fail')
  fail(message: Message): Message {
    seen.attempts += 1;
    if (message.text === 'bug') throw new TypeError('the secret is hunter2');
    if (message.text === 'busy' && seen.attempts % 3 !== 0) throw new DomainError('UNAVAILABLE', 'BUSY', 'not now');
    if (message.text === 'busy') return { text: 'ready', count: seen.attempts };
    throw new DomainError('FAILED_PRECONDITION', 'ECHO_BROKEN', 'fix the écho first', {
      details: { part: 'horn', empty: '' },
      cause: new Error('hunter2'),
    });
  }

  @GrpcMethod('EchoService', 'wait')
  wait(): Promise<Message> {
    const { signal, deadline } = currentCall();
    seen.waiting += 1;
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        seen.aborted.push(`${(signal.reason as DomainError).reason} ${deadline ? 'with deadline' : ''}`.trim());
        reject(signal.reason as Error);
      }),
    );
  }

  @GrpcMethod('EchoService', 'count')
  count(message: Message): Observable<Message> {
    const { signal } = currentCall();
    signal.addEventListener('abort', () => seen.aborted.push('count'));
    return new Observable((subscriber) => {
      for (let count = 1; count <= (message.count ?? 0); count++) subscriber.next({ text: message.text, count });
      if (message.text === 'break') subscriber.error(new DomainError('DATA_LOSS', 'ECHO_LOST', 'the rest is gone'));
      else if (message.text !== 'stay') subscriber.complete();
    });
  }

  @GrpcStreamMethod('EchoService', 'sum')
  sum(messages: Observable<Message>): Observable<Message> {
    return messages.pipe(
      reduce((total, message) => total + (message.count ?? 0), 0),
      map((count) => ({ text: 'sum', count })),
    );
  }

  @GrpcStreamMethod('EchoService', 'talk')
  talk(messages: Observable<Message>): Observable<Message> {
    return messages.pipe(
      concatMap(async (message) => {
        await Promise.resolve();
        if (message.text === 'break') throw new DomainError('ABORTED', 'ECHO_FENCED', 'a newer stream took over');
        return message;
      }),
      map(({ text }) => ({ text: `${currentCaller().peer?.name}: ${text}` })),
      endWith({ text: 'bye' }),
    );
  }
}

@Module({ controllers: [EchoController] })
export class EchoModule {}
