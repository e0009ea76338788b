import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { event, fakeClient, json } from '../../../../api/__tests__/fake';
import { emptyFlow, IFlow } from '../../../../document/flow';
import { drawn } from '../drawing';
import HistoryView from '../HistoryView';

afterEach(cleanup);

const EDGE = { source: 'a', output: 'o', target: 'b', input: 'i' };
const OLD: IFlow = {
  ...emptyFlow(),
  nodes: { a: { path: 'a.py' }, b: { path: 'b.py' } },
  edges: { e: EDGE }
};
const NEW: IFlow = {
  ...emptyFlow(),
  meta: { id: 'w', other: 1, parameters: { n: {} } },
  nodes: { a: { path: 'a.py', cpu: 2 }, c: { label: 'Report' } },
  positions: { a: [5, 5], c: [300, 5] }
};
const COMPARED = {
  ...{ old: OLD, new: NEW },
  changes: [
    { kind: 'removed', place: ['edges', 'e'] },
    { kind: 'added', place: ['nodes', 'a', 'cpu'], new: 2 },
    { kind: 'removed', place: ['nodes', 'b'] },
    { kind: 'added', place: ['nodes', 'c'] }
  ]
};
const version = (number: number, runs: number[]) => ({
  ...{ id: `v${number}`, number, runs, person: 'ann', created_at: '2026-11-26T08:00:00Z' }
});

describe('the history of a workflow', () => {
  it('marks nodes and connections of both versions', () => {
    const { nodes, edges } = drawn(COMPARED as never);
    expect(nodes.map(({ id, mark, title }) => [id, mark, title])).toEqual([
      ['a', 'changed', 'a.py'],
      ['b', 'removed', 'b.py'],
      ['c', 'added', 'Report']
    ]);
    expect(edges.map(({ mark }) => mark)).toEqual(['removed']);
    const plain = drawn({ old: OLD, new: OLD, changes: [] } as never).nodes;
    expect(plain[0].at[0]).toBeLessThan(plain[1].at[0]); // without positions, in columns
  });

  it('K18: shows versions with their runs, what differs, and restores one', async () => {
    const asked: string[] = [];
    const events = new Signal<object, unknown>({});
    const client = fakeClient((method, url) => {
      asked.push(`${method} ${url}`);
      return json(
        200,
        url.includes('/versions') ? { items: [version(2, []), version(1, [7, 5])] } : COMPARED
      );
    });
    const model = { dirty: true };
    const context = {
      path: 'w.nbflow',
      model,
      save: async () => {
        model.dirty = false;
        asked.push('save');
      },
      revert: async () => asked.push('revert')
    };
    const widgets = (area: string) => (area === 'main' ? [{}, { context }] : []);
    const contents = { driveName: () => '', localPath: (path: string) => path };
    const services = {
      yard: {
        client,
        stream: {
          ...{ lost: undefined, changed: new Signal<object, void>({}), events },
          ...{ refetch: new Signal<object, void>({}), start: async () => undefined }
        }
      },
      app: { shell: { widgets }, serviceManager: { contents } },
      trans: nullTranslator.load('nbyard')
    } as never;
    render(<HistoryView services={services} path="w.nbflow" />);
    await screen.findByText('ann · runs 7, 5');
    fireEvent.click(screen.getByText('Version 1'));
    await screen.findByText('a · cpu');
    expect(asked.at(-1)).toContain('old=1');
    expect(screen.getAllByRole('code').map(({ textContent }) => textContent)).toEqual(['2']);
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Restore Version 1' }));
    });
    const at = asked.indexOf('save');
    expect(asked.slice(at, at + 3)).toEqual([
      'save',
      expect.stringMatching(/^POST .*restore\?path=w\.nbflow&version=1$/),
      'revert'
    ]);
    events.emit([event(1, 'workflow', 'w', { change: 'version' })]); // also by another tab
    await waitFor(() =>
      expect(asked.slice(at + 3)).toContainEqual(expect.stringContaining('/versions?'))
    );
  });
});
