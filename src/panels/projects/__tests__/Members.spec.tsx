import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { share } from '../Members';

const PROJECTS = [
  { id: 'p1', name: 'wine', owner: 'ann' },
  { id: 'p2', name: 'cows', owner: 'ann' }
];

function open(kind: string, projects = PROJECTS) {
  const call = jest.fn(async (id: string, _asked?: unknown) =>
    id === 'projects.list' ? { items: projects } : { items: [] }
  );
  const signal = () => new Signal<unknown, unknown>({});
  const stream = {
    ...{ events: signal(), connectedChanged: signal(), refetch: signal() },
    start: async () => undefined
  };
  const find = (id: string) => ({
    id,
    name: kind === 'run' ? null : 'penguins.csv',
    title: 'Train'
  });
  const list = { find };
  const yard = { client: { call }, stream, datasets: list, runs: list };
  const services = { yard, trans: nullTranslator.load('nbyard') } as unknown as IPanelServices;
  void share(services, kind, 'x');
  return (id: string) =>
    call.mock.calls.filter(([asked]) => asked === id).map(([, asked]) => asked);
}

const choose = (label: RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const accept = () => fireEvent.click(document.querySelector('.jp-Dialog .jp-mod-accept')!);

afterEach(() => {
  document.querySelectorAll('.jp-Dialog').forEach(dialog => dialog.remove());
  cleanup();
});

it('H2: shares with a project', async () => {
  const asked = open('dataset');
  expect(await screen.findByText('Share “penguins.csv”')).toBeTruthy();
  choose(/With/, 'project');
  expect(screen.queryByLabelText(/Name/)).toBeNull();
  expect(screen.getByText('Copy Link')).toBeTruthy();
  choose(/Project/, 'p2');
  accept();
  const body = { kind: 'dataset', resource: 'x' };
  await waitFor(() => expect(asked('projects.link')).toEqual([{ path: { project: 'p2' }, body }]));
  expect(asked('shares.grant')).toEqual([]);
});

it('H2: shares with a group', async () => {
  const asked = open('run', []);
  expect(await screen.findByText('Share “Train”')).toBeTruthy();
  expect(screen.queryByText('A project')).toBeNull();
  choose(/With/, 'group');
  choose(/Name/, 'students');
  accept();
  const body = { name: 'students', role: 'viewer', group: true };
  const path = { kind: 'run', resource: 'x' };
  await waitFor(() => expect(asked('shares.grant')).toEqual([{ path, body }]));
});
