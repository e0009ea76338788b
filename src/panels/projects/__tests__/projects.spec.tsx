import { Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { Answerer, event, FakeSocket, fakeClient, json } from '../../../api/__tests__/fake';
import { EventStream } from '../../../api/eventStream';
import { IYard } from '../../../api/yard';
import { NewProject } from '../../../api/types';
import { ROW_MIME } from '../../../components/RowList';
import { bodyOf, declaredFields, typedValues } from '../../../forms/schema/fields';
import { IPanelServices } from '../../frame/services';
import { activeProjectOf } from '../activeProject';
import { createProject, editProject } from '../actions';
import { Resources } from '../Resources';
import { Switcher } from '../Switcher';

const trans = nullTranslator.load('nbyard');
const PROJECT = {
  ...{ id: 'p', name: 'wine', owner: 'ann', description: '', repository: '', requirements: '' },
  ...{ metadata: { team: 'a=b' }, task: { goal: 'g', evaluation_data: '', criteria: '' } },
  ...{ revision: 1, created_at: '', updated_at: '', links: {}, files: '', git: null },
  pushed_at: null
};

let asked: string[];
let stored: Record<string, unknown>;

function serve(answer: Answerer): { services: IPanelServices; reload: jest.Mock } {
  asked = [];
  stored = {};
  const client = fakeClient(async (method, url, request) => {
    const body = method === 'POST' ? ` ${await request.text()}` : '';
    asked.push(`${method} ${url.replace('http://here/user/x/nbyard/api', '')}${body}`);
    return answer(method, url, request);
  });
  const stream = new EventStream(client);
  const reload = jest.fn(async () => undefined);
  const list = { state: 'ready', reload };
  const yard = {
    ...{ client, stream, datasets: list, environments: list, executables: list },
    ...{ runs: { ...list, state: 'idle' }, workflows: list }
  } as unknown as IYard;
  const state = {
    fetch: async (key: string) => stored[key],
    save: async (key: string, value: unknown) => void (stored[key] = value)
  };
  return { services: { yard, trans, state } as unknown as IPanelServices, reload };
}

const projects: Answerer = (_, url) =>
  url.includes('/projects?') ? { items: [PROJECT], next: null } : PROJECT;

async function choose(services: IPanelServices): Promise<HTMLSelectElement> {
  render(<Switcher services={services} />);
  act(() => FakeSocket.last.hello());
  await screen.findByText('wine');
  const select = screen.getByRole('combobox', { name: 'Project' }) as HTMLSelectElement;
  fireEvent.change(select, { target: { value: 'p' } });
  return select;
}

afterEach(() => {
  cleanup();
  Notification.manager.dismiss();
});

describe('the project switcher', () => {
  it('limits lists, reloads those that are shown, and is remembered', async () => {
    const { services, reload } = serve(projects);
    const select = await choose(services);
    expect(services.yard.client.project).toBe('p');
    expect(reload).toHaveBeenCalledTimes(4);
    expect(stored['nbyard:project']).toBe('p');
    fireEvent.change(select, { target: { value: '' } });
    expect(services.yard.client.project).toBe('');
    expect(reload).toHaveBeenCalledTimes(8);
  });

  it('names the owner of a project of another user', async () => {
    PageConfig.setOption('hubServerUser', 'bob');
    const own = { ...PROJECT, id: 'o', owner: 'bob' };
    const { services } = serve(() => ({ items: [PROJECT, own], next: null }));
    render(<Switcher services={services} />);
    act(() => FakeSocket.last.hello());
    expect(await screen.findByText('ann/wine')).toBeTruthy();
    expect(screen.getByText('wine')).toBeTruthy();
    PageConfig.setOption('hubServerUser', '');
  });

  it('is restored, and given up if the project is gone', async () => {
    const { services } = serve(projects);
    stored['nbyard:project'] = 'gone';
    render(<Switcher services={services} />);
    act(() => FakeSocket.last.hello());
    await waitFor(() => expect(stored['nbyard:project']).toBe(''));
    expect(services.yard.client.project).toBe('');
  });

  it('reloads the lists when links of the project change', async () => {
    const { services, reload } = serve(projects);
    await choose(services);
    reload.mockClear();
    act(() => FakeSocket.last.say({ events: [event(2, 'project', 'other')], last: 2 }));
    expect(reload).not.toHaveBeenCalled();
    act(() => FakeSocket.last.say({ events: [event(3, 'project', 'p')], last: 3 }));
    expect(reload).toHaveBeenCalled();
  });

  const drag = (
    target: Element,
    noun: string,
    types = ['dragstart', 'dragover', 'drop', 'dragend']
  ) => {
    const data = JSON.stringify({ noun, id: 'x' });
    const dataTransfer = { types: [ROW_MIME], getData: () => data };
    for (const type of types) {
      const dragged = new Event(type, { bubbles: true, cancelable: true });
      fireEvent(target, Object.assign(dragged, { dataTransfer, clientX: 1, clientY: 1 }));
    }
  };
  const links = () => asked.filter(line => line.includes('/links'));
  const notices = () => Notification.manager.notifications.map(({ message }) => message);

  it('links rows that are dropped on it to the chosen project', async () => {
    const { services } = serve(projects);
    const select = await choose(services);
    drag(select, 'artifact');
    await waitFor(() => expect(notices()).toContain('Linked to “wine”.'));
    expect(links()).toEqual(['POST /projects/p/links {"kind":"run","resource":"x"}']);
    drag(select, 'task', ['dragstart']);
    expect(select.parentElement!.className).toBe('nby-Switcher');
    drag(select, 'task', ['dragover', 'drop']);
    expect(notices()).toHaveLength(1);
  });

  it('asks for the project of a dropped row while all projects are shown', async () => {
    const other = { ...PROJECT, id: 'q', name: 'birds' };
    const { services } = serve((method, url, request) =>
      url.includes('/projects?')
        ? { items: [PROJECT, other], next: null }
        : projects(method, url, request)
    );
    const select = await choose(services);
    fireEvent.change(select, { target: { value: '' } });
    drag(select, 'dataset');
    expect(links()).toEqual([]);
    const items = [...document.querySelectorAll('.lm-Menu-item')];
    expect(items.map(item => item.textContent)).toEqual(['Link to “wine”', 'Link to “birds”']);
    for (const keyCode of [40, 40, 13]) {
      fireEvent.keyDown(items[0].closest('.lm-Menu')!, { keyCode });
    }
    await waitFor(() =>
      expect(links()).toEqual(['POST /projects/q/links {"kind":"dataset","resource":"x"}'])
    );
  });

  it('links a dropped row to the only project, and shows that it accepts rows', async () => {
    const { services } = serve(projects);
    const select = await choose(services);
    fireEvent.change(select, { target: { value: '' } });
    const { classList } = select.parentElement!;
    drag(document.body, 'dataset', ['dragstart']);
    expect(classList).toContain('nby-mod-takes');
    drag(select, 'dataset', ['dragover']);
    expect(classList).toContain('nby-mod-over');
    drag(select, 'dataset', ['drop', 'dragend']);
    expect(classList.value).toBe('nby-Switcher');
    await waitFor(() =>
      expect(links()).toEqual(['POST /projects/p/links {"kind":"dataset","resource":"x"}'])
    );
  });

  it('offers to link, edit and delete only with a project', async () => {
    const { services } = serve(projects);
    const select = await choose(services);
    expect(screen.getByRole('button', { name: 'Link Resource…' })).toBeTruthy();
    fireEvent.change(select, { target: { value: '' } });
    expect(screen.queryByRole('button', { name: 'Link Resource…' })).toBeNull();
    expect(screen.getByRole('button', { name: 'New Project…' })).toBeTruthy();
    expect(activeProjectOf(services.yard).id).toBe('');
  });
});

describe('the resources of a project', () => {
  const page = (id: string, path = '') => ({
    items: [{ kind: 'dataset', id, name: `red ${id}`, created_at: '', path }],
    next: null
  });
  const answers: Answerer = (method, url) =>
    method === 'DELETE'
      ? new Response(null, { status: 204 })
      : method === 'POST'
        ? PROJECT
        : url.includes('/linkable')
          ? page('free')
          : page('linked', 'a/b.csv');

  it('are chosen by kind and text, linked and unlinked', async () => {
    const { services } = serve(answers);
    render(<Resources services={services} project={PROJECT as never} />);
    fireEvent.click(await screen.findByRole('button', { name: 'Link red free' }));
    await screen.findByText('Linked “red free”.');
    expect(asked).toContain('POST /projects/p/links {"kind":"dataset","resource":"free"}');
    const linked = within(screen.getByRole('region', { name: 'Linked' }));
    fireEvent.click(linked.getByRole('button', { name: 'Unlink red linked (a/b.csv)' }));
    await screen.findByText('Unlinked “red linked”.');
    expect(asked).toContain('DELETE /projects/p/links/dataset/linked');
    fireEvent.change(screen.getByLabelText('Kind'), { target: { value: 'run' } });
    fireEvent.change(screen.getByLabelText('Search'), { target: { value: 'x' } });
    await waitFor(() =>
      expect(asked).toContain('GET /projects/p/linkable?kind=run&search=x&limit=50')
    );
  });

  it('name a missing file, and runs by number', async () => {
    const items = [
      { kind: 'workflow', id: 'w', name: 'a', created_at: '', path: 'a.nbflow', is_gone: true },
      { kind: 'run', id: 'r', name: '', created_at: '', path: '', number: 3 }
    ];
    const { services } = serve(() => ({ items, next: null }));
    render(<Resources services={services} project={PROJECT as never} />);
    await screen.findByRole('button', { name: /^Unlink a \(a.nbflow\): .*missing/ });
    await screen.findByRole('button', { name: /^Link Run 3: untitled/ });
  });

  it('tell a refusal', async () => {
    const { services } = serve((method, url, request) =>
      method === 'POST'
        ? json(404, { code: 'not-found', message: 'There is no dataset.' })
        : answers(method, url, request)
    );
    render(<Resources services={services} project={PROJECT as never} />);
    fireEvent.click(await screen.findByRole('button', { name: 'Link red free' }));
    expect((await screen.findByRole('alert')).textContent).toBe('There is no dataset.');
  });
});

describe('the form of a project', () => {
  const accept = () =>
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept') as HTMLElement);
  const label = (text: string) =>
    screen.findByLabelText<HTMLInputElement>(new RegExp(`^${text}\\*?$`));

  it('keeps facts with their equal signs', () => {
    const fields = declaredFields('NewProject', trans);
    const draft = typedValues(fields, PROJECT);
    expect(draft.metadata).toBe('team = a=b');
    const metadata = `${String(draft.metadata)}\n\n room=  7 `;
    const body = bodyOf<NewProject>(fields, { ...draft, metadata });
    expect(body.metadata).toEqual({ team: 'a=b', room: '7' });
    expect(body.task.goal).toBe('g');
    expect(bodyOf<NewProject>(fields, typedValues(fields)).metadata).toEqual({});
  });

  it('asks for the task, and sends all of it', async () => {
    const { services } = serve((method, url, request) =>
      method === 'POST' ? PROJECT : projects(method, url, request)
    );
    const done = createProject(services);
    fireEvent.change(await label('Name'), { target: { value: 'wine' } });
    fireEvent.change(await label('Goal'), { target: { value: 'g' } });
    const kinds = ['Name', 'Description', 'Goal', 'Evaluation data', 'Repository \\(URL\\)'];
    const tags = await Promise.all(kinds.map(async text => (await label(text)).tagName));
    expect(tags).toEqual(['INPUT', 'TEXTAREA', 'INPUT', 'INPUT', 'INPUT']);
    expect(screen.getByText('More').closest('details')!.open).toBe(false);
    accept();
    await done;
    const task = { goal: 'g', evaluation_data: '', criteria: '' };
    const texts = { description: '', task, repository: '', requirements: '', metadata: {} };
    const body = JSON.stringify({ name: 'wine', ...texts });
    expect(asked).toContain(`POST /projects ${body}`);
  });

  it('shows all that is known, and what is refused at its field', async () => {
    const details = [{ path: 'metadata.team', message: 'is too long' }];
    const { services } = serve((method, url, request) =>
      method === 'PATCH'
        ? json(422, { code: 'invalid', message: 'no', details })
        : projects(method, url, request)
    );
    const done = editProject(services, 'p');
    const facts = await label('Other facts.*');
    expect([facts.tagName, facts.value]).toEqual(['TEXTAREA', 'team = a=b']);
    expect(facts.closest('details')!.open).toBe(true);
    accept();
    const alert = await screen.findByRole('alert', { hidden: true });
    expect(alert.textContent).toBe('team: is too long');
    await waitFor(async () => expect(document.activeElement).toBe(await label('Other facts.*')));
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-reject') as HTMLElement);
    await done;
  });
});
