import { nullTranslator } from '@jupyterlab/translation';

import cases from '../../../../tests/cases/log_gaps.json';
import { RunDetail, Task } from '../../../api/types';
import { chartOf, colourOf, criticalPath, IBar, ticks, attemptsOf } from '../gantt';
import { findLines, LogBuffer } from '../logBuffer';
import { Reason, reasonText } from '../../../reasons';

/** Lines of logs; those with a gap have its reason. */
const gapCases = cases as { gap: Reason | null; line: string; text: string }[];
const trans = nullTranslator.load('nbyard');

const at = (seconds: number) =>
  new Date(Date.UTC(2030, 0, 1, 0, 0, 0, seconds * 1000)).toISOString();

function task(
  node: string,
  queued?: number,
  started?: number,
  ended?: number,
  needs: string[] = []
) {
  return {
    id: node,
    node,
    label: node,
    state: ended === undefined ? (started === undefined ? 'queued' : 'running') : 'succeeded',
    cached: false,
    needs,
    queued_at: queued === undefined ? null : at(queued),
    started_at: started === undefined ? null : at(started),
    finished_at: ended === undefined ? null : at(ended),
    attempts: started === undefined ? [] : [{ created_at: at(started - 0.5) }]
  } as unknown as Task;
}

function detail(tasks: Task[], finished?: number): RunDetail {
  const run = { created_at: at(0), finished_at: finished === undefined ? null : at(finished) };
  return { run, tasks, edges: [] } as unknown as RunDetail;
}

const coloursOf = (bar: IBar) => bar.segments.map((_, index) => colourOf(bar, index));

