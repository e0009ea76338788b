/** The visible part of a task's log: first its end, the rest on scrolling. */
import { useEffect, useReducer, useRef, useState } from 'react';
import { LogChunk } from '../../../api/types';
import { LogBuffer } from '../../model/logBuffer';
import { RunModel } from '../../model/runModel';
import { TASK_DONE } from '../../model/reducer';
import { IRunServices } from '../../model/services';
import { useActivity } from '../context/hooks';

/** A position after the end of any log. */
const END = Number.MAX_SAFE_INTEGER;

export interface ILog {
  buffer: LogBuffer;
  /** Grows with each change of the buffer. */
  round: number;
  problem?: string;
  /** The first byte that is shown. */
  start: number;
  /** Read what comes before, or after, the current part. */
  older: () => unknown;
  newer: () => unknown;
  /** Read from the start, or from the end, and drop the rest. */
  first: () => void;
  last: () => void;
  /** Yield the whole log, piece by piece. */
  whole: () => AsyncGenerator<string>;
}

/**
 * Return the log, or with `ofCell` only the output of the running cell. With `follow`, new text is
 * added even if older lines are dropped.
 */
export function useLog(
  services: IRunServices,
  model: RunModel,
  node: string | undefined,
  wanted: number,
  follow: boolean,
  ofCell = false
): ILog {
  const [round, draw] = useReducer((count: number) => count + 1, 0);
  const [problem, setProblem] = useState<string>();
  const activity = useActivity(model).get(node ?? '');
  const bytes = activity?.log_bytes ?? 0;
  const first = (ofCell && activity?.log_start) || 0;
  const task = model.task(node ?? '');
  const done = !!task && TASK_DONE.has(task.state);
  const started = task?.started_at ?? '';
  const of = `${node} ${wanted} ${first}`;
  const log = useRef<Reader>();
  if (log.current?.of !== of) {
    log.current?.control.abort();
    const ask = (query: object, signal: AbortSignal) =>
      services.yard.client.call('runs.log', {
        path: { run: model.id, node: node ?? '' },
        query: { ...query, attempt: wanted },
        signal
      });
    log.current = new Reader(of, first, ask, message => {
      setProblem(message);
      draw();
    });
  }
  const reader = log.current;
  reader.follows = follow;
  useEffect(() => () => log.current?.control.abort(), []);
  useEffect(() => {
    if (node) {
      reader.read(() => reader.goOn());
    }
  }, [reader, node, bytes, done, started]);
  return {
    buffer: reader.buffer,
    round,
    problem,
    start: first,
    older: () => reader.isIdle && reader.read(() => reader.older()),
    newer: () => reader.isIdle && reader.read(() => reader.newer()),
    first: () => reader.read(() => reader.from(0)),
    last: () => reader.read(() => reader.from(END)),
    whole: () => reader.whole()
  };
}

type Ask = (query: object, signal: AbortSignal) => Promise<LogChunk>;

/** Requests pieces of a log one by one. */
class Reader {
  constructor(
    readonly of: string,
    private readonly start: number,
    private readonly ask: Ask,
    private readonly drawn: (problem?: string) => void
  ) {}

  readonly buffer = new LogBuffer();
  readonly control = new AbortController();
  follows = true;

  get isIdle(): boolean {
    return !this._waiting;
  }

  /** Run one action after the other. */
  read(action: () => Promise<void>): void {
    this._waiting++;
    const over = (error?: Error) => {
      this._waiting--;
      this._tell(error?.message);
    };
    this._last = this._last.then(action).then(() => over(), over);
  }

  /** Read what was added; at first the end. */
  async goOn(): Promise<void> {
    const { buffer } = this;
    if (this._attempt === undefined) {
      await this.from(END);
    }
    while (!buffer.behind) {
      if (!this.follows && !buffer.hasRoom) {
        buffer.behind = true;
        return;
      }
      const { text, next, done, attempt } = await this._ask({ after: buffer.end });
      if (attempt !== this._attempt) {
        await this.from(END); // another attempt has its own log
        continue;
      }
      buffer.append(text, next);
      if (done || !text) {
        return;
      }
      this._tell();
    }
  }

  async older(): Promise<void> {
    const { buffer } = this;
    if (buffer.start > this.start) {
      const { text, start } = await this._ask({ after: this.start, before: buffer.start });
      buffer.prepend(text, start);
    }
  }

  async newer(): Promise<void> {
    const { buffer } = this;
    if (buffer.behind) {
      const { text, next, done } = await this._ask({ after: buffer.end });
      buffer.append(text, next);
      buffer.behind = !done && text !== '';
    }
  }

  /** Start again with the first piece, or with the last. */
  async from(place: 0 | typeof END): Promise<void> {
    const query = { after: this.start, ...(place && { before: place }) };
    const { text, start, next, done, attempt } = await this._ask(query);
    this._attempt = attempt;
    this.buffer.clear(start);
    this.buffer.append(text, next);
    this.buffer.behind = !place && !done;
  }

  async *whole(): AsyncGenerator<string> {
    for (let after = 0; ;) {
      const { text, next, done } = await this._ask({ after });
      yield text;
      if (done || !text) {
        return;
      }
      after = next;
    }
  }

  private _ask(query: object): Promise<LogChunk> {
    return this.ask(query, this.control.signal);
  }

  private _tell(problem?: string): void {
    if (!this.control.signal.aborted) {
      this.drawn(problem);
    }
  }

  private _attempt?: number;
  private _last = Promise.resolve();
  private _waiting = 0;
}
