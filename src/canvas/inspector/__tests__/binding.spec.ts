import { JsonObject } from '../../../document/canonical';
import { bench, IBench } from '../../model/__tests__/fakes';
import { bindArgument } from '../binding';

describe('linking a value of a node to a workflow parameter', () => {
  let one: IBench;

  beforeEach(async () => {
    jest.useFakeTimers();
    one = await bench();
    one.canvas.doc.setMeta('parameters', { rate: { type: 'float', default: 2, help: 'per step' } });
    one.canvas.doc.setArgument('clean', 'alpha', { value: 8 });
  });

  afterEach(() => {
    one.canvas.dispose();
    jest.useRealTimers();
  });

  const declared = () => (one.canvas.doc.toJSON().meta.parameters as JsonObject).rate;
  const bound = (id: string) => one.canvas.doc.node(id)?.arguments;

  it('keeps the value as the default of a parameter that no node uses yet, and undoes both', () => {
    const { canvas } = one;
    bindArgument(canvas, 'clean', 'alpha', { parameter: 'rate' });
    expect(bound('clean')).toEqual({ alpha: { parameter: 'rate' } });
    expect(declared()).toEqual({ type: 'float', default: 8, help: 'per step' });
    expect(canvas.ui.notice?.text).toBe('The default of the workflow parameter “rate” is now 8.');
    canvas.doc.undoManager.undo();
    expect(declared()).toMatchObject({ default: 2 });
    expect(bound('clean')).toEqual({ alpha: { value: 8 } });
  });

  it('keeps the default of a parameter that another node uses, and says so', () => {
    const { canvas } = one;
    canvas.doc.setArgument('train', 'extra', { parameter: 'rate' });
    bindArgument(canvas, 'clean', 'alpha', { parameter: 'rate' });
    expect(declared()).toMatchObject({ default: 2 });
    expect(canvas.ui.notice?.text).toBe('“alpha” changed from 8 to the workflow’s 2.');
  });

  it('is silent without a value of the node, with an equal one, and for own values', () => {
    const { canvas } = one;
    bindArgument(canvas, 'train', 'extra', { parameter: 'rate' });
    bindArgument(canvas, 'clean', 'alpha', { value: 2 });
    bindArgument(canvas, 'clean', 'alpha', { parameter: 'rate' });
    bindArgument(canvas, 'clean', 'alpha', undefined);
    expect(canvas.ui.notice).toBeUndefined();
    expect(bound('clean')).toEqual({});
    expect(declared()).toMatchObject({ default: 2 });
  });
});
