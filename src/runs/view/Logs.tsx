import { useVirtualizer } from '@tanstack/react-virtual';
import Anser from 'anser';
import { memo, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { isLive } from '../../api/types';
import { showBytes } from '../../components/bytes';
import { copyText } from '../../components/problems';
import { findLines, ILogGap, LogBuffer } from '../logBuffer';
import { RunModel } from '../model';
import { TASK_DONE } from '../reducer';
import { IRunServices } from '../services';
import { useActivity, useServices } from './hooks';
import { StepChoice } from './StepChoice';
import { IStepProps } from './Steps';

const ROW = 18;

/** The log of a step: colours, search, follows the end until somebody scrolls up. */
export function Logs(props: IStepProps): JSX.Element {
  const { model, step, attempt } = props;
  const services = useServices();
  const { trans } = services;
  const { buffer, count, problem } = useLog(services, model, step, attempt);
  const [follow, setFollow] = useState(true);
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 20
  });
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `count` says that lines came
  const hits = useMemo(() => findLines(buffer.lines, wanted), [buffer, wanted, count]);
  const found = useMemo(() => (hits === 'bad' ? [] : hits), [hits]);
  const marked = useMemo(() => new Set(found), [found]);
  useEffect(() => {
    if (follow && count) {
      virtual.scrollToIndex(count - 1, { align: 'end' });
    }
  }, [virtual, follow, count]);
  const go = (turn: number) => {
    const next = (at + turn + found.length) % Math.max(1, found.length);
    setAt(next);
    setFollow(false);
    virtual.scrollToIndex(found[next], { align: 'center' });
  };
  const words = ({ lines, bytes, why }: ILogGap) =>
    trans._n(
      '%2 line (%3) is left out: %4',
      '%2 lines (%3) are left out: %4',
      lines,
      lines.toLocaleString(),
      showBytes(bytes),
      why
    );
  const left = new Map(buffer.gaps.map(gap => [gap.line, words(gap)]));
  const text = () => buffer.lines.map(line => Anser.ansiToText(line)).join('\n');
  return (
    <div className="nby-Logs">
      <div className="nby-Bar">
        <StepChoice {...props} />
        <input
          type="search"
          placeholder={trans.__('Search, also with .* expressions')}
          aria-label={trans.__('Search in the log')}
          aria-invalid={hits === 'bad'}
          value={wanted}
          onChange={event => {
            setWanted(event.target.value);
            setAt(-1);
          }}
          onKeyDown={event => {
            if (event.key === 'Enter' && found.length) {
              go(event.shiftKey ? -1 : 1);
            }
          }}
        />
        <span className="nby-Dim" role="status">
          {wanted &&
            (hits === 'bad'
              ? trans.__('no valid expression')
              : trans._n('%1 line', '%1 lines', found.length))}
        </span>
        <span className="nby-Space" />
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={event => setFollow(event.target.checked)}
          />{' '}
          {trans.__('Follow')}
        </label>
        <button
          type="button"
          className="nby-Button"
          onClick={() => void copyText(text(), trans.__('The log is copied.'))}
        >
          {trans.__('Copy')}
        </button>
        <button
          type="button"
          className="nby-Button"
          onClick={() => saveText(text(), `${step ?? 'run'}.log`)}
        >
          {trans.__('Download')}
        </button>
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {buffer.gaps.map(gap => (
        <p key={gap.line} className="nby-Note">
          {words(gap)}{' '}
          <button
            type="button"
            className="nby-Link"
            onClick={() => {
              setFollow(false);
              virtual.scrollToIndex(gap.line, { align: 'center' });
            }}
          >
            {trans.__('Show where')}
          </button>
        </p>
      ))}
      {!count && !problem && (
        <p className="nby-Note">
          {isLive(props.detail.run)
            ? trans.__('Nothing was written yet.')
            : trans.__('Nothing was written.')}
        </p>
      )}
      <div
        ref={box}
        className="nby-Log"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log of “%1”', step ?? '')}
        onWheel={event => event.deltaY < 0 && setFollow(false)}
        onKeyDown={event => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && setFollow(false)}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(({ index, start }) => (
            <Line
              key={index}
              text={left.has(index) ? `… ${left.get(index)} …` : (buffer.lines[index] ?? '')}
              top={start}
              gap={left.has(index)}
              hit={marked.has(index)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface ILineProps {
  text: string;
  top: number;
  hit: boolean;
  /** It stands for lines that were left out. */
  gap: boolean;
}

const Line = memo(function Line({ text, top, hit, gap }: ILineProps) {
  const pieces = text.includes('\u001b')
    ? Anser.ansiToJson(text, { use_classes: true })
    : undefined;
  return (
    <div
      className={`nby-Log-line${hit ? ' nby-mod-hit' : ''}${gap ? ' nby-mod-gap' : ''}`}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      {pieces
        ? pieces.map((piece, index) => (
            <span
              key={index}
              className={[
                piece.fg && `nby-${piece.fg}`,
                ...piece.decorations.map(word => `nby-ansi-${word}`)
              ]
                .filter(Boolean)
                .join(' ')}
            >
              {piece.content}
            </span>
          ))
        : text}
    </div>
  );
});

interface ILog {
  buffer: LogBuffer;
  count: number;
  problem?: string;
}

/** The log as far as it was fetched; goes on when there is news of the step. */
function useLog(
  services: IRunServices,
  model: RunModel,
  node: string | undefined,
  wanted: number
): ILog {
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const [problem, setProblem] = useState<string>();
  const of = `${node} ${wanted}`;
  const state = useRef({ of, next: 0, attempt: -1, buffer: new LogBuffer() });
  const bytes = useActivity(model).get(node ?? '')?.log_bytes ?? 0;
  const task = model.task(node ?? '');
  const done = !!task && TASK_DONE.has(task.state);
  if (state.current.of !== of) {
    state.current = { of, next: 0, attempt: -1, buffer: new LogBuffer() };
  }
  const started = task?.started_at ?? '';
  useEffect(() => {
    const log = state.current;
    if (!node) {
      return;
    }
    const control = new AbortController();
    const read = async () => {
      for (;;) {
        const chunk = await services.yard.client.call('runs.log', {
          path: { run: model.id, node },
          query: { after: log.next, attempt: wanted },
          signal: control.signal
        });
        if (control.signal.aborted) {
          return;
        }
        if (chunk.attempt !== log.attempt && log.attempt !== -1) {
          log.attempt = chunk.attempt;
          log.next = 0;
          log.buffer.clear();
          continue; // another attempt has a log of its own
        }
        log.attempt = chunk.attempt;
        log.buffer.append(chunk.text);
        const more = chunk.next > log.next && chunk.text !== '';
        log.next = chunk.next;
        setProblem(undefined);
        draw();
        if (!more || chunk.done) {
          return;
        }
      }
    };
    read().catch((error: Error) => !control.signal.aborted && setProblem(error.message));
    return () => control.abort();
  }, [services, model, node, wanted, bytes, done, started]);
  return { buffer: state.current.buffer, count: state.current.buffer.lines.length, problem };
}

function saveText(text: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
  URL.revokeObjectURL(url);
}
