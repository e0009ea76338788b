import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { Automation } from '../../../api/types';
import { reloaded } from '../../../components/hooks/__tests__/reloaded';
import { IPanelServices } from '../../frame/services';
import { automationActions } from '../actions';
import { stored } from './stored';

const trans = nullTranslator.load('nbyard');
const PREVIEW = {
  timing: stored().timing,
  zone: 'Europe/Berlin',
  sentence: { code: 'due-once', params: {} },
  text: '',
  next: [{ at: '2026-12-01T07:00:00Z', local: '', note: null }]
};

type Answers = Record<string, (asked: { body?: unknown }) => unknown>;

const activateById = jest.fn();

/** Edit an automation that the server answers for. */
const edit = (answers: Answers) => act('editAutomation', 's', answers);

/** Start an action of the dialog, with a server that gives these answers. */
function act(
  action: 'editAutomation' | 'fireAutomation' | 'scheduleFile',
  target: string,
  answers: Answers,
  documents: object[] = []
) {
  const call = jest.fn(async (id: string, asked: { body?: unknown }) => {
    const none = () => ({ items: [], next: null });
    const runtimes = () => ({ names: ['process'] });
    const usual = { 'channels.list': none, 'automations.list': none, 'system.runtimes': runtimes };
    const known = { ...usual, ...answers } as Answers;
    const answer = (known[id] ?? (() => PREVIEW))(asked);
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  });
  const signal = () => ({ connect: jest.fn(), disconnect: jest.fn() });
  const stream = {
    ...{ connectedChanged: signal(), events: signal(), refetch: signal() },
    start: async () => undefined
  };
  const datasets = { items: [], changed: signal(), start: async () => undefined };
  const yard = { client: { call }, stream, datasets, runs: { put: jest.fn() } };
  const commands = { execute: jest.fn() };
  const contents = {
    driveName: () => '',
    localPath: (path: string) => path,
    get: async (path: string) => ({ content: JSON.stringify(answers[path]({})) })
  };
  const app = { shell: { activateById, widgets: () => documents }, serviceManager: { contents } };
  const services = { app, trans, yard, commands } as unknown as IPanelServices;
  const done = automationActions[action](services, [target]);
  const bodies = (id: string) => call.mock.calls.filter(([of]) => of === id).map(([, a]) => a.body);
  return { done, bodies, commands };
}

const type = async (label: string, value: string) => {
  const field = await waitFor(() => screen.getByLabelText(label));
  fireEvent.change(field, { target: { value } });
};
const save = () => fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
const alerts = () =>
  [...document.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent);

describe('R4: the dialog that edits an automation', () => {
  it('K6: keeps what was typed for a reload, until it is closed or saved', async () => {
    const answers = { 'automations.get': () => stored() };
    const name = () => waitFor(() => screen.getByLabelText<HTMLInputElement>('Name'));
    const escape = () => fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    const first = edit(answers);
    await type('Name', 'weekly');
    await reloaded(async () => (escape(), first.done));
    const again = edit({ ...answers, 'automations.update': () => ({ ...stored(), recent: [] }) });
    expect((await name()).value).toBe('weekly');
    save();
    await again.done;
    expect(again.bodies('automations.update')).toEqual([{ revision: 3, name: 'weekly' }]);
    expect(sessionStorage).toHaveLength(0);
  });

  it('sends only what changed, and explains the stored timing until it changes', async () => {
    const timing = { kind: 'cron', expression: '0 0 8 * * 1-5' } as const;
    const known = stored({ on: timing, timing });
    const { done, bodies } = edit({
      'automations.get': () => known,
      'automations.update': ({ body }) => ({ ...known, ...(body as object), recent: [] })
    });
    await type('Name', 'weekly');
    await waitFor(() => expect(bodies('automations.preview')).toHaveLength(1));
    expect(bodies('automations.preview')[0]).toMatchObject({ on: known.timing });
    await waitFor(() => expect(document.querySelector('li')?.textContent).toContain('08:00'));
    save();
    await done;
    expect(bodies('automations.update')).toEqual([{ revision: 3, name: 'weekly' }]);
  });

  it('sends the run with its other values if its use of the cache changes', async () => {
    const { done, bodies } = edit({
      'automations.get': () => stored(),
      'automations.update': ({ body }) => ({ ...stored(), ...(body as object) })
    });
    fireEvent.click(await waitFor(() => screen.getByLabelText('Run every node again')));
    save();
    await done;
    const run = { path: 'penguins.nbflow', force: false };
    expect(bodies('automations.update')).toEqual([{ revision: 3, run }]);
  });

  it('keeps the input after a change elsewhere, and applies it to the new revision', async () => {
    const revisions = [3, 5];
    const sent = jest.fn();
    const { done, bodies } = edit({
      'automations.get': () => stored({ revision: revisions.shift() ?? 5 }),
      'automations.update': ({ body }) => {
        sent();
        return sent.mock.calls.length === 1
          ? new ApiError(409, 'stale', 'Changed since you read it.')
          : { ...stored(), ...(body as object) };
      }
    });
    await type('Name', 'weekly');
    save();
    await waitFor(() => expect(alerts().join()).toContain('changed elsewhere'));
    expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('weekly');
    save();
    await done;
    expect(bodies('automations.update')).toEqual([
      { revision: 3, name: 'weekly' },
      { revision: 5, name: 'weekly' }
    ]);
  });

  it('shows a refusal at its field until the value changes', async () => {
    const details = [{ path: 'name', message: 'This name is taken.' }];
    const { done, bodies } = edit({
      'automations.get': () => stored(),
      'automations.update': ({ body }) =>
        (body as { name: string }).name === 'taken'
          ? new ApiError(409, 'conflict', 'no', '', details)
          : stored()
    });
    await type('Name', 'taken');
    save();
    await waitFor(() => expect(alerts()).toEqual(['This name is taken.']));
    await type('Name', 'free');
    expect(alerts()).toEqual([]);
    await type('Number of runs', 'a few');
    save();
    await waitFor(() => expect(alerts()).toEqual(['Enter a whole number.']));
    expect(bodies('automations.update')).toHaveLength(1);
    await type('Number of runs', '7');
    save();
    await done;
    expect(bodies('automations.update')[1]).toEqual({ revision: 3, name: 'free', at_most: 7 });
  });
});

