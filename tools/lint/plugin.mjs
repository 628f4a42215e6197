import nx from '@nx/eslint-plugin';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import importX from 'eslint-plugin-import-x';
import { codeRules } from './code-rules.mjs';
import { explained } from './explain.mjs';
import { importRules } from './import-rules.mjs';

/** All of Ostro's own rules, and those of others that we explain, under the one name `ostro/`. */
export const ostro = {
  rules: {
    ...importRules,
    ...codeRules,
    'module-boundaries': explained(
      nx.rules['enforce-module-boundaries'],
      'Tags keep each noun with one owner: apps ask by gRPC or listen on Kafka and never import each other (only local ' +
        'hosts them), pure libs use pure libs. Move what both need into a lib, or ask the owner.',
    ),
    'no-cycle': explained(
      importX.rules['no-cycle'],
      'In a cycle no file can be understood or loaded first. Move what both need into a third file that imports neither.',
    ),
    'max-lines': explained(
      builtinRules.get('max-lines'),
      'Files that long hold several ideas. Move one of them, with its spec, into a file named after it.',
    ),
    complexity: explained(
      builtinRules.get('complexity'),
      'So many paths cannot be held in mind. Name a step and move it into a function, or turn the cases into a table.',
    ),
    'no-empty': explained(
      builtinRules.get('no-empty'),
      'A swallowed error is found by a customer. Handle it, let it through, or say in a comment why nothing is to be done.',
    ),
  },
};
