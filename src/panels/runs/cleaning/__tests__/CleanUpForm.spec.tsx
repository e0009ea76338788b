import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { IPanelServices } from '../../../frame/services';
import { CleanUpForm, ICleanUp } from '../CleanUpForm';

const trans = nullTranslator.load('nbyard');
const RUN = { id: 'r', number: 7, title: 'penguins', name: '', state: 'succeeded' };
const PREVIEW = {
  count: 12,
  freed_bytes: 2_000_000,
  record_bytes: 500_000,
  runs: [1, 2, 3, 4, 5, 6].map(number => ({ ...RUN, id: `r${number}`, number })),
  protected_count: 1,
  protected: [{ ...RUN, protection: { code: 'kept-by-user', params: {} } }]
};

const POLICY = {
  ...{ project: 'wine', name: 'recent', rules: { keep: 20 } },
  preview: { ...PREVIEW, count: 1, protected_count: 0, protected: [] }
};

function open(holder: ICleanUp, answer: unknown = PREVIEW, project = '') {
  const call = jest.fn(async (operation: string, asked: { body?: unknown; query: unknown }) => {
    if (operation === 'runs.preview_retention') {
      return { policies: [POLICY] };
    }
    if (answer instanceof Error) {
      throw answer;
    }
    return asked && answer;
  });
  const services = { trans, yard: { client: { call } } } as unknown as IPanelServices;
  render(
    <div className="jp-Dialog">
      <CleanUpForm services={services} holder={holder} project={project} />
      <button className="jp-mod-accept">Delete</button>
    </div>
  );
  const previewed = () => call.mock.calls.filter(([name]) => name === 'runs.preview_clean_up');
  const settle = () => act(async () => jest.advanceTimersByTimeAsync(300));
  const type = (label: RegExp, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  return { call, previewed, settle, type };
}

describe('R14: the rules of a clean-up', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  it('show what is deleted, what that frees and what is protected', async () => {
    const holder: ICleanUp = { rules: { older_than_days: 30, keep: 10 }, daily: false };
    const { previewed, settle, type } = open(holder);
    type(/^Older than/, '7');
    fireEvent.click(screen.getByLabelText('failed'));
    await settle();
    const body = { older_than_days: 7, keep: 10, states: ['failed'] };
    expect(previewed().map(([, asked]) => asked)).toMatchObject([
      { body, query: { sizes: false } },
      { body, query: { sizes: true } }
    ]);
    const said = screen.getByRole('status').textContent;
    expect(said).toContain('12 runs are deleted, which frees 2.5 MB.');
    expect(said).toContain('#7 penguins: you marked it to be kept');
    const names = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
    const deleted = [1, 2, 3, 4, 5].map(number => `#${number} penguins`);
    expect(names.slice(0, 6)).toEqual([...deleted, '7 more runs']);
    fireEvent.click(screen.getByLabelText(/every day/));
    expect(holder).toMatchObject({ daily: true, rules: { keep: 10, states: ['failed'] } });
  });

  it('show what is deleted before its size is known', async () => {
    const sizes = { freed_bytes: null, record_bytes: null };
    const { call, settle } = open({ rules: { keep: 1 }, daily: false });
    call.mockImplementation(async (operation, { query }) => {
      if (operation === 'runs.preview_retention') {
        return { policies: [] };
      }
      return (query as { sizes: boolean }).sizes
        ? new Promise(() => undefined)
        : { ...PREVIEW, ...sizes };
    });
    await settle();
    const said = screen.getByRole('status').textContent;
    expect(said).toContain('12 runs are deleted, which frees ….');
    expect(said).toContain('#7 penguins: you marked it to be kept');
  });

  it('show what is deleted if its size stays unknown', async () => {
    const { call, settle } = open({ rules: { keep: 1 }, daily: false });
    call.mockImplementation(async (operation, { query }) => {
      if ((query as { sizes?: boolean }).sizes) {
        throw new Error('504');
      }
      return operation === 'runs.preview_retention'
        ? { policies: [] }
        : { ...PREVIEW, freed_bytes: null, record_bytes: null };
    });
    await settle();
    const said = screen.getByRole('status').textContent;
    expect(said).toContain('12 runs are deleted, size unknown.');
    expect(said).toContain('#7 penguins: you marked it to be kept');
  });

  it('with an unreadable number ask for nothing and delete nothing', async () => {
    const holder: ICleanUp = { daily: false };
    const { previewed, settle, type } = open(holder);
    type(/^Newest runs/, 'many');
    await settle();
    expect(previewed()).toEqual([]);
    expect(holder.rules).toBeUndefined();
    expect(screen.getByRole('alert').textContent).toBe('Enter a whole number.');
  });

  it.each([
    ['', false, true],
    ['', true, false],
    ['p', true, true]
  ])('without a run to delete disable Delete: %j, daily %j', async (project, daily, isIdle) => {
    const holder: ICleanUp = { rules: { keep: 1 }, daily };
    const { settle } = open(holder, { ...PREVIEW, count: 0, runs: [] }, project);
    const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Delete' });
    expect(button.disabled).toBe(false);
    await settle();
    expect(screen.getByRole('status').textContent).toContain('No run fits these rules.');
    expect([button.disabled, holder.isIdle]).toEqual([isIdle, isIdle]);
  });

  it('limit the size of all outputs, typed in gigabytes', async () => {
    const holder: ICleanUp = { rules: { max_bytes: 20_000_000_000 }, daily: true };
    const { previewed, settle, type } = open(holder);
    expect(screen.getByLabelText(/^Most gigabytes/)).toHaveProperty('value', '20');
    type(/^Most gigabytes/, '1.5');
    await settle();
    const body = { older_than_days: null, keep: null, max_bytes: 1_500_000_000 };
    expect(previewed()[0][1]).toMatchObject({ body });
    expect(holder.rules).toMatchObject(body);
    type(/^Most gigabytes/, 'few');
    expect(holder.rules).toBeUndefined();
  });

  it('stand beside the policies of the daily clean-up', async () => {
    const { settle } = open({ rules: { keep: 1 }, daily: false });
    await settle();
    fireEvent.click(screen.getByText('Daily clean-up'));
    expect(screen.getByText('wine: recent')).toBeTruthy();
    expect(screen.getByText('not the newest 20 of each workflow')).toBeTruthy();
    expect(screen.getByText('1 run is deleted, which frees 2.5 MB.')).toBeTruthy();
  });

  it('see the runs of the active project only', async () => {
    const { call, settle } = open({ rules: { keep: 1 }, daily: false }, PREVIEW, 'p');
    await settle();
    expect(call.mock.calls.map(([, { query }]) => query)).toEqual([
      { project: 'p' },
      { project: 'p', sizes: false },
      { project: 'p', sizes: true }
    ]);
    expect(screen.queryByLabelText(/every day/)).toBeNull();
  });

  it('that are refused show why', async () => {
    const { settle } = open({ rules: {}, daily: false }, new Error('Give at least one of …'));
    await settle();
    expect(screen.getByRole('status').textContent).toBe('Give at least one of …');
  });
});