describe('R4: the next times in the dialog of an automation', () => {
  const open = async (preview: () => unknown) => {
    const shown = edit({ 'automations.get': () => stored(), 'automations.preview': preview });
    await waitFor(() => expect(shown.bodies('automations.preview')).toHaveLength(1));
    return shown;
  };

  it('are missing with a reason once all runs have started', async () => {
    const ended = { code: 'automation-runs-started', params: { started: 4, most: 4 } };
    const { done, bodies } = await open(() => ({ ...PREVIEW, next: [], ended }));
    expect(bodies('automations.preview')[0]).toMatchObject({ automation: 's', at_most: 4 });
    await waitFor(() => screen.getByText(/started 4 of at most 4 runs/));
    expect(document.querySelector('.nby-Automation-preview li')).toBeNull();
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    await done;
  });

  it.each([
    ['on.text', 'When'],
    ['ends_at', 'Until']
  ])('are refused at the field of %s, with a hint', async (path, label) => {
    const details = [{ path, message: '? is another dialect' }];
    const whole = `${path}: ? is another dialect`;
    const { done } = await open(() => new ApiError(422, 'invalid', whole, 'Write *.', details));
    await waitFor(() => expect(alerts()).toEqual(['? is another dialect. Write *.']));
    expect(screen.getByLabelText(label).getAttribute('aria-invalid')).toBe('true');
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    await done;
  });
});

describe('R4: the dialog that creates an automation', () => {
  const sentence = { code: 'text', params: { text: 'Monday to Friday at 08:00 (Europe/Berlin)' } };
  const create = async (next_due: string | null) => {
    const { done } = act('scheduleFile', 'a.ipynb', {
      'automations.create': () => stored({ id: 'new', sentence, next_due })
    });
    await type('Name', 'weekly');
    save();
    await done;
    return Notification.manager.notifications[0];
  };

  afterEach(() => Notification.manager.dismiss());

  it('names an automation that the file has already, and edits it', async () => {
    const { done, commands } = act('scheduleFile', 'a.ipynb', {
      'automations.list': () => ({
        items: [stored({ id: 'old', name: 'weekly', sentence: undefined })],
        next: null
      })
    });
    const note = await waitFor(() => screen.getByText(/^This file has an automation: weekly/));
    fireEvent.click(note.querySelector('button')!);
    await waitFor(() =>
      expect(commands.execute).toHaveBeenCalledWith('nbyard:edit-automation', { id: 'old' })
    );
    await waitFor(() => screen.getByText(/^This file has an automation: weekly/));
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    await done;
  });

  it('confirms the times, and shows the automation in the sidebar', async () => {
    const next = '2026-12-01T07:00:00Z';
    const { message, options } = await create(next);
    expect(message).toBe(
      'Scheduled: Monday to Friday at 08:00 (Europe/Berlin), next run Tue, Dec 1, 2026, 08:00'
    );
    const [show] = options.actions!;
    expect(show.label).toBe('Show');
    show.callback(new MouseEvent('click'));
    expect(activateById).toHaveBeenCalledWith('nbyard-sidebar');
  });

  it('names no next run of an automation without one', async () => {
    const { message } = await create(null);
    expect(message).toBe('Scheduled: Monday to Friday at 08:00 (Europe/Berlin)');
  });
});

