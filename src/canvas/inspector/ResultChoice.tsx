import { useEffect, useId, useState } from 'react';
import { showMoment } from '../../components/format/times';
import { JsonObject } from '../../document/canonical';
import { useCanvas } from '../model/hooks';
import { pinTo } from '../commands/pinning';
import { IResultRun } from '../model/tokens';
import { pinOf } from '../model/nodeViews';

export interface IChoiceProps {
  id: string;
  fields: JsonObject;
  readOnly: boolean;
}

/** Chooses whether a node runs or uses the result of a run. */
export function ResultChoice({ id, fields, readOnly }: IChoiceProps): JSX.Element {
  const { doc, path, services, trans } = useCanvas();
  const field = useId();
  const pin = pinOf(fields);
  const [runs, setRuns] = useState<readonly IResultRun[]>([]);
  useEffect(() => {
    void services.backend?.results(path, id).then(setRuns, () => setRuns([]));
  }, [services, path, id, pin?.run]);
  const choose = (chosen: string) => {
    const run = runs.find(candidate => candidate.id === chosen);
    if (run || !chosen) {
      doc.setField(id, 'pin', run && pinTo(run));
    }
  };
  return (
    <div className="nby-Field">
      <div className="nby-Field-head">
        <label htmlFor={field}>{trans.__('Result')}</label>
      </div>
      <select
        id={field}
        className="jp-mod-styled"
        disabled={readOnly}
        value={pin?.run ?? ''}
        aria-describedby={`${field}-help`}
        onChange={event => choose(event.target.value)}
      >
        <option value="">{trans.__('new in each run')}</option>
        {pin && !runs.some(run => run.id === pin.run) && (
          <option value={pin.run}>{trans.__('pinned to run %1', pin.number)}</option>
        )}
        {runs.map(run => (
          <option key={run.id} value={run.id}>
            {trans.__('pinned to run %1 · %2', run.number, showMoment(run.created_at))}
          </option>
        ))}
      </select>
      <div id={`${field}-help`} className="nby-Field-help">
        {trans.__('A pinned result is used even if the run ignores the cache.')}
      </div>
    </div>
  );
}
