import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { codeDescribed } from '../../../../api/documents/codeDescribed';
import { Undeclared } from '../../../../api/types';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { UndeclaredFiles } from '../UndeclaredFiles';

const FOUND: Undeclared = {
  code: 'work/clean.ipynb',
  files: [{ path: 'result.csv', role: 'output', name: 'result', format: 'csv' }],
  problem: null
};

describe('the files that a step opened by itself', () => {
  it('are asked for, declared in the code of the step, and can be taken back', async () => {
    const asked: [string, unknown][] = [];
    let described = 0;
    codeDescribed.connect(() => described++);
    let found = FOUND;
    const call = async (operation: string, { body, path }: { body?: object; path?: object }) => {
      asked.push([operation, body ?? path]);
      if (operation === 'runs.undeclared') {
        return found;
      }
      found = { code: '', files: [], problem: null };
      const added = [{ name: 'result', role: 'output', default: 'result.csv' }];
      return { description: 'work/clean.ipynb.nbexec', added, removed: [] };
    };
    const services = { trans: nullTranslator.load('nbyard'), yard: { client: { call } } };
    await act(async () => {
      render(
        <RunContext.Provider value={services as unknown as IRunServices}>
          <UndeclaredFiles run="r" node="clean" state="succeeded" />
        </RunContext.Provider>
      );
    });
    for (const name of ['Declare as Inputs and Outputs', 'Undo']) {
      await act(async () => void fireEvent.click(screen.getByRole('button', { name })));
    }
    const path = 'work/clean.ipynb';
    expect(asked.filter(([operation]) => operation === 'executables.declare')).toEqual([
      ['executables.declare', { path, inputs: [], outputs: ['result.csv'] }],
      ['executables.declare', { path, remove: ['result'] }]
    ]);
    expect(described).toBe(2); // a canvas checks its workflow again
    expect(asked.length).toBe(5); // and the step was looked at anew after each
    await act(async () => codeDescribed.emit()); // the canvas declared them
    expect(asked.length).toBe(6);
  });
});
