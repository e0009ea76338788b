import { Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { openSections } from '../../frame/openSections';
import { IPanelServices } from '../../frame/services';
import { useUnrun } from '../unrun';
import { WorkflowSection } from '../WorkflowSection';

const trans = nullTranslator.load('nbyard');
const signal = () => new Signal<object, unknown>({});
const saved_at = '2030-01-01T00:00:00Z';
const ran = (name: string) => ({
  ...{ id: name, title: name, path: `${name}.nbflow`, updated_at: saved_at },
  ...{ has_runs: true }
});

const pushed = (name: string) => ({
  ...{ id: name, title: name, path: `/store/${name}.nbflow`, updated_at: saved_at },
  ...{ pushed_path: `flows/${name}.nbflow`, has_runs: true }
});

/** The list of workflows; `set` sets what ran, as its reload does. */
class Workflows {
  items: object[] = [];
  more = false;
  state = 'loading';
  problem = '';
  changed = signal();
  reload = jest.fn(async () => this.set(this.items));

  set(items: object[], state = 'ready'): void {
    Object.assign(this, { items, state });
    act(() => this.changed.emit(undefined));
  }
}

function show(unrun: string[], project = '', runs: object[] = []) {
  const workflows = new Workflows();
  const answers = {
    items: unrun.map(name => ({
      ...{ title: name, path: `${name}.nbflow`, saved_at, pushed_id: name }
    })),
    problem: ''
  };
  const call = jest.fn(async () => {
    if (answers.problem) {
      throw new Error(answers.problem);
    }
    return { items: [...answers.items] };
  });
  const stream = { lost: undefined, connectedChanged: signal() };
  const client = { call, project };
  const yard = { client, workflows, runs: { items: runs, changed: signal() }, stream };
  const commands = new CommandRegistry();
  commands.addCommand('nbyard:create-workflow', { label: 'New Workflow', execute: () => 0 });
  const opened = jest.fn();
  commands.addCommand('docmanager:open', { execute: ({ path }) => opened(path) });
  const currentChanged = signal();
  const app = {
    serviceManager: { contents: { fileChanged: signal() } },
    shell: { currentChanged }
  };
  const services = { yard, trans, commands, app } as unknown as IPanelServices;
  const Panel = ({ isVisible }: { isVisible: boolean }) => (
    <WorkflowSection services={services} unrun={useUnrun(services, isVisible)} />
  );
  const { rerender } = render(<Panel isVisible={false} />);
  const setVisible = (isVisible: boolean) => rerender(<Panel isVisible={isVisible} />);
  return { workflows, answers, call, opened, setVisible, currentChanged };
}

const rows = () => screen.queryAllByRole('row').map(({ textContent }) => textContent);
const wait = () => act(async () => void (await jest.advanceTimersByTimeAsync(400)));

describe('the workflows of the sidebar', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: Date.parse(saved_at) });
  });
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  it('are those that ran and the other files, each once', async () => {
    const { workflows, setVisible } = show(['a', 'b']);
    setVisible(true);
    await wait();
    workflows.set([]);
    expect(rows()).toEqual(['anever ran/', 'bnever ran/']);
    workflows.set([ran('a')]); // its first run; the files are not listed again yet
    expect(rows()).toEqual(['ajust now/', 'bnever ran/']);
  });

  it('show title or stem, then what tells the file, and their last runs', async () => {
    const run = (id: string, workflow_id: string, state: string) => ({
      ...{ id, number: 1, workflow_id, state, created_at: saved_at }
    });
    const runs = [run('3', 'b', 'failed'), run('2', 'a', 'failed'), run('1', 'a', 'succeeded')];
    const { workflows } = show([], '', runs);
    const at = (path: string, title = '') => ({ ...ran(path), title, path, id: path[0] });
    workflows.set([at('a/sales.nbflow'), at('b.nbflow', 'Penguins'), at('c/d.nbflow', 'd')]);
    const lines = [...document.querySelectorAll('.nby-SideRow')].map(row => [
      row.querySelector('.nby-Row-name')!.textContent,
      row.querySelector('.nby-SideRow-detail')!.textContent,
      [...row.querySelectorAll('.nby-RunStrip-bar')].map(({ classList }) => classList[1])
    ]);
    expect(lines).toEqual([
      ['sales', 'a', ['nby-mod-succeeded', 'nby-mod-failed']],
      ['Penguins', 'b.nbflow', ['nby-mod-failed']],
      ['d', 'c', []]
    ]);
  });

  it('name the owner of a workflow that another user shares, and have the role there', () => {
    PageConfig.setOption('nbyardOwner', 'bob');
    const { workflows } = show([]);
    workflows.set([
      { ...ran('a'), owner: 'ann', role: 'viewer' },
      { ...ran('b'), owner: 'bob', role: 'owner' }
    ]);
    PageConfig.setOption('nbyardOwner', '');
    expect(rows()).toEqual(['ann/ajust now/', 'bjust now/']);
    const roles = [...document.querySelectorAll<HTMLElement>('.nby-Row')];
    expect(roles.map(row => row.dataset.role)).toEqual(['viewer', 'owner']);
  });

  it('asks for the files while it is visible, and when other workflows ran', async () => {
    const { workflows, call, setVisible } = show(['a']);
    await wait();
    expect(call).not.toHaveBeenCalled();
    setVisible(true);
    workflows.set([ran('b')]);
    await wait();
    workflows.set([{ ...ran('b'), updated_at: '2030-01-02T00:00:00Z' }]); // it ran again
    workflows.set([ran('b')], 'failed');
    await wait();
    expect(call).toHaveBeenCalledTimes(1);
    workflows.set([ran('a'), ran('b')]);
    await wait();
    expect(call).toHaveBeenCalledTimes(2);
    setVisible(false);
    workflows.set([ran('c')]);
    await wait();
    expect(call).toHaveBeenCalledTimes(2);
  });

  it('asks again when a workflow is opened or a section is shown', async () => {
    const { answers, setVisible, currentChanged, workflows } = show([]);
    setVisible(true);
    await wait();
    workflows.set([]);
    answers.items.push({ title: 'a', path: 'a.nbflow', saved_at, pushed_id: 'a' });
    const front = (path: string) => currentChanged.emit({ newValue: { context: { path } } });
    front('a.ipynb');
    currentChanged.emit({ newValue: null });
    await wait();
    expect(rows()).toEqual([]);
    front('a.nbflow');
    await wait();
    expect(rows()).toEqual(['anever ran/']);
    answers.items.pop();
    act(() => openSections.set('workflow', true));
    await wait();
    expect(rows()).toEqual([]);
  });

  it('says which of the lists failed, beside the other one, and asks again', async () => {
    const { workflows, answers, setVisible } = show(['a']);
    answers.problem = 'disk is gone';
    setVisible(true);
    workflows.set([]);
    await wait();
    const problem = () => screen.queryByRole('alert')?.firstChild?.textContent;
    expect(problem()).toBe('Workflows that never ran could not be listed: disk is gone');
    expect(screen.queryByText('No workflows yet.')).toBeNull();
    answers.problem = '';
    fireEvent.click(screen.getByRole('button', { name: 'Try Again' }));
    await wait();
    expect([problem(), rows()]).toEqual([undefined, ['anever ran/']]);
    workflows.problem = 'busy';
    workflows.set([], 'failed');
    expect([problem(), rows().length]).toEqual(['Not reachable: busy', 1]);
  });

  it('are one row for a file and its pushed copy, which opens the file', async () => {
    const { workflows, opened, setVisible } = show(['a', 'b']);
    setVisible(true);
    await wait();
    workflows.set([pushed('a')]);
    expect(rows()).toEqual(['ajust now/', 'bnever ran/']);
    fireEvent.doubleClick(screen.getByText('a'));
    await wait();
    expect(opened).toHaveBeenCalledWith('a.nbflow');
  });

  it('say that a file was pushed if only the store has it, and do not open it', async () => {
    const { workflows, opened, setVisible } = show([]);
    setVisible(true);
    await wait();
    workflows.set([pushed('a')]);
    expect(rows()).toEqual(['ajust nowPushed: flows/a.nbflow']);
    fireEvent.doubleClick(screen.getByText('a'));
    await wait();
    expect(opened).not.toHaveBeenCalled();
    expect(Notification.manager.notifications[0].message).toContain('nbyard pull');
  });

  it('say that a pushed workflow has no runs, and list files and other copies apart', async () => {
    const { workflows, setVisible } = show(['a']);
    setVisible(true);
    await wait();
    const copy = { ...pushed('a'), has_runs: false };
    workflows.set([copy, { ...copy, id: 'of-another-project', path: '/store/2/a.nbflow' }]);
    expect(rows()).toEqual(['ano runs/', 'ano runsPushed: flows/a.nbflow']);
  });

  it('do not open a pushed file below the root', async () => {
    PageConfig.setOption('serverRoot', '/home');
    const home = `${process.cwd()}/home`; // in a browser, the working directory is /
    const { workflows, opened, setVisible } = show([]);
    setVisible(true);
    await wait();
    workflows.set([{ ...pushed('a'), path: `${home}/.local/store/a.nbflow` }]);
    fireEvent.doubleClick(screen.getByText('a'));
    await wait();
    await wait();
    expect(opened).not.toHaveBeenCalled();
    expect(screen.getByTitle(/^.local/)).toBeTruthy();
    PageConfig.setOption('serverRoot', '');
  });

  it('say what to do in a project without any', async () => {
    const { workflows, setVisible } = show([], 'p');
    setVisible(true);
    workflows.set([]);
    await wait();
    expect(screen.getByText(/^No workflows in this project/).textContent).toContain('nbyard push');
  });

  it('offers the first one where there is none', async () => {
    const { workflows, setVisible } = show([]);
    setVisible(true);
    workflows.set([]);
    await wait();
    expect(screen.getByText('No workflows yet.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'New Workflow' })).toBeTruthy();
  });
});
