import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { fakeClient } from '../../api/__tests__/fake';
import { IYard } from '../../api/yard';
import { addRunCommands } from '../commands';

jest.mock('../../components/problems', () => ({ copyText: jest.fn(), showProblem: jest.fn() }));

describe('R8: the command to retry a run', () => {
  it('runs the rest of a cancelled run, in which nothing failed', () => {
    const commands = new CommandRegistry();
    const find = (state: string) => ({ id: state, state });
    addRunCommands({
      commands,
      yard: { runs: { changed: new Signal<object, void>({}), find } } as unknown as IYard,
      trans: nullTranslator.load('nbyard'),
      shown: () => undefined,
      pointed: () => undefined
    } as never);
    const label = (id: string) => commands.label('nbyard:retry-run', { id });
    expect([label('failed'), label('cancelled')]).toEqual(['Retry From Failure', 'Run the Rest']);
  });
});

describe('K5: a result in the list', () => {
  const asked: string[] = [];
  const commands = new CommandRegistry();
  let row: string | undefined;

  beforeAll(() => {
    const client = fakeClient((_, url) => {
      asked.push(new URL(url).pathname);
      return { id: 'a1', digest: 'sha256:abc' };
    });
    const runs = { changed: new Signal<object, void>({}), find: () => undefined };
    addRunCommands({
      app: {} as never,
      commands,
      yard: { client, runs } as unknown as IYard,
      trans: nullTranslator.load('nbyard'),
      show: jest.fn(),
      shown: () => undefined,
      pointed: () => undefined,
      pointedResult: () => row
    });
  });

  it('has its SHA-256 copied from the context menu', async () => {
    const { copyText } = await import('../../components/problems');
    row = 'a1';
    expect(commands.isEnabled('nbyard:copy-result-digest')).toBe(true);
    await commands.execute('nbyard:copy-result-digest');
    expect(asked.pop()).toMatch(/\/artifacts\/a1$/);
    expect(copyText).toHaveBeenCalledWith('sha256:abc', 'SHA-256 is copied.');
  });

  it('is needed for it', () => {
    row = undefined;
    expect(commands.isEnabled('nbyard:copy-result-digest')).toBe(false);
  });
});
