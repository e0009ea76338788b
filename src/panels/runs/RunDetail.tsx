import { useContext, useEffect, useReducer, useState } from 'react';
import { isLive, Run, RunDetail as Detail } from '../../api/types';
import { PanelVisible, showSeconds } from '../../components/format/times';
import { reasonText } from '../../reasons';
import { taskTitle } from '../../runs/model/names';
import { RunModel } from '../../runs/model/runModel';
import { secondsOf, TASK_DONE } from '../../runs/model/reducer';
import { IPanelServices } from '../frame/services';

interface IRunDetailProps {
  run: Run;
  services: IPanelServices;
}

/** The second line of a run: how far it is, or why it failed, or how long it took. */
export function RunDetail(props: IRunDetailProps): JSX.Element {
  const { run, services } = props;
  const { trans } = services;
  const number = trans.__('run %1', run.number);
  const { kind, due_at } = run.origin ?? {};
  const by = kind === 'automation' && !!due_at && trans.__('scheduled');
  if (isLive(run)) {
    return <Live run={run} number={number} services={services} />;
  }
  if (run.state === 'failed') {
    return <>{[number, by, reasonText(run.reason, trans)].filter(Boolean).join(' · ')}</>;
  }
  const { cached = 0 } = run.counts;
  const parts = [
    number,
    by,
    showSeconds(secondsOf(run, Date.now())),
    !!cached && trans.__('%1 cached', cached),
    reasonText(run.reason, trans)
  ];
  return <>{parts.filter(Boolean).join(' · ')}</>;
}

interface IPartProps {
  run: Run;
  number: string;
  services: IPanelServices;
}

function Live({ run, number, services }: IPartProps): JSX.Element {
  const { yard, trans } = services;
  const [model, setModel] = useState<RunModel>();
  const [, draw] = useReducer((round: number) => round + 1, 0);
  const isVisible = useContext(PanelVisible);
  useEffect(() => {
    if (!isVisible) {
      return; // the panel is hidden: no requests and no live updates
    }
    const made = RunModel.of(yard, run.id);
    const onChange = () => {
      if (made.detail) {
        setModel(made); // until then, the progress of before stays
      }
      draw();
    };
    made.changed.connect(onChange);
    onChange();
    return () => {
      made.changed.disconnect(onChange);
      made.dispose();
    };
  }, [yard, run.id, isVisible]);
  const detail = model?.detail;
  const parts = detail?.tasks.length ? progress(detail, model!, services) : [];
  return (
    <>
      {[number, ...parts, !parts.length && reasonText(run.reason, trans)]
        .filter(Boolean)
        .join(' · ')}
    </>
  );
}

/** "2 of 4 nodes", "train.ipynb, cell 3 of 5", or the reason of a wait. */
function progress(
  { tasks }: Detail,
  { activity }: RunModel,
  { trans }: IPanelServices
): (string | false)[] {
  const done = tasks.filter(({ state }) => TASK_DONE.has(state)).length;
  const nodes = tasks.length > 1 && trans.__('%1 of %2 nodes', done, tasks.length);
  const works = tasks.find(({ state }) => state === 'running');
  if (works) {
    const { total = 0, done: cells = 0 } = activity.get(works.node) ?? {};
    const cell = total > 0 && trans.__('cell %1 of %2', Math.min(total, cells + 1), total);
    return [nodes, [taskTitle(works, tasks), cell].filter(Boolean).join(', ')];
  }
  const next = tasks.find(({ state }) => state === 'preparing' || state === 'queued');
  return [nodes, !!next && (reasonText(next.waits, trans) || trans.__('preparing'))];
}
