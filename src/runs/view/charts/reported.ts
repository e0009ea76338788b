/** Numbers in the JSON outputs of a task, which count as metrics. */
import { useEffect, useState } from 'react';
import { ShownMetric, Task } from '../../../api/types';
import { useServices } from '../context/hooks';

/** At most this many outputs of a task are read. */
const OUTPUTS = 8;

export interface IReported extends ShownMetric {
  output: string;
}

/** Return the numbers that the server finds in JSON outputs, by output. */
export function useOutputMetrics(run: string, task: Task | undefined): readonly IReported[] {
  const { yard } = useServices();
  const [known, setKnown] = useState<{ of: string; reported: readonly IReported[] }>();
  const node = task?.node ?? '';
  const outputs = (task?.artifacts ?? []).filter(({ format }) => format === 'json');
  const names = outputs.slice(0, OUTPUTS).map(({ name }) => name);
  const of = JSON.stringify([run, node, names, outputs.map(({ digest }) => digest)]);
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    const ask = async (output: string): Promise<IReported[]> => {
      const path = { run, node, output };
      try {
        const { metrics } = await yard.client.call('runs.output_preview', { path, signal });
        return (metrics ?? []).map(metric => ({ ...metric, output }));
      } catch {
        return []; // its preview says why
      }
    };
    void Promise.all(names.map(ask)).then(
      answers => !signal.aborted && setKnown({ of, reported: answers.flat() })
    );
    return () => control.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `of` names all that is asked
  }, [yard, of]);
  return known?.of === of ? known.reported : [];
}
