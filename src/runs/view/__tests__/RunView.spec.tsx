import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { fakeClient, FakeSocket, settled } from '../../../api/__tests__/fake';
import { connect } from '../../../api/yard';
import { RunModel } from '../../model/runModel';
import { IRunServices } from '../../model/services';
import RunView from '../RunView';

const NAME = 'Compare With Previous Run';

/** Show a run with this number; return the IDs of compared runs. */
async function show(number: number): Promise<unknown[]> {
  const run = { id: 'r', number, state: 'succeeded', title: 'Train', counts: {} };
  const client = fakeClient(() => ({ run, items: [], last: 1, next: null }));
  const yard = connect(client.settings);
  const commands = new CommandRegistry();
  const compared: unknown[] = [];
  commands.addCommand('nbyard:compare-with-previous', {
    label: NAME,
    execute: ({ id }) => compared.push(id)
  });
  const services = { yard, commands, trans: nullTranslator.load('nbyard'), steps: null };
  const model = RunModel.of(yard, 'r');
  render(<RunView services={services as unknown as IRunServices} model={model} />);
  FakeSocket.last?.hello();
  await act(settled);
  await act(settled);
  return compared;
}

afterEach(cleanup);

describe('the header of Run Info', () => {
  it('compares the run with the previous one, if there is one', async () => {
    const compared = await show(2);
    fireEvent.click(screen.getByRole('button', { name: NAME }));
    expect(compared).toEqual(['r']);
    cleanup();
    await show(1);
    expect(screen.queryByRole('button', { name: NAME })).toBeNull();
  });
});
