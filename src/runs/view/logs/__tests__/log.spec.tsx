import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, renderHook } from '@testing-library/react';
import { fakeClient, settled } from '../../../../api/__tests__/fake';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { useLog } from '../log';

const PIECE = 10;
const LINES = ['one\n', 'two\n', 'three\n', 'four\n', 'five\n'];
let text = '';
let attempt = 1;

/** Whole lines, at most so many bytes, as the server gives them. */
function answer(url: string) {
  const query = new URL(url, 'http://localhost').searchParams;
  const [after, before] = ['after', 'before'].map(name => Number(query.get(name) ?? 0));
  let start = after;
  let stop = Math.min(before || after + PIECE, text.length);
  if (before) {
    start = Math.max(after, stop - PIECE);
    start = start > after ? text.indexOf('\n', start) + 1 : start;
  } else if (stop < text.length) {
    stop = text.lastIndexOf('\n', stop - 1) + 1;
  }
  const done = stop === text.length;
  return { text: text.slice(start, stop), start, next: stop, done, attempt };
}

async function open(follow = true, cell?: number) {
  const asked: string[] = [];
  const client = fakeClient((_, url) => {
    asked.push(url);
    return answer(url);
  });
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  const changed = new Signal<object, undefined>({});
  const task = { state: 'running', started_at: '' };
  const activity = new Map([['a', { log_bytes: 1, log_start: cell }]]);
  const model = { id: 'r', changed, activity, task: () => task };
  const held = renderHook(() =>
    useLog(
      services as unknown as IRunServices,
      model as unknown as RunModel,
      'a',
      0,
      follow,
      cell !== undefined
    )
  );
  await act(settled);
  const news = async (start = cell) => {
    model.activity = new Map([['a', { log_bytes: text.length, log_start: start }]]);
    act(() => changed.emit(undefined));
    await act(settled);
  };
  return { held, asked, news, buffer: () => held.result.current.buffer };
}

describe('K5: the log of a step', () => {
  beforeEach(() => {
    text = LINES.join('');
    attempt = 1;
  });

  it('is read from its end, and before that when it is asked for', async () => {
    const { held, asked, buffer } = await open();
    expect(buffer().lines).toEqual(['five']);
    expect(asked[0]).toContain('before=');
    await act(async () => held.result.current.older());
    await act(settled);
    expect(buffer().lines).toEqual(['four', 'five']);
    await act(async () => held.result.current.first());
    await act(settled);
    expect([buffer().lines, buffer().behind]).toEqual([['one', 'two'], true]);
    await act(async () => held.result.current.newer());
    await act(settled);
    expect(buffer().lines).toEqual(['one', 'two', 'three']);
  });

  it('X2: begins anew with the output of each cell', async () => {
    const { held, buffer, news } = await open(true, 4);
    expect(buffer().lines).toEqual(['five']);
    await act(async () => held.result.current.older());
    await act(settled);
    expect([buffer().lines, buffer().start]).toEqual([['four', 'five'], 14]);
    await act(async () => held.result.current.first());
    await act(settled);
    expect([buffer().lines, held.result.current.start]).toEqual([['two', 'three'], 4]);
    await news(text.length);
    expect(buffer().lines).toEqual([]);
    text += 'six\n';
    await news(text.length - 4);
    expect(buffer().lines).toEqual(['six']);
  });

  it('grows with what is written, and begins anew with another attempt', async () => {
    const { buffer, news } = await open();
    text += 'six\n';
    await news();
    expect(buffer().lines).toEqual(['five', 'six']);
    attempt = 2;
    text = 'again\n';
    await news();
    expect(buffer().lines).toEqual(['again']);
  });

  it('is there as a whole for who downloads it', async () => {
    const { held } = await open();
    const pieces: string[] = [];
    for await (const piece of held.result.current.whole()) {
      pieces.push(piece);
    }
    expect(pieces.join('')).toBe(text);
  });
});
