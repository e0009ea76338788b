import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { isLive } from '../../api/types';
import { StateMark } from '../../components/StateMark';
import { showSeconds } from '../../components/format/times';
import { useServerNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { Waiting } from '../../components/text/messages';
import { RunModel } from '../../runs/model/runModel';
import { secondsOf } from '../../runs/model/reducer';
import { isOwner, mayChange } from '../../components/format/roles';
import { HeadActions } from '../frame/HeadActions';
import { IArtifactTarget, IPanelServices } from '../frame/services';
import { NewArtifact } from './NewArtifact';

const RunView = lazy(() => import('../../runs/view/RunView'));
/** The tabs of a run that apply to an artifact. */
const TABS = ['results', 'output', 'logs', 'metrics', 'lineage', 'parameters'];

interface IArtifactViewProps {
  services: IPanelServices;
  target: IArtifactTarget;
  /** Called when its run has started; the view then shows the artifact. */
  onMade: (run: string) => void;
}

/** One artifact, or the form for a new one. */
export default function ArtifactView(props: IArtifactViewProps): JSX.Element {
  const { services, target, onMade } = props;
  const { id } = target;
  const { yard, trans } = services;
  const [model, setModel] = useState<RunModel>();
  useEffect(() => {
    const made = id === undefined ? undefined : RunModel.of(yard, id);
    setModel(made);
    return () => made?.dispose();
  }, [yard, id]);
  if (id === undefined) {
    return <NewArtifact services={services} target={target} onMade={onMade} />;
  }
  return model ? (
    <Made key={id} services={services} model={model} isNew={!!target.isNew} />
  ) : (
    <p className="nby-Note">{trans.__('Loading…')}</p>
  );
}

interface IMadeProps {
  services: IPanelServices;
  model: RunModel;
  isNew: boolean;
}

function Made({ services, model, isNew }: IMadeProps): JSX.Element {
  const { trans } = services;
  const run = useSignal(model.changed, () => model.run);
  const problem = useSignal(model.changed, () => model.problem);
  const opened = !!run;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isNew && opened) {
      title.current?.focus(); // the form that had the focus is gone
    }
  }, [isNew, opened]);
  const files = useSignal(model.changed, () => !!model.task('main')?.artifacts?.length);
  const live = !!run && isLive(run);
  const now = useServerNow(services.yard.stream, live);
  const actions = live
    ? mayChange(run)
      ? ['cancel-run']
      : []
    : [
        ...(files && run?.name ? ['download-artifact'] : []),
        'copy-artifact',
        ...(run && isOwner(run) ? ['delete-artifact'] : [])
      ];
  if (problem) {
    return <Waiting problem={problem} />;
  }
  return (
    <div className="nby-View">
      {run && (
        <div className="nby-View-header">
          <h2 ref={title} tabIndex={-1}>
            {run.name || run.title}
          </h2>
          <span role="status">
            <StateMark state={run.state} trans={trans} />
          </span>
          <span className="nby-Dim">
            {[run.title, `#${run.number}`, showSeconds(secondsOf(run, now))]
              .filter(Boolean)
              .join(' · ')}
          </span>
          <span className="nby-Space" />
          <HeadActions
            commands={services.commands}
            ids={actions.map(name => `nbyard:${name}`)}
            args={{ id: run.id }}
            trans={services.trans}
          />
        </div>
      )}
      {run && !run.name && (
        <p className="nby-Warning">{trans.__('Another run has this name now.')}</p>
      )}
      <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
        <RunView
          services={{ ...services, contents: services.app.serviceManager.contents, steps: null }}
          model={model}
          only={TABS}
          first={run?.state === 'succeeded' && !isNew ? 'results' : 'logs'}
        />
      </Suspense>
    </div>
  );
}
