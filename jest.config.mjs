/** Three rings, told apart by suffix: `.spec` pure, `.int-spec` one service on real PostgreSQL and Kafka, `.system-spec` all of them as processes. */
const ring = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.ostro/', '<rootDir>/.cache/'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@ostro/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['reflect-metadata'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'nodenext' },
      },
    ],
  },
  ...extra,
});

const infrastructure = {
  setupFilesAfterEnv: ['<rootDir>/tools/jest/patience.mjs'],
  globalSetup: '<rootDir>/tools/jest/start-infrastructure.mjs',
  globalTeardown: '<rootDir>/tools/jest/stop-infrastructure.mjs',
};

export default {
  projects: [
    ring('unit', ['<rootDir>/{libs,apps,tools,tests}/**/*.spec.ts']),
    ring('int', ['<rootDir>/{libs,apps}/**/*.int-spec.ts'], infrastructure),
    ring('system', ['<rootDir>/tests/system/**/*.system-spec.ts'], infrastructure),
  ],
};