describe('R4: the runs of an automation', () => {
  const parameters = {
    who: { type: 'string', default: 'Ann' },
    rows: { type: 'int', default: 10 },
    fast: { type: 'bool', default: false }
  };
  const answers = {
    'penguins.nbflow': () => ({ version: 1, meta: { parameters } }),
    'system.runtimes': () => ({ names: ['process', 'docker'] }),
    'environments.list': () => ({ items: [{ name: 'ml' }] }),
    'kernels.list': () => ({ items: [{ name: 'ir' }] }),
    'images.list': () => ({ items: [{ reference: 'ml:1', state: 'ready' }] })
  };
  const run = {
    path: 'penguins.nbflow',
    force: true,
    parameters: { rows: 5 },
    texts: { who: 'zed', fast: 'true' }
  } as unknown as Automation['run'];
  const known = (part: Partial<Automation> = {}) => ({
    ...answers,
    'automations.get': () => stored({ run, ...part }),
    'automations.update': () => stored()
  });
  const field = (label: string) =>
    waitFor(() => screen.getByLabelText<HTMLInputElement & HTMLSelectElement>(label));
  const enter = async (label: string, value: string) => {
    await type(label, value);
    fireEvent.blur(await field(label));
  };
  const escape = () => fireEvent.keyDown(document.activeElement!, { key: 'Escape' });

  it('take parameters, a runtime and an environment', async () => {
    const { done, bodies } = act('scheduleFile', 'penguins.nbflow', {
      ...answers,
      'automations.create': () => stored()
    });
    expect((await field('rows')).value).toBe('10');
    await enter('rows', '20');
    await enter('Environment', 'ml');
    await waitFor(() => screen.getByText('docker'));
    const runtime = await field('Runtime');
    const index = [...runtime.options].find(({ text }) => text === 'docker')!.value;
    fireEvent.change(runtime, { target: { value: index } });
    save();
    await done;
    const values = { parameters: { rows: 20 }, runtime: 'docker', environment: 'ml' };
    const [{ run }] = bodies('automations.create') as [Automation];
    expect(run).toEqual({ path: 'penguins.nbflow', force: true, ...values });
  });

  const optionsOf = (input: HTMLElement) =>
    [...document.querySelectorAll(`[id="${input.getAttribute('list')}"] option`)].map(option =>
      option.getAttribute('value')
    );

  it('take a kernel and an image, and keep those of a stored run', async () => {
    const { done, bodies } = edit(known({ run: { ...run, kernel: 'julia' } }));
    const kernel = await field('Kernel');
    expect(kernel.value).toBe('julia');
    await waitFor(() => expect(optionsOf(kernel)).toEqual(['ir']));
    const image = await field('Image');
    await waitFor(() => expect(optionsOf(image)).toEqual(['ml:1']));
    await enter('Image', 'ml:1');
    save();
    await done;
    const [sent] = bodies('automations.update') as [Automation];
    expect(sent.run).toEqual({ ...run, kernel: 'julia', image: 'ml:1' });
  });

  it('show the refusal of a kernel and of an image at their fields', async () => {
    const details = [
      { path: 'run.kernel', message: 'No such kernel.' },
      { path: 'run.image', message: 'No such image.' }
    ];
    const refuse = () => new ApiError(422, 'invalid', 'no', '', details);
    const { done } = edit({ ...known(), 'automations.update': refuse });
    await enter('Kernel', 'x');
    save();
    await waitFor(() => expect(alerts()).toEqual(['No such kernel.', 'No such image.']));
    expect((await field('Kernel')).getAttribute('aria-invalid')).toBe('true');
    escape();
    await done;
  });

  it('send nothing of their values if the user changes none', async () => {
    const { done, bodies } = act('scheduleFile', 'penguins.nbflow', {
      ...answers,
      'automations.create': () => stored()
    });
    await field('rows');
    save();
    await done;
    const [{ run }] = bodies('automations.create') as [Automation];
    expect(run).toEqual({ path: 'penguins.nbflow', force: true });
  });

  it('show their stored values, also those from a shell, and send what changes', async () => {
    const { done, bodies } = edit(known());
    expect((await field('who')).value).toBe('zed');
    expect((await field('rows')).value).toBe('5');
    const fast = await field('fast');
    expect(fast.selectedOptions[0].text).toBe('true');
    expect(fast.options).toHaveLength(3);
    await enter('who', 'Bo');
    await enter('rows', '');
    save();
    await done;
    const values = { parameters: { who: 'Bo' }, texts: { fast: 'true' } };
    expect(bodies('automations.update')).toEqual([{ revision: 3, run: { ...run, ...values } }]);
  });

  it('keep values whose code cannot be read', async () => {
    const broken = () => {
      throw new Error('gone');
    };
    const { done, bodies } = edit({ ...known(), 'penguins.nbflow': broken });
    expect((await field('who')).value).toBe('zed');
    expect((await field('rows')).value).toBe('5');
    await enter('rows', '6');
    save();
    await done;
    const [sent] = bodies('automations.update') as [Automation];
    expect(sent.run).toEqual({ ...run, parameters: { rows: 6 } });
  });

  it('K6: keep values and unreadable texts for a reload', async () => {
    const first = edit(known());
    await enter('who', 'Bo');
    await enter('rows', 'many');
    await reloaded(async () => (escape(), first.done));
    const again = edit(known());
    expect((await field('who')).value).toBe('Bo');
    expect((await field('rows')).value).toBe('many');
    save();
    await waitFor(() => expect(alerts()).toEqual(['Enter a whole number.']));
    expect(again.bodies('automations.update')).toEqual([]);
    await enter('rows', '7');
    save();
    await again.done;
    const [sent] = again.bodies('automations.update') as [Automation];
    expect(sent.run.parameters).toEqual({ rows: 7, who: 'Bo' });
    expect(sessionStorage).toHaveLength(0);
  });

  it('show a refusal at the parameter, and one without a field below More', async () => {
    const details = [
      { path: 'run.parameters.rows', message: 'Too many.' },
      { path: 'run.path', message: 'No such file.' }
    ];
    const refuse = jest.fn(() => new ApiError(422, 'invalid', 'no', '', details));
    const { done } = edit({ ...known(), 'automations.update': refuse });
    await enter('rows', '7000');
    save();
    await waitFor(() => expect(alerts()).toEqual(['run.path: No such file.', 'Too many.']));
    expect((await field('rows')).closest('details')!.open).toBe(true);
    await enter('rows', '7');
    expect(alerts()).toEqual(['run.path: No such file.']);
    escape();
    await done;
  });

  it('have a window and a cap for missed times, as far as the policy uses them', async () => {
    const { done, bodies } = edit(known());
    const window = 'At most this late, in seconds';
    const most = 'At most this many runs';
    expect((await field(window)).value).toBe('1800');
    expect((await field(most)).value).toBe('3');
    const policy = await field('Times that passed while nbyard was off');
    fireEvent.change(policy, { target: { value: 'last' } });
    expect(screen.queryByLabelText(most)).toBeNull();
    fireEvent.change(policy, { target: { value: 'skip' } });
    expect(screen.queryByLabelText(window)).toBeNull();
    fireEvent.change(policy, { target: { value: 'all' } });
    await enter(window, 'long');
    fireEvent.change(policy, { target: { value: 'last' } });
    await enter(window, '60');
    fireEvent.change(policy, { target: { value: 'all' } });
    await enter(most, '5');
    save();
    await done;
    const missed = { policy: 'all', window_seconds: 60, most: 5 };
    expect(bodies('automations.update')).toEqual([{ revision: 3, missed }]);
  });
});

