import { ISignal } from '@lumino/signaling';
import { useEffect, useState } from 'react';

/** Changes within this time, in milliseconds, count as one. */
const GATHER = 300;

interface IStream {
  events: ISignal<unknown, readonly { topic: string }[]>;
  refetch: ISignal<unknown, void>;
  start(): Promise<void>;
}

/** Return a number that grows after events of the topics, and when such events may be missing. */
export function useChanges(stream: IStream, ...topics: readonly string[]): number {
  const [turn, setTurn] = useState(0);
  const names = topics.join(' ');
  useEffect(() => {
    let timer: number | undefined;
    const onChange = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        setTurn(now => now + 1);
      }, GATHER);
    };
    const onEvents = (_: unknown, events: readonly { topic: string }[]) => {
      if (events.some(({ topic }) => names.split(' ').includes(topic))) {
        onChange();
      }
    };
    stream.events.connect(onEvents);
    stream.refetch.connect(onChange);
    void stream.start();
    return () => {
      stream.events.disconnect(onEvents);
      stream.refetch.disconnect(onChange);
      window.clearTimeout(timer);
    };
  }, [stream, names]);
  return turn;
}
