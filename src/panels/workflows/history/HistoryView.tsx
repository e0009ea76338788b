import { useState } from 'react';
import { ComparedVersions, SavedVersion } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { Button } from '../../../components/Button';
import { showAgo, showMoment } from '../../../components/format/times';
import { useChanges } from '../../../components/hooks/useChanges';
import { useAgoNow } from '../../../components/hooks/useLost';
import { RowList } from '../../../components/RowList';
import { Refusal } from '../../../components/text/messages';
import { workflowIcon } from '../../../icons/startup';
import { IPanelServices } from '../../frame/services';
import { SideRow } from '../../frame/SideRow';
import { WorkflowDrawing } from './WorkflowDrawing';
import { restoreVersion } from './restore';

interface IHistoryProps {
  services: IPanelServices;
  /** The workflow file. */
  path: string;
}

/** The versions of a workflow, and what differs between two of them. */
export default function HistoryView({ services, path }: IHistoryProps): JSX.Element {
  const { trans, yard } = services;
  const turn = useChanges(yard.stream, 'workflow', 'run');
  const listed = useAnswer(
    yard.client,
    'workflows.versions',
    { query: { path, limit: 200 } },
    { turn }
  );
  const versions = listed.answer?.items ?? [];
  const [chosen, choose] = useState<number>();
  const [other, setOther] = useState(0);
  const number = chosen ?? versions[0]?.number;
  const now = useAgoNow(yard.stream);
  const { answer, problem } = useAnswer(
    yard.client,
    'workflows.compare',
    number === undefined ? undefined : { query: { path, old: number, new: other } },
    { turn }
  );
  return (
    <div className="nby-History">
      <div className="nby-History-versions">
        <h2>{trans.__('History')}</h2>
        <Refusal>{listed.problem}</Refusal>
        <RowList
          label={trans.__('Versions')}
          noun="version"
          items={versions}
          idOf={({ id }) => id}
          nameOf={version => trans.__('Version %1', version.number)}
          render={version => (
            <SideRow
              icon={workflowIcon}
              name={trans.__('Version %1', version.number)}
              aside={showAgo(version.created_at, now, trans)}
              detail={facts(version, services)}
              title={showMoment(version.created_at)}
            />
          )}
          selected={versions.find(version => version.number === number)?.id}
          onSelect={version => choose(version.number)}
          onOpen={version => choose(version.number)}
        />
      </div>
      {number !== undefined && (
        <div className="nby-History-difference">
          <div className="nby-History-head">
            <h3>{trans.__('From version %1 to', number)}</h3>
            <select
              aria-label={trans.__('Compare with')}
              value={other}
              onChange={event => setOther(Number(event.target.value))}
            >
              <option value={0}>{trans.__('the saved file')}</option>
              {versions.map(version => (
                <option key={version.id} value={version.number}>
                  {trans.__('version %1', version.number)}
                </option>
              ))}
            </select>
            <Button onClick={() => void restoreVersion(services, path, number)}>
              {trans.__('Restore Version %1', number)}
            </Button>
          </div>
          <Refusal>{problem}</Refusal>
          {answer && !problem && <Difference compared={answer} services={services} />}
        </div>
      )}
    </div>
  );
}

function facts({ person, runs }: SavedVersion, { trans }: IPanelServices): string {
  const numbers = runs ?? [];
  const ran = numbers.length
    ? trans._n('run %2', 'runs %2', numbers.length, numbers.join(', '))
    : trans.__('saved');
  return [person, ran].join(' · ');
}

function Difference(props: { compared: ComparedVersions; services: IPanelServices }): JSX.Element {
  const { compared, services } = props;
  const { trans } = services;
  const { changes } = compared;
  const signs = { added: '+', removed: '−', changed: '~' };
  return (
    <>
      <WorkflowDrawing
        compared={compared}
        label={trans.__('Both versions: added, removed and changed nodes')}
      />
      {!changes.length && <p className="nby-Note">{trans.__('Nothing differs.')}</p>}
      <ul className="nby-History-changes">
        {changes.map(({ kind, place, ...values }) => (
          <li key={place.join('/')} className={`nby-mod-${kind}`}>
            <span aria-hidden="true">{signs[kind]}</span>
            <span className="nby-Sr">{wordFor(kind, services)}</span>{' '}
            <span>{placeText(place)}</span>{' '}
            {(place.length > 2 || place[0] === 'meta') && <code>{valuesText(values)}</code>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Return where a change is: a node and its field, or a connection. */
function placeText([, ...rest]: readonly string[]): string {
  return rest.filter(word => word !== 'arguments' && word !== 'value').join(' · ');
}

function valuesText({
  old,
  new: now
}: Pick<ComparedVersions['changes'][number], 'old' | 'new'>): string {
  return [old, now]
    .filter(value => value !== undefined)
    .map(value => JSON.stringify(value))
    .join(' → ');
}

function wordFor(kind: 'added' | 'removed' | 'changed', { trans }: IPanelServices): string {
  return { added: trans.__('added'), removed: trans.__('removed'), changed: trans.__('changed') }[
    kind
  ];
}