describe('chartOf', () => {
  it('K5: cuts each task into queued, preparing and running', () => {
    const { bars, seconds } = chartOf(detail([task('a', 1, 2, 5)], 6), 0);
    expect(seconds).toBe(6);
    expect(bars[0].segments).toEqual([
      { attempt: 1, phase: 'queued', from: 1, to: 1.5 },
      { attempt: 1, phase: 'preparing', from: 1.5, to: 2 },
      { attempt: 1, phase: 'running', from: 2, to: 5 }
    ]);
  });

  it('K10: shows how long a map runs, which has no attempts itself', () => {
    const { bars } = chartOf(detail([{ ...task('a', 1, 2, 5), attempts: [] }], 6), 0);
    expect(bars[0].segments.map(({ phase, from, to }) => [phase, from, to])).toEqual([
      ['queued', 1, 2],
      ['running', 2, 5]
    ]);
  });

  it('K5: shows the wait of a cached task as cached', () => {
    const { bars } = chartOf(detail([{ ...task('a', 1, undefined, 2), cached: true }], 6), 0);
    expect(coloursOf(bars[0])).toEqual(['cached']);
  });

  it('K5: tells how long nobody had taken the run up', () => {
    expect(chartOf(detail([task('a', 4, 5, 6), task('b', 6)], 8), 0).begins).toBe(4);
    const now = Date.parse(at(3));
    expect(chartOf(detail([task('a'), task('b')]), now)).toMatchObject({ begins: 3, seconds: 3 });
  });

  it('K5: shows all phases as far as their times are known', () => {
    const one = task('a', 1, 3, 8);
    const times = { created_at: at(1.5), prepared_at: at(2.5), started_at: at(3) };
    const ends = { working_at: at(4), finished_at: at(8), published_at: at(8.5) };
    one.attempts = [{ ...times, ...ends, state: 'succeeded' }] as unknown as Task['attempts'];
    expect(chartOf(detail([one], 9), 0).bars[0].segments).toEqual([
      { attempt: 1, phase: 'queued', from: 1, to: 1.5 },
      { attempt: 1, phase: 'preparing', from: 1.5, to: 2.5 },
      { attempt: 1, phase: 'starting', from: 2.5, to: 4 },
      { attempt: 1, phase: 'running', from: 4, to: 8 },
      { attempt: 1, phase: 'publishing', from: 8, to: 8.5 }
    ]);
  });

  it('begins to start work when it is supervised, though that is told later', () => {
    const one = task('a', 1, 3, 8);
    const times = { created_at: at(1.5), prepared_at: at(4.2), started_at: at(3) };
    one.attempts = [
      { ...times, working_at: at(4), state: 'succeeded' }
    ] as unknown as Task['attempts'];
    expect(chartOf(detail([one], 9), 0).bars[0].segments).toEqual([
      { attempt: 1, phase: 'queued', from: 1, to: 1.5 },
      { attempt: 1, phase: 'preparing', from: 1.5, to: 3 },
      { attempt: 1, phase: 'starting', from: 3, to: 4 },
      { attempt: 1, phase: 'running', from: 4, to: 8 }
    ]);
  });

  it('keeps pieces in order when clocks differ', () => {
    const one = task('a', 1, 3, 8);
    const times = { created_at: at(1.5), prepared_at: at(4.2), working_at: at(4) };
    one.attempts = [{ ...times, state: 'succeeded' }] as unknown as Task['attempts'];
    expect(chartOf(detail([one], 9), 0).bars[0].segments).toEqual([
      { attempt: 1, phase: 'queued', from: 1, to: 1.5 },
      { attempt: 1, phase: 'preparing', from: 1.5, to: 4 },
      { attempt: 1, phase: 'running', from: 4, to: 8 }
    ]);
  });

  it('R9: shows each attempt, and the wait between two', () => {
    const one = task('a', 5, 6, 8);
    one.attempts = [
      { created_at: at(1), started_at: at(2), finished_at: at(3), state: 'failed' },
      { created_at: at(5.5), started_at: at(6), finished_at: at(8), state: 'succeeded' }
    ] as unknown as Task['attempts'];
    const [bar] = chartOf(detail([one], 9), 0).bars;
    expect(bar.segments).toEqual([
      { attempt: 1, phase: 'preparing', from: 1, to: 2 },
      { attempt: 1, phase: 'running', from: 2, to: 3 },
      { attempt: 2, phase: 'queued', from: 3, to: 5.5 },
      { attempt: 2, phase: 'preparing', from: 5.5, to: 6 },
      { attempt: 2, phase: 'running', from: 6, to: 8 }
    ]);
    expect(coloursOf(bar)).toEqual(['preparing', 'failed', 'queued', 'preparing', 'succeeded']);
    expect(attemptsOf(bar).map(({ state, segments }) => [state, segments.length])).toEqual([
      ['failed', 2],
      ['succeeded', 3]
    ]);
  });

  it('R9: tells an attempt that was lost from one that failed, also while it waits again', () => {
    const one = task('a', 3);
    one.attempts = [
      { number: 1, created_at: at(1), started_at: at(2), finished_at: at(3), state: 'lost' }
    ] as unknown as Task['attempts'];
    const [bar] = chartOf(detail([one]), Date.parse(at(4))).bars;
    expect(coloursOf(bar)).toEqual(['preparing', 'lost', 'queued']);
    expect(attemptsOf(bar).map(({ number, state }) => [number, state])).toEqual([
      [1, 'lost'],
      [2, 'queued']
    ]);
  });

  it('R9: what ended without any work has the colour of its end, too', () => {
    const one = task('a', 1, undefined, 4);
    one.state = 'failed'; // by its queue limit
    expect(coloursOf(chartOf(detail([one], 5), 0).bars[0])).toEqual(['failed']);
    const other = task('b', 1, undefined, 4);
    other.state = 'failed';
    other.attempts = [{ created_at: at(2), state: 'failed' }] as unknown as Task['attempts'];
    expect(coloursOf(chartOf(detail([other], 5), 0).bars[0])).toEqual(['queued', 'failed']);
  });

  it('K5: lets what is under way grow until now', () => {
    const now = Date.parse(at(9));
    const { bars, seconds } = chartOf(detail([task('a', 1, 2), task('b', 3), task('c')]), now);
    expect(seconds).toBe(9);
    expect(bars[0].segments[2]).toEqual({ attempt: 1, phase: 'running', from: 2, to: 9 });
    expect(bars[1].segments).toEqual([{ attempt: 1, phase: 'queued', from: 3, to: 9 }]);
    expect(bars[2].segments).toEqual([]);
  });

  it('never has a length of zero', () => {
    expect(chartOf(detail([], 0), 0).seconds).toBeGreaterThan(0);
  });
});

