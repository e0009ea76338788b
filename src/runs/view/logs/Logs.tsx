import Anser from 'anser';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { download } from '../../../api/addresses';
import { isLive } from '../../../api/types';
import { Button, CheckBox, LinkButton } from '../../../components/Button';
import { foldedLine } from '../../../components/format/foldedLine';
import { rowsOf, useRows } from '../../../components/hooks/useRows';
import { scrolledUp } from '../../../components/log/LogBox';
import { copyText } from '../../../components/problems';
import { reasonText } from '../../../reasons';
import { findLines, LogBuffer } from '../../model/logBuffer';
import { useServices } from '../context/hooks';
import { useLog } from './log';
import { TaskChoice } from '../context/TaskChoice';
import { ITaskProps } from '../context/taskProps';

const ROW = 18;
/** When the view is this close to an end (pixels), more is loaded. */
const NEAR = 40 * ROW;

interface ILogsProps extends ITaskProps {
  /** The view around it has the choice of the task. */
  isInner?: boolean;
  /** Show only the output of the running cell. */
  ofCell?: boolean;
}

/** The log of a task with colours and search; it follows the end until the user scrolls up. */
export function Logs(props: ILogsProps): JSX.Element {
  const { model, step, attempt, isInner, ofCell } = props;
  const services = useServices();
  const { trans } = services;
  const [follow, setFollow] = useState(true);
  const log = useLog(services, model, step, attempt, follow, ofCell);
  const { buffer, problem, round } = log;
  const count = buffer.lines.length;
  const isPart = buffer.start > log.start || buffer.behind;
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const rows = useRows(box, count, ROW, 20);
  const { scrollTo } = rows;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `round` says that lines came
  const hits = useMemo(() => findLines(buffer.lines, wanted), [buffer, wanted, round]);
  const matches = useMemo(() => (hits === 'bad' ? [] : hits), [hits]);
  const marked = useMemo(() => new Set(matches), [matches]);
  useEffect(() => {
    if (follow && count) {
      scrollTo(count - 1, 'end');
    }
  }, [scrollTo, follow, count, round]);
  // lines were added or removed above: keep the visible lines in place
  useLayoutEffect(() => {
    const shift = buffer.takeShift();
    if (shift && !follow && box.current) {
      box.current.scrollTop += shift * ROW;
    }
  }, [buffer, follow, round]);
  const turnFollow = (on: boolean) => {
    setFollow(on);
    if (on && buffer.behind) {
      log.last();
    }
  };
  const onScroll = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement) => {
    if (follow) {
      return;
    }
    if (scrollTop < NEAR && buffer.start > log.start) {
      log.older();
    } else if (scrollHeight - scrollTop - clientHeight < NEAR && buffer.behind) {
      log.newer();
    }
  };
  const go = (turn: number) => {
    const next = (at + turn + matches.length) % Math.max(1, matches.length);
    setAt(next);
    setFollow(false);
    scrollTo(matches[next], 'center');
  };
  const left = new Map(buffer.gaps.map(gap => [gap.line, reasonText(gap.reason, trans)]));
  const copied = isPart
    ? trans.__('The loaded part of the log is copied.')
    : trans.__('The log is copied.');
  return (
    <div className="nby-Logs">
      <div className="nby-Bar">
        {!isInner && <TaskChoice {...props} />}
        <input
          type="search"
          placeholder={trans.__('Search (text or regex)')}
          aria-label={trans.__('Search in the log')}
          aria-invalid={hits === 'bad'}
          value={wanted}
          onChange={event => {
            setWanted(event.target.value);
            setAt(-1);
          }}
          onKeyDown={event => {
            if (event.key === 'Enter' && matches.length) {
              go(event.shiftKey ? -1 : 1);
            }
          }}
        />
        <span className="nby-Dim" role="status">
          {wanted &&
            (hits === 'bad'
              ? trans.__('invalid regular expression')
              : isPart
                ? trans._n(
                    '%1 line in the loaded part',
                    '%1 lines in the loaded part',
                    matches.length
                  )
                : trans._n('%1 line', '%1 lines', matches.length))}
        </span>
        <span className="nby-Space" />
        <CheckBox checked={follow} onChange={turnFollow}>
          {trans.__('Follow Log')}
        </CheckBox>
        {buffer.start > log.start && (
          <Button
            title={trans.__('The end is loaded first, the rest as you scroll')}
            onClick={() => {
              setFollow(false);
              log.first();
              scrollTo(0, 'start');
            }}
          >
            {trans.__('To the Start')}
          </Button>
        )}
        <Button onClick={() => void copyText(buffer.lines.map(plain).join('\n'), copied)}>
          {trans.__('Copy')}
        </Button>
        <Button onClick={() => void saveLog(log.whole(), `${step ?? 'run'}.log`)}>
          {trans.__('Download')}
        </Button>
      </div>
      {problem && <p className="nby-Note">{problem}</p>}
      {buffer.gaps.map(gap => (
        <p key={gap.line} className="nby-Note">
          {left.get(gap.line)}{' '}
          <LinkButton
            onClick={() => {
              setFollow(false);
              scrollTo(gap.line, 'center');
            }}
          >
            {trans.__('Show where')}
          </LinkButton>
        </p>
      ))}
      {!count && !problem && (
        <p className="nby-Note">
          {isLive(props.detail.run) ? trans.__('No output yet.') : trans.__('The log is empty.')}
        </p>
      )}
      <div
        ref={box}
        className={count ? 'nby-Log' : 'nby-Log nby-mod-empty'}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log of “%1”', step ?? '')}
        onScroll={event => onScroll(event.currentTarget)}
        {...scrolledUp(() => setFollow(false))}
      >
        <div style={{ height: count * ROW, position: 'relative' }}>
          {rowsOf(rows).map(index => (
            <Line
              key={index}
              text={
                left.has(index)
                  ? `… ${left.get(index)} …`
                  : foldedLine(buffer.lines[index] ?? '', trans)
              }
              top={index * ROW}
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
  /** The line replaces lines that were left out. */
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

function plain(line: string): string {
  return Anser.ansiToText(line);
}

/** Save the whole log as it is shown. */
async function saveLog(pieces: AsyncIterable<string>, filename: string): Promise<void> {
  const parts: string[] = [];
  for await (const piece of pieces) {
    const part = new LogBuffer(Infinity);
    part.append(piece);
    parts.push(part.lines.map(plain).join('\n'), piece.endsWith('\n') ? '\n' : '');
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }));
  download(url, filename);
  URL.revokeObjectURL(url);
}
