import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { hidden, ISpelling, ShowAsCommand } from '../ShowAsCommand';

const trans = nullTranslator.load('nbyard');
const call = jest.fn();
const draft = { path: 'a.ipynb' };
let project = '';

/** A form that keeps what is typed where only `request` looks. */
function Form({ request }: { request: ISpelling['request'] }): JSX.Element {
  const [text, setText] = useState(draft.path);
  return (
    <form>
      <input
        value={text}
        onChange={event => {
          draft.path = event.target.value;
          setText(draft.path);
        }}
      />
      <Kept request={request} />
    </form>
  );
}

const Kept = ({ request }: { request: ISpelling['request'] }) => (
  <ShowAsCommand spelling={{ client: { call, project }, request }} trans={trans} />
);

const request = () =>
  draft.path ? ({ id: 'runs.create', question: { body: { ...draft } } } as const) : undefined;
const details = () => document.querySelector('details')!;
const texts = () => [...document.querySelectorAll('pre')].map(({ textContent }) => textContent);

describe('G8: a form as a command and as Python', () => {
  beforeEach(() => {
    draft.path = 'a.ipynb';
    call.mockReset().mockImplementation(async (_, { body }) => ({
      command: `nbyard run ${body.body.path}`,
      python: `run(${body.body.path})`
    }));
  });

  it('asks the server only when it is open, and follows the fields', async () => {
    render(<Form request={request} />);
    expect(call).not.toHaveBeenCalled();
    act(() => void (details().open = true));
    await waitFor(() => expect(texts()).toEqual(['nbyard run a.ipynb', 'run(a.ipynb)']));
    expect(call.mock.lastCall[0]).toBe('system.spell');
    expect(call.mock.lastCall[1].body).toEqual({
      operation: 'runs.create',
      body: { path: 'a.ipynb' },
      project: ''
    });
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'b.ipynb' } });
    await waitFor(() => expect(texts()[0]).toBe('nbyard run b.ipynb'));
  });

  it('copies either text and says so', async () => {
    const writeText = jest.fn();
    Object.assign(navigator, { clipboard: { writeText } });
    render(<Form request={request} />);
    act(() => void (details().open = true));
    await waitFor(() => expect(texts()[1]).toBe('run(a.ipynb)'));
    fireEvent.click(screen.getByRole('button', { name: 'Copy: Python' }));
    await waitFor(() => expect(screen.getByRole('status').textContent).toBe('Copied: Python'));
    fireEvent.click(screen.getByRole('button', { name: 'Copy: Command line' }));
    await waitFor(() => expect(screen.getByRole('status').textContent).toContain('Command'));
    expect(writeText.mock.calls).toEqual([['run(a.ipynb)'], ['nbyard run a.ipynb']]);
  });

  it('shows why there is none, and no copy of an older one', async () => {
    render(<Form request={request} />);
    act(() => void (details().open = true));
    await waitFor(() => expect(texts()[0]).toBe('nbyard run a.ipynb'));
    fireEvent.change(screen.getByRole('textbox'), { target: { value: '' } });
    await waitFor(() => expect(screen.getByText('Correct the marked fields first.')).toBeTruthy());
    expect(screen.getByRole('button', { name: 'Copy: Python' })).toHaveProperty('disabled', true);
    call.mockRejectedValueOnce(new ApiError(422, 'invalid', 'body.path: is a folder'));
    fireEvent.change(screen.getByRole('textbox'), { target: { value: 'x' } });
    await waitFor(() => expect(screen.getByText('body.path: is a folder')).toBeTruthy());
  });

  it('names the active project, to which the command links, too', async () => {
    project = 'p1';
    render(<Form request={request} />);
    act(() => void (details().open = true));
    await waitFor(() => expect(call.mock.lastCall?.[1].body.project).toBe('p1'));
    project = '';
  });

  it('explains a secret only where there is one', async () => {
    const show = () => act(() => void (details().open = true));
    const { unmount } = render(<Form request={request} />);
    show();
    await screen.findByText(/^Paths start in/);
    expect(screen.queryByText(/A secret is asked for/)).toBeNull();
    unmount();
    draft.path = hidden('s3cr3t');
    render(<Form request={request} />);
    show();
    await screen.findByText(/A secret is asked for/);
  });

  it('tells the server of a secret only that there is one', () => {
    expect([hidden('s3cr3t'), hidden('')]).toEqual(['***', '']);
  });
});
