/** What installing says, as it says it. */
import { useEffect, useReducer, useState } from 'react';
import { LogChunk } from '../../api/types';
import { LogBuffer } from '../../runs/logBuffer';

const PAUSE = 1000;
/** More text would make a page slow; the end of it tells most. */
const LIMIT = 512 * 1024;

type Ask = (after: number, signal: AbortSignal) => Promise<LogChunk>;

/** Reads a log on from the byte where it stands. */
export class LogReader {
  constructor(private readonly ask: Ask) {}

  readonly buffer = new LogBuffer(LIMIT);
  readonly control = new AbortController();
  /** Nothing more will be written. */
  done = false;

  /** All that is there by now. */
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

/** The log of one building of a version, `of`; read on until it is done. */
export function useInstallLog(of: string, ask: Ask): { lines: readonly string[]; problem: string } {
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
