import { dirname, resolve } from 'node:path';
import { importRule } from './explain.mjs';
import { readPackages } from './workspace.mjs';

/** Pure libs that hold decisions; contracts and config are pure too, but wire shapes and settings stay at the edge. */
const decisionLibs = readPackages()
  .filter(({ tags }) => tags.includes('type:pure'))
  .map(({ name }) => name)
  .filter((name) => !['@ostro/contracts', '@ostro/config'].includes(name));

const outsideWorld =
  /^(node:)?(fs|net|tls|http|https|http2|dgram|dns|child_process|cluster|worker_threads|os|process|timers)(\/|$)|^(@nestjs\/|typeorm|pg|kafkajs|fastify|undici|@grpc\/|@opentelemetry\/)/;

const isRelative = (specifier) => specifier.startsWith('.');

function leavesDomain(specifier, filename) {
  const folder = /^.*\/domain\//.exec(filename.replaceAll('\\', '/'))?.[0];
  return !`${resolve(dirname(filename), specifier).replaceAll('\\', '/')}/`.startsWith(folder);
}

export const importRules = {
  'domain-is-pure': importRule(
    `domain/ imports only itself, ${decisionLibs.join(', ')}, so that a decision can be tested by the thousand and ` +
      'replayed. Take what you need as an argument, and let the service or the repository fetch it.',
    (specifier, filename) =>
      isRelative(specifier) ? leavesDomain(specifier, filename) : !decisionLibs.includes(specifier),
  ),
  'pure-lib-is-pure': importRule(
    'a lib tagged type:pure does no I/O and knows no framework, because production, simulator and tests run the same ' +
      'code. Take data or a port as an argument, or move this file to a lib tagged type:adapter.',
    (specifier) => outsideWorld.test(specifier),
  ),
  'entity-stays-home': importRule(
    'entities are imported only by their repository, view and data source: an entity in an event or an answer freezes ' +
      'the schema. Have the repository answer domain types (fromRow, toRow).',
    (specifier) => /\.entity(\.ts)?$/.test(specifier),
  ),
  'kafka-stays-in-events': importRule(
    'only events/ and the composition root see @ostro/messaging, so that every event in or out is found in one folder. ' +
      'Add a consumer or a function in events/ that speaks domain words, and call that.',
    (specifier) => specifier === '@ostro/messaging',
  ),
  'one-door': importRule(
    'a package is imported by its name alone: what its door does not export is free to change. Export it from the ' +
      "package's door if others need it.",
    (specifier) => /^@ostro\/[^/]+\//.test(specifier),
  ),
  'testing-stays-in-tests': importRule(
    '@ostro/testing starts servers and fakes time for tests and is not shipped. Import it from a .spec, an .int-spec ' +
      'or test/, and give production code its collaborators as arguments.',
    (specifier) => specifier === '@ostro/testing',
  ),
};
