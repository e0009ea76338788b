import { act, cleanup, render, screen } from '@testing-library/react';
import { RunDetail } from '../../../api/types';
import { IChosenSteps } from '../../../canvas/model/tokens';
import { canvasPlugins } from '../../canvas/plugins';
import { IRunServices } from '../../model/services';
import { useLastStep, useSharedStep } from '../context/chosenStep';
import { RunContext } from '../context/hooks';

const detail = { run: { path: 'w.nbflow' }, tasks: [{ node: 'a' }] } as unknown as RunDetail;
const step = { path: 'w.nbflow', node: 'a', tab: 'logs' } as const;

function Shown(): JSX.Element {
  const last = useLastStep(detail);
  useSharedStep(detail, () => undefined);
  return <p>{`${last?.node} at ${last?.tab}`}</p>;
}

/** Return the steps of a canvas, and a function that opens a run and returns its node and tab. */
async function begin() {
  const plugin = canvasPlugins.find(({ id }) => id === 'nbyard:steps')!;
  const steps = (await plugin.activate(null as never)) as IChosenSteps;
  const open = () => {
    cleanup();
    render(
      <RunContext.Provider value={{ steps } as unknown as IRunServices}>
        <Shown />
      </RunContext.Provider>
    );
    return screen.getByText(/ at /).textContent;
  };
  return { steps, open };
}

describe('the tab that was asked for with a node', () => {
  it('is that of the next run only, which keeps the node', async () => {
    const { steps, open } = await begin();
    steps.choose(step);
    expect(open()).toBe('a at logs');
    expect(open()).toBe('a at undefined');
  });

  it('is not kept for a later run once the shown one has it', async () => {
    const { steps, open } = await begin();
    expect(open()).toBe('undefined at undefined');
    act(() => steps.choose(step));
    expect(open()).toBe('a at undefined');
  });

  it('of another workflow is kept', async () => {
    const { steps, open } = await begin();
    steps.choose({ ...step, path: 'other.nbflow' });
    open();
    expect(steps.last?.tab).toBe('logs');
  });
});
