import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen } from '@testing-library/react';
import { ApiError } from '../../../../api/client';
import { CommandLine } from '../CommandLine';

const trans = nullTranslator.load('nbyard');
const example = (argument: string, value: unknown, line: string, problem = '') => ({
  argument,
  value,
  line,
  problem: problem ? { code: 'text', params: { text: problem } } : null
});
const examples = [
  example('mode', '', "--mode ''"),
  example('mode', '-x', '--mode=-x'),
  example('word', '-x', '', 'begins with -'),
  example('v', false, ''),
  example('v', null, '')
];

describe('E4: the command line of a description', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function drawn(call: jest.Mock) {
    const services = { yard: { client: { call } }, trans } as never;
    const draft = (name: string) => ({ arguments: [{ name }], command: ['sh', '{file}'] });
    const form = (name: string) => <CommandLine services={services} draft={draft(name)} />;
    const { rerender } = render(form('first'));
    return { edit: (name: string) => rerender(form(name)), draft };
  }
  const rest = () => act(async () => jest.advanceTimersByTimeAsync(300));
  const region = () => screen.getByRole('region', { name: 'Command line' });

  it('is asked for once the form rests, and shown with what special values add', async () => {
    const call = jest.fn().mockResolvedValue({ line: 'sh a.sh --mode <mode>', examples });
    const { edit, draft } = drawn(call);
    edit('second');
    await rest();
    expect(call).toHaveBeenCalledTimes(1);
    expect(call.mock.calls[0]).toMatchObject(['executables.preview', { body: draft('second') }]);
    expect(region().textContent).toContain('sh a.sh --mode <mode>');
    const rows = screen.getAllByRole('row').map(row => row.textContent);
    expect(rows).toEqual([
      'mode"" → --mode \'\'"-x" → --mode=-x',
      'word"-x" → begins with -',
      'vfalse → nothingno value → nothing'
    ]);
    edit('second');
    await rest();
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('stays while the description is refused, with the name of the argument', async () => {
    const call = jest.fn().mockResolvedValue({ line: 'sh a.sh', examples: [] });
    const { edit } = drawn(call);
    await rest();
    const details = [{ path: 'arguments.0.reach', message: 'say how the program gets it' }];
    call.mockRejectedValue(new ApiError(422, 'invalid', 'refused', '', details));
    edit('table');
    await rest();
    expect(region().textContent).toContain('sh a.shtable: say how the program gets it');
    call.mockRejectedValue(new Error('unreachable'));
    edit('other');
    await rest();
    expect(region().textContent).toContain('sh a.shunreachable');
    call.mockResolvedValue({ line: 'sh a.sh -x', examples: [] });
    edit('x');
    await rest();
    expect(region().textContent).toBe('Command linesh a.sh -x');
  });

  it('of an older description is not shown any more', async () => {
    const signals: AbortSignal[] = [];
    const call = jest.fn((_: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise((_, refuse) => signal.addEventListener('abort', () => refuse(signal)));
    });
    const { edit } = drawn(call as never);
    await rest();
    edit('second');
    await rest();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(region().textContent).toBe('Command line…');
  });
});
