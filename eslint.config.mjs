import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import hooks from 'eslint-plugin-react-hooks';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';

const canvasOnly = {
  group: ['@xyflow/*', '@dagrejs/*'],
  message: 'Only src/canvas may import the canvas libraries.'
};

// What a folder of src may not see: panels, forms and components know nothing of the canvas.
const layers = [
  {
    files: ['src/components/**'],
    group: ['**/canvas/**', '**/panels/**', '**/runs/**', '**/api/**']
  },
  {
    files: ['src/document/**'],
    group: ['**/canvas/**', '**/panels/**', '**/runs/**', '**/api/**']
  },
  { files: ['src/api/**'], group: ['**/panels/**', '**/runs/**', '**/forms/**'] }
];

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
    plugins: { 'react-hooks': hooks },
    languageOptions: {
      globals: globals.browser,
      parserOptions: { project: 'tsconfig.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      ...hooks.configs.recommended.rules,
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
  ...layers.map(({ files, group }) => ({
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [canvasOnly, { group, message: 'This folder lies below that one.' }] }
      ]
    }
  })),
  prettier
);
