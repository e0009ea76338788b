import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { cleanup, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { Artifact, RunDetail } from '../../../../api/types';
import { IRunServices } from '../../../model/services';
import { ITaskProps } from '../../context/taskProps';
import { RunContext } from '../../context/hooks';
import { Results } from '../Results';

jest.mock('../Preview', () => ({
  ...jest.requireActual('../Preview'),
  previewOf: (_: unknown, { name }: Artifact) => name,
  Preview: ({ shown }: { shown: string }) => <p role="figure">{shown}</p>
}));

afterEach(cleanup);

const artifact = (node: string, name: string, format: string) => ({
  ...{ id: name, run_id: 'r', node, name, format, filename: `${name}.${format}`, size_bytes: 1 }
});

describe('K6: the results', () => {
  it.each([
    ['clean', 'rows'],
    ['train', 'plot'],
    ['check', 'plot'] // it has no output
  ])('open with the most telling output of the task %s, or of all: %s', (step, shown) => {
    const tasks = [
      { node: 'clean', label: 'clean', artifacts: [artifact('clean', 'rows', 'csv')] },
      {
        ...{ node: 'train', label: 'train' },
        artifacts: [artifact('train', 'notes', 'txt'), artifact('train', 'plot', 'png')]
      },
      { node: 'check', label: 'check', artifacts: [] }
    ];
    const detail = { run: { id: 'r' }, tasks } as unknown as RunDetail;
    const services = {
      yard: { client: fakeClient(() => ({})) },
      trans: nullTranslator.load('nbyard'),
      commands: new CommandRegistry()
    } as unknown as IRunServices;
    const props = { detail, step, onStep: () => undefined } as unknown as ITaskProps;
    render(
      <RunContext.Provider value={services}>
        <Results {...props} />
      </RunContext.Provider>
    );
    expect(screen.getByRole('figure').textContent).toBe(shown);
  });
});
