import { TranslationBundle } from '@jupyterlab/translation';
import { useRef } from 'react';
import { useAnswer } from '../../../api/useAnswer';
import { Deployment, ModelPackage } from '../../../api/types';
import { plainText } from '../../../components/format/plainText';
import { showSeconds, useNow } from '../../../components/format/times';
import { LogBox } from '../../../components/log/LogBox';
import { stateText } from '../../../components/StateMark';
import { STATE_ICONS } from '../../../icons/items';
import { useImageLog } from '../../environments/images/ImageList';
import { useGrowingLog } from '../../frame/growingLog';
import { IPanelServices } from '../../frame/services';

interface IBuildingProps {
  services: IPanelServices;
  deployment: Deployment;
}

/** The stages until the service responds, and until the image of a new revision is built. */
export function Building({ services, deployment }: IBuildingProps): JSX.Element | null {
  const model = deployment.model?.id;
  const question = model === undefined ? model : { path: { model } };
  const { answer: made, error } = useAnswer(services.yard.client, 'models.get', question, {
    turn: deployment
  });
  const isStarting = ['queued', 'starting'].includes(deployment.state);
  const isBuilt = !made || made.state === 'ready';
  return (model && !made && !error) || (isBuilt && !isStarting) ? null : (
    <Stages services={services} deployment={deployment} made={made} />
  );
}

const STEP = /^Step (\d+)\/(\d+) : (FROM)?/;

/** Packages are installed in the first part of the Dockerfile; each part begins with FROM. */
function stepOf(lines: readonly string[]) {
  const steps = lines.map(line => STEP.exec(line)).filter(step => step !== null);
  const isPacked = steps.filter(([, , , from]) => from).length > 1;
  const [, number, count] = steps.pop() ?? [];
  return { isPacked, number, count };
}

function Stages(props: IBuildingProps & { made: ModelPackage | undefined }): JSX.Element {
  const { services, deployment, made } = props;
  const { trans } = services;
  const log = useImageLog(services, made?.image);
  const { isPacked, number, count } = stepOf(log.lines);
  const isBuilding = !!made && made.state !== 'ready';
  const isFailed = made?.state === 'failed';
  const names = [
    trans.__('Packages'),
    trans.__('Image'),
    trans.__('Container'),
    trans.__('Answer')
  ];
  const inContainer = deployment.state === 'starting' ? 3 : 2;
  const stage = isBuilding ? Number(isPacked) : inContainer;
  const times = useTimes(stage, deployment, made);
  return (
    <section aria-label={trans.__('Stages')}>
      <ol className="nby-Stages">
        {names.map((name, place) =>
          place > 1 || made ? (
            <Stage
              key={name}
              name={name}
              state={place < stage ? 'succeeded' : place > stage ? 'waiting' : now(isFailed)}
              time={times[place]}
              step={
                place === stage && isBuilding && number && !isFailed
                  ? trans.__('%1 of %2', number, count)
                  : ''
              }
              trans={trans}
            />
          ) : null
        )}
      </ol>
      {isBuilding ? <LastLine lines={log.lines} /> : <ContainerLine {...props} />}
      {isBuilding && (
        <details className="nby-Image-log" open={isFailed}>
          <summary>{trans.__('Log')}</summary>
          <LogBox {...log} label={trans.__('Log of the image')} isLive={!isFailed} trans={trans} />
        </details>
      )}
    </section>
  );
}

const now = (isFailed: boolean) => (isFailed ? 'failed' : 'running');

interface IStageProps {
  name: string;
  state: 'succeeded' | 'running' | 'failed' | 'waiting';
  time: number | undefined;
  step: string;
  trans: TranslationBundle;
}

function Stage({ name, state, time, step, trans }: IStageProps): JSX.Element {
  const Icon = STATE_ICONS[state];
  return (
    <li aria-current={state === 'running' ? 'step' : undefined}>
      <span className={`nby-StateMark nby-mod-${state}`} title={stateText(state, trans)}>
        <Icon.react tag="span" className="nby-Icon" />
        {name}
      </span>
      <span className="nby-Dim">{[showSeconds(time), step].filter(Boolean).join(' · ')}</span>
    </li>
  );
}

/**
 * Return the seconds that each stage took, or takes. The server knows when the build and the
 * container were started; when the others began is known only if this view saw it.
 */
function useTimes(
  stage: number,
  { started_at }: Deployment,
  made: ModelPackage | undefined
): (number | undefined)[] {
  const present = useNow(true);
  const begins = useRef<(number | undefined)[]>();
  const known = [made?.created_at, undefined, undefined, started_at].map(at =>
    at ? Date.parse(at) : undefined
  );
  begins.current ??= known.map((at, place) => (place <= stage ? at : undefined));
  begins.current[stage] ??= known[stage] ?? present;
  const at = begins.current;
  return at.map((begin, place) => {
    const end = place < stage ? at[place + 1] : present;
    return place > stage || begin === undefined || end === undefined
      ? undefined
      : Math.max(0, end - begin) / 1000;
  });
}

function ContainerLine({ services, deployment }: IBuildingProps): JSX.Element | null {
  const { id, revision } = deployment;
  const log = useGrowingLog(`${id} ${revision}`, (after, signal) =>
    services.yard.client.call('deployments.log', {
      path: { deployment: id },
      query: { after, revision },
      signal
    })
  );
  return <LastLine lines={log.lines} />;
}

function LastLine({ lines }: { lines: readonly string[] }): JSX.Element | null {
  const last = lines.filter(line => line.trim()).pop();
  return last ? <p className="nby-Stages-line nby-Code">{plainText(last)}</p> : null;
}
