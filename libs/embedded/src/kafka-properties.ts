/** Where one broker lives; all paths absolute. */
export interface BrokerPlace {
  readonly logsDir: string;
  readonly port: number;
  readonly controllerPort: number;
}

/**
 * One node that is broker and controller, small, on loopback only. The short session makes a restart after
 * `kill -9` take 5-8 s instead of 14; topics are made on purpose, never by a typo.
 */
export function serverProperties({ logsDir, port, controllerPort }: BrokerPlace): string {
  const listener = `PLAINTEXT://127.0.0.1:${port}`;
  return toProperties({
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${listener},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': listener,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logsDir.replaceAll('\\', '/'),
    'num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 4,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'log.segment.bytes': 67_108_864,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 400,
  });
}

/** One rolling log of at most 20 MB. */
export function loggingProperties(logFile: string): string {
  const file = logFile.replaceAll('\\', '/');
  return toProperties({
    'appender.file.type': 'RollingFile',
    'appender.file.name': 'file',
    'appender.file.fileName': file,
    'appender.file.filePattern': `${file}.%i`,
    'appender.file.layout.type': 'PatternLayout',
    'appender.file.layout.pattern': '%d{ISO8601}{UTC}Z %p %m (%c)%n%throwable',
    'appender.file.policies.type': 'Policies',
    'appender.file.policies.size.type': 'SizeBasedTriggeringPolicy',
    'appender.file.policies.size.size': '10MB',
    'appender.file.strategy.type': 'DefaultRolloverStrategy',
    'appender.file.strategy.max': 1,
    'rootLogger.level': 'info',
    'rootLogger.appenderRef.file.ref': 'file',
  });
}

function toProperties(entries: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