describe('criticalPath', () => {
  it('goes back from the last end to the need that ended last', () => {
    const tasks = [
      task('a', 0, 1, 2),
      task('b', 0, 1, 4),
      task('c', 4, 5, 8, ['a', 'b']),
      task('d', 2, 3, 5, ['a'])
    ];
    expect(criticalPath(tasks)).toEqual(new Set(['c', 'b']));
  });
});

describe('ticks', () => {
  it('are round, begin at zero and stay inside', () => {
    expect(ticks(13)).toEqual([0, 5, 10]);
    expect(ticks(0.4)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(ticks(7200)).toEqual([0, 1800, 3600, 5400, 7200]);
    expect(ticks(200_000).length).toBeLessThan(9);
  });
});

describe('LogBuffer', () => {
  it.each(gapCases)('K5: knows what was left out, and where: $text', ({ gap, line, text }) => {
    const log = new LogBuffer();
    log.append('a\n\n' + line.slice(0, 40));
    log.append(line.slice(40) + '\nz\n');
    expect(log.gaps).toEqual(gap ? [{ line: 2, reason: gap }] : []);
    expect(log.lines[2]).toBe(gap ? `[nbyard: ${text}]` : text);
    expect(gap ? reasonText(gap, trans) : text).toBe(text);
    log.clear();
    expect(log.gaps).toEqual([]);
  });

  it('K5: puts lines together from pieces cut anywhere', () => {
    const log = new LogBuffer();
    ['a\nb', 'c\r', '\nd\n', 'e'].forEach(piece => log.append(piece));
    expect(log.lines).toEqual(['a', 'bc', 'd', 'e']);
  });

  it('shows what a progress bar wrote last', () => {
    const log = new LogBuffer();
    log.append('10 %\r20 %');
    expect(log.lines).toEqual(['20 %']);
    log.append('\r100 %\ndone\n');
    expect(log.lines).toEqual(['100 %', 'done']);
  });

  it('K5: holds no more than its limit, and is cut where a line begins', () => {
    const log = new LogBuffer(10);
    log.append('one\ntwo\n', 8);
    log.append('three\n', 14);
    expect([log.lines, log.start, log.end, log.takeShift()]).toEqual([['three'], 8, 14, -2]);
    log.prepend('one\ntwo\n', 0);
    expect([log.lines, log.start, log.end, log.takeShift()]).toEqual([['one', 'two'], 0, 8, 2]);
    expect(log.behind).toBe(true);
    log.append('three\n', 14);
    expect([log.lines, log.start]).toEqual([['three'], 8]);
  });

  it('K5: keeps the place of what was left out when lines come in front', () => {
    const log = new LogBuffer();
    log.clear(8);
    const { gap, line } = gapCases[1];
    log.append(`${line}\nz`, 60);
    log.prepend('a\n\n', 0);
    expect(log.lines.slice(0, 2)).toEqual(['a', '']);
    expect(log.gaps).toEqual([{ line: 2, reason: gap }]);
    log.append('z\n', 62);
    expect(log.lines.slice(3)).toEqual(['zz']);
  });

  it('finds lines by expression, and says when there is none', () => {
    expect(findLines(['one', 'two', 'TWO'], 't.o')).toEqual([1, 2]);
    expect(findLines(['one'], '(')).toBe('bad');
  });
});
