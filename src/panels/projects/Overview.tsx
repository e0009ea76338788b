import { Project } from '../../api/types';
import { useAnswer } from '../../api/useAnswer';
import { LinkButton } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { showMoment } from '../../components/format/times';
import { referenceOf } from '../../forms/referenceOf';
import { StateMark } from '../../components/StateMark';
import { Facts } from '../../components/text/Facts';
import { Refusal } from '../../components/text/messages';
import { resultOf, RunStrip } from '../frame/RunStrip';
import { IPanelServices } from '../frame/services';
import { Kind, kindsOf } from './kinds';
import { nameOf } from './Resources';

const RUNS = 20;
const LISTED_RUNS = 5;
/** The newest links of all kinds; of each kind, so many names are shown. */
const LINKS = 50;
const NAMES = 3;

interface IOverviewProps {
  services: IPanelServices;
  project: Project;
  /** Another number asks the server again. */
  turn: number;
  /** Show the linked resources of a kind. */
  onKind: (kind: Kind) => void;
}

/** The goal of a project, its last runs, its linked resources and the storage that it uses. */
export function Overview({ services, project, turn, onKind }: IOverviewProps): JSX.Element {
  const { yard, trans } = services;
  const { id, task, requirements, repository, metadata } = project;
  const path = { project: id };
  const whole = useAnswer(yard.client, 'projects.get', { path }, { turn });
  const bytes = whole.answer?.stored_bytes;
  return (
    <div className="nby-Project-overview">
      <section>
        <h3>{trans.__('Goal')}</h3>
        <p className={task.goal ? 'nby-Project-goal' : 'nby-Dim'}>
          {task.goal || trans.__('None yet. Press Edit Project… to write what it is for.')}
        </p>
        <Facts
          facts={[
            [trans.__('Evaluation data'), task.evaluation_data],
            [trans.__('Criteria'), task.criteria],
            [trans.__('Requirements'), requirements],
            [trans.__('Repository'), repository],
            ...Object.entries(metadata)
          ]}
        />
      </section>
      <LastRuns {...{ services, project, turn }} />
      <Links {...{ services, project, turn, onKind }} />
      <section>
        <h3>{trans.__('Storage')}</h3>
        <Refusal>{whole.problem}</Refusal>
        <p className="nby-Project-size">{typeof bytes === 'number' ? showBytes(bytes) : '…'}</p>
        <p className="nby-Dim">
          {trans.__('Linked datasets and results of runs. Equal files count once.')}
        </p>
      </section>
    </div>
  );
}

function LastRuns({ services, project, turn }: Omit<IOverviewProps, 'onKind'>): JSX.Element {
  const { yard, trans, commands } = services;
  const query = { project: project.id, limit: RUNS };
  const { answer, problem } = useAnswer(yard.client, 'runs.list', { query }, { turn });
  const runs = answer?.items ?? [];
  return (
    <section>
      <h3>
        {trans.__('Last runs')}
        {!!runs.length && (
          <RunStrip results={[...runs].reverse().map(run => resultOf(run, trans))} trans={trans} />
        )}
      </h3>
      <Refusal>{problem}</Refusal>
      {answer && !runs.length && <p className="nby-Dim">{trans.__('No run yet.')}</p>}
      <ul>
        {runs.slice(0, LISTED_RUNS).map(({ id, number, title, owner, state, created_at }) => (
          <li key={id}>
            <StateMark state={state} trans={trans} />
            <LinkButton onClick={() => void commands.execute('nbyard:show-run', { id })}>
              {`#${number} ${referenceOf({ name: title, owner })}`}
            </LinkButton>
            <span className="nby-Dim">{showMoment(created_at)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Links({ services, project, turn, onKind }: IOverviewProps): JSX.Element {
  const { yard, trans } = services;
  const question = { path: { project: project.id }, query: { limit: LINKS } };
  const { answer, problem } = useAnswer(yard.client, 'projects.links', question, { turn });
  const links = project.links ?? {};
  const kinds = kindsOf(trans).filter(([kind]) => links[kind]);
  const namesOf = (kind: Kind) =>
    (answer?.items ?? [])
      .filter(item => item.kind === kind)
      .slice(0, NAMES)
      .map(item => nameOf(item, trans));
  return (
    <section>
      <h3>{trans.__('Linked')}</h3>
      <Refusal>{problem}</Refusal>
      {!kinds.length && (
        <p className="nby-Dim">{trans.__('Nothing yet. Link data and workflows in Resources.')}</p>
      )}
      <ul>
        {kinds.map(([kind, label]) => (
          <li key={kind}>
            <LinkButton onClick={() => onKind(kind)}>{label}</LinkButton>
            <span className="nby-Mark">{links[kind]}</span>
            <span className="nby-Dim nby-Row-name">{namesOf(kind).join(', ')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