describe('R4: Run Now', () => {
  it.each(['follows', 'pinned'] as const)(
    'saves the code of an automation if it follows: %s',
    async mode => {
      const model = { dirty: true };
      const save = jest.fn(async () => void (model.dirty = false));
      const known = { ...stored({}), mode, run: { path: 'a.ipynb' } };
      const answers = {
        'automations.get': () => known,
        'automations.fire': () => ({ run_id: 'r' })
      };
      const context = { path: 'a.ipynb', model, save };
      const { done, bodies, commands } = act('fireAutomation', 's', answers, [{ context }]);
      await done;
      expect(save).toHaveBeenCalledTimes(mode === 'follows' ? 1 : 0);
      expect(bodies('automations.fire')).toHaveLength(1);
      expect(commands.execute).toHaveBeenCalledWith('nbyard:show-run', { id: 'r' });
    }
  );

  it('shows no run of an event, which starts in the background', async () => {
    const known = stored({ on: { kind: 'notebook' }, timing: null });
    const answers = { 'automations.get': () => known, 'automations.fire': () => ({ run_id: '' }) };
    const { done, bodies, commands } = act('fireAutomation', 's', answers);
    await done;
    expect(bodies('automations.fire')).toHaveLength(1);
    expect(commands.execute).not.toHaveBeenCalled();
  });
});
