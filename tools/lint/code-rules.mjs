import { basename } from 'node:path';
import { syntaxRule } from './explain.mjs';
import { fromRoot } from './workspace.mjs';

const environment = 'MemberExpression[object.name="process"][property.name="env"]';
const property = (object, name) => `MemberExpression[object.name="${object}"][property.name="${name}"]`;

const FOLDERS_WITHOUT_AN_OWNER = ['common', 'shared', 'util', 'utils', 'helper', 'helpers', 'core', 'misc'];
const MAX_CONSTRUCTOR_PARAMETERS = 6;

const testFunctions = '(describe|it|test)';

export const codeRules = {
  'no-clock-or-chance': syntaxRule(
    'Pure code reads no clock, no randomness and no environment: the same input must give the same decision in ' +
      'production, in a replay and in a property test. Take now, a Clock, an IdSource or a seed as an argument.',
    [
      property('Date', 'now'),
      property('Math', 'random'),
      property('performance', 'now'),
      property('crypto', 'randomUUID'),
      property('crypto', 'getRandomValues'),
      'NewExpression[callee.name="Date"][arguments.length=0]',
      'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|randomUUID|randomBytes|randomInt)$/]',
      environment,
    ],
  ),
  'env-only-in-config': syntaxRule(
    'process.env is read only in *.config.ts, so that a wrong variable stops the process at boot and the file is the ' +
      "operator's manual. Add a field to the config and pass the value as an argument.",
    [environment],
  ),
  'no-focused-tests': syntaxRule(
    'A focused, skipped or pending test makes a green run mean nothing. Repair it, or delete it and say why in the commit.',
    [
      `MemberExpression[object.name=/^${testFunctions}$/][property.name=/^(only|skip|todo|failing)$/]`,
      `MemberExpression[object.object.name=/^${testFunctions}$/][property.name=/^(only|skip|todo|failing)$/]`,
      'CallExpression[callee.name=/^(fit|fdescribe|xit|xtest|xdescribe)$/]',
    ],
  ),
  'no-barrels': syntaxRule(
    'Apps have no barrels: files that only pass on exports create import cycles and slow every test. Import from the ' +
      'file that defines the name.',
    ['ExportAllDeclaration', 'ExportNamedDeclaration[source]'],
  ),
  'few-constructor-parameters': syntaxRule(
    `More than ${MAX_CONSTRUCTOR_PARAMETERS} constructor parameters: the class does several jobs. Split it by job, or ` +
      'name the capability that some of the parameters form together.',
    [`MethodDefinition[kind="constructor"] > FunctionExpression[params.length>${MAX_CONSTRUCTOR_PARAMETERS}]`],
  ),
  'folder-has-an-owner': {
    meta: {
      type: 'problem',
      schema: [],
      messages: {
        forbidden:
          'The folder "{{folder}}" says nothing about its content, so it grows without an owner. Name the capability, ' +
          'or keep the function private where it is used.',
      },
    },
    create: (context) => ({
      Program(node) {
        const folders = fromRoot(context.filename).split('/').slice(0, -1);
        const folder = folders.find((name) => FOLDERS_WITHOUT_AN_OWNER.includes(name));
        if (folder !== undefined) context.report({ node, messageId: 'forbidden', data: { folder } });
      },
    }),
  },
  'one-index': {
    meta: {
      type: 'problem',
      schema: [],
      messages: {
        forbidden:
          "Only a lib's src/index.ts is called index: it is the lib's one door. Name this file after what it exports.",
      },
    },
    create: (context) => ({
      Program(node) {
        const isDoor = /^libs\/[^/]+\/src\/index\.ts$/.test(fromRoot(context.filename));
        if (basename(context.filename) === 'index.ts' && !isDoor) context.report({ node, messageId: 'forbidden' });
      },
    }),
  },
};
