/** What users read goes through JupyterLab's translator: no text stands in the markup itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const SHOWN = new Set(['alt', 'aria-label', 'caption', 'label', 'placeholder', 'title']);
const WORD = /\p{L}{2}/u;

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== '__tests__') {
      yield* sources(path);
    } else if (/\.tsx?$/.test(entry.name)) {
      yield path;
    }
  }
}

/** The texts of a file that no translator sees. */
function* untranslated(name: string, text: string): Generator<string> {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const queue: ts.Node[] = [file];
  for (let node = queue.pop(); node; node = queue.pop()) {
    node.forEachChild(child => void queue.push(child));
    const named = ts.isJsxAttribute(node) || ts.isPropertyAssignment(node) ? node : undefined;
    const value = named && SHOWN.has(named.name.getText()) ? named.initializer : undefined;
    const isText = ts.isJsxText(node) || (!!value && ts.isStringLiteralLike(value));
    if (isText && WORD.test((value ?? node).getText())) {
      yield `${name}: ${node.getText().trim()}`;
    }
  }
}

describe('G6: texts are ready for translation', () => {
  it('finds texts in markup, attributes and options', () => {
    const shown = `<p title="Name">Text {trans.__('fine')}</p>; ({ label: 'Run' });`;
    expect([...untranslated('a.tsx', shown)]).toHaveLength(3);
    expect([...untranslated('a.tsx', `<p title={trans.__('Name')}>%</p>`)]).toEqual([]);
  });

  it('finds none in the sources', () => {
    const found = [...sources('src')].flatMap(path => [
      ...untranslated(path, readFileSync(path, 'utf8'))
    ]);
    expect(found).toEqual([]);
  });
});
