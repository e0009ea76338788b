import { Dialog, showDialog } from '@jupyterlab/apputils';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { FormBody } from '../../../forms/FormBody';
import { bench, IBench } from '../../model/__tests__/fakes';
import { CanvasContext } from '../../model/hooks';
import { Contract } from '../Contract';

jest.mock('@jupyterlab/apputils', () => ({
  ...jest.requireActual('@jupyterlab/apputils'),
  showDialog: jest.fn()
}));
const asked = jest.mocked(showDialog);
const RANGE = { rule: 'range', column: 'age', min: 0, level: 'warn' };

describe('K16, X11: the contract of an output', () => {
  let one: IBench;

  beforeEach(async () => {
    jest.useFakeTimers();
    one = await bench();
    render(
      <CanvasContext.Provider value={one.canvas}>
        <Contract id="clean" output="tidy" readOnly={false} />
      </CanvasContext.Provider>
    );
  });

  afterEach(() => {
    one.canvas.dispose();
    jest.useRealTimers();
  });

  const contracts = () => one.canvas.doc.node('clean')?.contracts;

  /** Answer the next dialogs: each act gets the drawn form, and accepts or cancels it. */
  function answer(...acts: ((form: HTMLElement) => boolean)[]): void {
    acts.forEach(fill =>
      asked.mockImplementationOnce(async ({ body }: Partial<Dialog.IOptions<unknown>> = {}) => {
        await null; // not within the click, which would draw the form after it only
        const { container, unmount } = render((body as FormBody)['render']());
        const accept = fill(container);
        unmount();
        return { button: { accept } } as Dialog.IResult<unknown>;
      })
    );
  }

  const type = (form: HTMLElement, label: string, value: string) =>
    fireEvent.change(within(form).getByLabelText(new RegExp(`^${label}`)), { target: { value } });

  async function press(name: string): Promise<void> {
    fireEvent.click(screen.getByRole('button', { name }));
    await one.settle();
    await act(() => Promise.resolve());
  }

  it('gets a rule from the declared form, which stays until all needed values are there', async () => {
    answer(
      form => {
        type(form, 'Check', 'range');
        return true;
      },
      form => {
        expect(
          within(form)
            .getByLabelText(/^Column/)
            .getAttribute('aria-invalid')
        ).toBe('true');
        type(form, 'Column', 'age');
        type(form, 'At least', '0');
        type(form, 'If broken', 'warn');
        return true;
      }
    );
    await press('Contract of tidy…');
    expect(contracts()).toEqual({ tidy: [RANGE] });
    expect(screen.getByText('age ≥ 0 (only warns)')).toBeTruthy();
    await press('Remove age ≥ 0 (only warns)');
    expect(contracts()).toBeUndefined();
    one.canvas.doc.undoManager.undo();
    expect(contracts()).toEqual({ tidy: [RANGE] });
  });

  it('adds the proposed rules with one click, except those on known subjects', async () => {
    const rows = { rule: 'rows', min: 10 };
    one.backend.proposed = [
      { rule: { ...RANGE, max: 99 }, reason: 'seen' },
      { rule: rows, reason: 'seen' }
    ];
    act(() => one.canvas.doc.setField('clean', 'contracts', { tidy: [RANGE] }));
    answer(form => {
      expect(form.textContent).toBe('≥ 10 rows seen');
      return true;
    });
    await press('Propose a contract of tidy from earlier runs');
    expect(contracts()).toEqual({ tidy: [RANGE, rows] });
    await press('Propose a contract of tidy from earlier runs');
    expect(one.canvas.ui.notice?.problem).toBe(false);
  });

  it('leaves the document as it is without an answer or a proposal', async () => {
    answer(
      () => false,
      () => false
    );
    await press('Contract of tidy…');
    one.backend.propose = () => Promise.reject(new Error('too few'));
    await press('Propose a contract of tidy from earlier runs');
    expect(one.canvas.ui.notice).toMatchObject({ text: 'too few', problem: true });
    expect(contracts()).toBeUndefined();
  });
});
