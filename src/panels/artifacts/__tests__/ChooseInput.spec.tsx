import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { IArgument } from '../../../document/arguments';
import { IPanelServices } from '../../frame/services';
import { ChooseInput } from '../ChooseInput';

const trans = nullTranslator.load('nbyard');
const argument = { name: 'input_csv', role: 'input', format: 'csv' } as IArgument;

async function open(className: string): Promise<HTMLElement> {
  const contents = { get: async () => ({ content: [{ name: 'a.csv', path: 'work/a.csv' }] }) };
  const services = { app: { serviceManager: { contents } }, trans } as unknown as IPanelServices;
  render(
    <div className={className}>
      <div className="nby-Field">
        <ChooseInput {...{ services, argument }} folder="work" names={[]} onName={() => 0} />
      </div>
    </div>
  );
  await act(async () => void fireEvent.click(screen.getByRole('button')));
  return screen.getByRole('dialog', { name: 'Files in “work”, datasets and artifacts' });
}

afterEach(cleanup);

describe('the list of files and data for an input', () => {
  it('lies over a dialog, and inside a panel', async () => {
    const list = await open('jp-Dialog');
    expect(list.style.position).toBe('fixed');
    expect(screen.getAllByRole('option')[0].textContent).toBe('a.csvfile');
    cleanup();
    expect((await open('nby-View')).style.position).toBe('');
  });
});
