import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { RunDetail } from '../../../../api/types';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { Parameters } from '../Parameters';
import { ITaskProps } from '../../context/taskProps';

function show(parameters: Record<string, unknown>): void {
  const origin = { kind: 'shell', person: 'bob' };
  const git = { commit: '1a2b3c4d5e6f', branch: 'main', is_dirty: true };
  const plain = { id: 'r', path: 'a.nbflow', runtime: 'process', priority: 0 };
  const run = { ...plain, parameters, origin, git };
  const detail = { run, tasks: [] } as unknown as RunDetail;
  const services = { trans: nullTranslator.load('nbyard') } as unknown as IRunServices;
  render(
    <RunContext.Provider value={services}>
      <Parameters {...({ detail, step: undefined } as unknown as ITaskProps)} />
    </RunContext.Provider>
  );
}

describe('the record of a run', () => {
  it('says what started it, and for whom', () => {
    show({});
    expect(screen.getByText('bob').previousSibling?.textContent).toBe('Person');
    expect(screen.getByText('Command line').previousSibling?.textContent).toBe('Started by');
  });
});

describe('the commit of a run', () => {
  it('stands in its record', () => {
    show({});
    const shown = screen.getByText('main 1a2b3c4d5e with uncommitted changes');
    expect(shown.previousSibling?.textContent).toBe('Commit');
  });
});

describe('the values of a run', () => {
  it('are shown whole where they are short, and long ones by their beginning', () => {
    show({ rate: 0.5, text: 'x'.repeat(3_900_000) });
    expect(screen.getByText('0.5')).toBeTruthy();
    const shown = screen.getByText(/3,900,002 characters/).textContent!;
    expect(shown.startsWith('"xxx')).toBe(true);
    expect(shown.length).toBeLessThan(2100);
  });
});
