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

// What a folder of src may not see, as expressions for the addresses of imports. Of the canvas,
// others know the interfaces only; components and forms know no noun.
const layers = [
  { files: ['src/icons/**'], hidden: '^\\.\\./' },
  {
    files: ['src/components/**', 'src/document/**'],
    hidden: '/(api|canvas|forms|panels|runs)/'
  },
  { files: ['src/api/**'], hidden: '/(canvas|forms|panels|runs)/' },
  { files: ['src/forms/**'], hidden: '/(canvas|panels|runs)/' },
  { files: ['src/runs/**'], hidden: '/(canvas/(?!model/)|panels/(?!palette/))' },
  { files: ['src/panels/**'], hidden: '/(canvas/(?!model/)|runs/(?!model/|view/))' }
];
const below = regex => ({ regex, message: 'This folder lies below that one.' });

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'lib',
      'jupyter_ext',
      'ui-tests',
      'src/api/schema.ts',
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
  {
    files: ['src/canvas/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [below('/(panels|runs)/')] }] }
  },
  {
    files: ['src/canvas/model/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [below('^\\.\\./(?!\\.\\./)')] }] }
  },
  ...layers.map(({ files, hidden }) => ({
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: [canvasOnly, below(hidden)] }] }
  })),
  prettier
);
