import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import hooks from 'eslint-plugin-react-hooks';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import layout from './scripts/layout.mjs';

const canvasOnly = {
  group: ['@xyflow/*', '@dagrejs/*'],
  message: 'Only src/canvas may import the canvas libraries.'
};

// What the folders of src may not import, late neither. Others know the interfaces of the canvas
// only; components and forms know no noun.
const layers = {
  icons: 'api/|spelling/|canvas/|components/|document/|forms/|panels/|runs/',
  components: 'api/|spelling/|canvas/|document/|forms/|panels/|runs/',
  document: 'api/|spelling/|canvas/|components/|forms/|panels/|runs/',
  reasons: 'api/|spelling/|canvas/|components/|document/|forms/|panels/|runs/',
  api: 'canvas/|forms/|panels/|runs/|spelling/',
  spelling: 'canvas/|forms/|panels/|runs/',
  forms: 'canvas/|panels/|runs/',
  canvas: 'panels/|runs/',
  'canvas/model': 'canvas/(?!model/)',
  runs: 'canvas/(?!model/)|panels/(?!palette/)',
  panels: 'canvas/(?!model/)|runs/(?!model/|view/)'
};

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'lib',
      'jupyter_ext',
      'ui-tests',
      'src/api/schema.ts',
      'src/forms/schema/declared.ts',
      'src/reasons/codes.ts',
      '**/*.js',
      '**/__tests__/**'
    ]
  },
  js.configs.recommended,
  tseslint.configs.recommended,
  { plugins: { jupyter } },
  jupyter.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks, layout },
    languageOptions: {
      globals: globals.browser,
      parserOptions: { project: 'tsconfig.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      ...hooks.configs.recommended.rules,
      'layout/layers': ['error', layers],
      'layout/no-circles': 'error',
      'layout/small-folders': 'error',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-globals': ['error', 'fetch'],
      'no-restricted-imports': ['error', { patterns: [canvasOnly] }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }
      ],
      // what activation registers is small and needed at once; the canvas itself is fetched later
      'jupyter/prefer-lazy-imports': 'off',
      curly: 'error',
      eqeqeq: 'error'
    }
  },
  { files: ['src/canvas/**'], rules: { 'no-restricted-imports': 'off' } },
  prettier
);
