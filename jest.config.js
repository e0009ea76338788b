const { getVersion } = require('sucrase');

const base = require('@jupyterlab/testutils/lib/jest-config')(__dirname);

// Packages that ship modules only: jest has to translate them.
const modules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft',
  '@rjsf',
  '@xyflow',
  'classcat',
  'd3-',
  'exenv-es6',
  'lib0',
  'marked',
  'nanoid',
  'uuid',
  'vscode-',
  'y-protocols',
  'y-websocket',
  'yjs'
];

module.exports = {
  ...base,
  automock: false,
  testTimeout: 60_000,
  setupFilesAfterEnv: [...(base.setupFilesAfterEnv ?? []), '<rootDir>/scripts/jest-setup.cjs'],
  // Jest reads these folders at its start, and no node_modules or virtual environments.
  roots: ['<rootDir>/src', '<rootDir>/schema', '<rootDir>/tests/cases'],
  testPathIgnorePatterns: ['/node_modules/'],
  testRegex: 'src/.*/__tests__/.*.spec.ts[x]?$',
  transform: {
    '\\.svg$': base.transform['\\.svg$'],
    // the version is part of the key of Jest's cache
    '^.+\\.[jt]sx?$': ['<rootDir>/scripts/jest-transform.cjs', { version: getVersion() }]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')})).+`]
};
