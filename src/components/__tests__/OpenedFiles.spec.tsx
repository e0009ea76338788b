import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { IDeclareFiles, IUndeclared, OpenedFiles } from '../OpenedFiles';

const trans = nullTranslator.load('nbyard');
const FOUND: IUndeclared = {
  code: 'clean.ipynb',
  files: [
    { path: 'data/iris.csv', role: 'input', name: 'iris' },
    { path: 'result.csv', role: 'output', name: 'result' }
  ]
};
const ADDED = [
  { name: 'iris', role: 'input', default: 'data/iris.csv' },
  { name: 'result', role: 'output', default: 'result.csv' }
];

function shown(undeclared: IUndeclared | undefined, readOnly = false, failure?: Error) {
  const asked: IDeclareFiles[] = [];
  const declare = async (change: IDeclareFiles) => {
    asked.push(change);
    if (failure) {
      throw failure;
    }
    return { description: 'clean.ipynb.nbexec', added: ADDED };
  };
  const made = render(
    <OpenedFiles undeclared={undeclared} readOnly={readOnly} trans={trans} declare={declare} />
  );
  return { asked, ...made };
}

const click = (name: string) =>
  act(async () => void fireEvent.click(screen.getByRole('button', { name })));

describe('files that code opens by itself', () => {
  it('are named, declared with one click, and taken back', async () => {
    const { asked, container } = shown(FOUND);
    expect(container.textContent).toContain(
      'The code also reads data/iris.csv, writes result.csv.'
    );
    await click('Declare as Inputs and Outputs');
    expect(screen.getByRole('status').textContent).toContain(
      'Declared iris (data/iris.csv), result (result.csv) in clean.ipynb.nbexec.'
    );
    await click('Undo');
    expect(asked).toEqual([
      { inputs: ['data/iris.csv'], outputs: ['result.csv'] },
      { remove: ['iris', 'result'] }
    ]);
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('are no concern where there are none, and only named where nothing may be changed', () => {
    expect(shown(undefined).container.textContent).toBe('');
    expect(shown({ code: '', files: [] }).container.textContent).toBe('');
    shown(FOUND, true);
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('come with the reason where they cannot be declared', async () => {
    shown({ ...FOUND, problem: { code: 'code-uploaded', params: {} } });
    expect(
      screen.getByText(
        /Not declared: its code was uploaded, so no description can be stored next to it\./
      )
    ).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('tell why the server refused', async () => {
    shown(FOUND, false, new Error('leaves the code bundle'));
    await click('Declare as Inputs and Outputs');
    expect(screen.getByRole('alert').textContent).toBe('leaves the code bundle');
  });
});
