/** Reads an installation log while it grows. */
import { useEffect, useReducer, useState } from 'react';
import { LogChunk } from '../../api/types';
import { LogBuffer } from '../../runs/model/logBuffer';

const PAUSE = 1000;
/** More text would make a page slow, and the end says most. */
const LIMIT = 512 * 1024;

type Ask = (
  after: number,
  signal: AbortSignal
) => Promise<Pick<LogChunk, 'text' | 'next' | 'done'>>;

/** Reads a log from its current byte. */
export class LogReader {
  constructor(private readonly ask: Ask) {}

  readonly buffer = new LogBuffer(LIMIT);
  readonly control = new AbortController();
  /** Nothing more will be written. */
  done = false;

  /** Read everything that is available. */
  async read(): Promise<void> {
    for (let more = true; more && !this.done;) {
      const { text, next, done } = await this.ask(this.buffer.end, this.control.signal);
      if (this.control.signal.aborted) {
        return;
      }
      if (text) {
        this.buffer.append(text, next);
      }
      this.done = done;
      more = text !== '';
    }
  }
}

/** Return the log of one installation, `of`, and follow it to its end. */
export function useGrowingLog(of: string, ask: Ask): { lines: readonly string[]; problem: string } {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [reader, setReader] = useState<LogReader>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const fresh = new LogReader(ask);
    setReader(fresh);
    let timer: number | undefined;
    const look = async () => {
      try {
        if (!document.hidden) {
          await fresh.read();
          setProblem('');
        }
      } catch (error) {
        setProblem((error as Error).message);
      }
      if (!fresh.control.signal.aborted) {
        draw();
        timer = fresh.done ? undefined : window.setTimeout(look, PAUSE);
      }
    };
    void look();
    return () => {
      fresh.control.abort();
      window.clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `ask` asks the same for the same `of`
  }, [of]);
  return { lines: reader?.buffer.lines ?? [], problem };
}
