import '../../../../style/run-table.css';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Run } from '../../../api/types';
import { Button, CheckBox } from '../../../components/Button';
import { recall, remember } from '../../../components/hooks/sessionMemory';
import { useSignal } from '../../../components/hooks/useSignal';
import { stateText } from '../../../components/StateMark';
import { RowTable } from '../../../components/table/RowTable';
import { Refusal, Waiting } from '../../../components/text/messages';
import { runsIcon } from '../../../icons/startup';
import { shownRun } from '../../../runs/model/shownRun';
import { SearchBox } from '../../frame/Search';
import { IPanelServices } from '../../frame/services';
import { activeProjectOf } from '../../projects/activeProject';
import { comparing, MarkedRuns } from '../search/MarkedRuns';
import { FILTER_NAMES, noneText, withFilter } from '../search/runSearch';
import { deleteRuns, keepRuns, tagRuns } from './bulk';
import { fixedColumns, IRunColumn, isMetric, metricColumns, NEWEST, orderOf } from './columns';
import { useRunPages } from './runPages';

/** Where the choices of the user are stored, and what is typed. */
const KEY = 'nbyard:runs-page';
const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];
/** Parameters and tags are often long, so metrics stand before them. */
const BEFORE_METRICS = -2;
/** The width of such a column if it is empty. */
const EMPTY = 56;
const IS = /(?:^|\s)is:(\S+)/;

/** What a user chose for the table. */
const USUAL = { hidden: [] as readonly string[], metrics: [] as readonly string[], sort: NEWEST };

/** All runs as a table, with filters, a choice of columns, and actions on several runs. */
export default function RunsPage({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const [text, setText] = useState(() => recall<{ text: string }>(KEY)?.text ?? '');
  useEffect(() => remember(KEY, { text }), [text]);
  const active = activeProjectOf(yard);
  const project = useSignal(active.changed, () => active.id);
  const [choices, choose] = useChoices(services);
  const isShown = (key: string) =>
    isMetric(key) ? choices.metrics.includes(key) : !choices.hidden.includes(key);
  const sort = isShown(choices.sort.key) ? choices.sort : NEWEST;
  const pages = useRunPages(yard, text, project, orderOf(sort));
  const { items, isWhole, isReady, problem } = pages;
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [isChoosing, setChoosing] = useState(false);
  const inRunInfo = useSignal(shownRun.changed, () => shownRun.id);

  const fixed = useMemo(
    () => fixedColumns(services, tag => setText(old => withFilter(old, 'tag', tag))),
    [services]
  );
  const metrics = useMemo(() => metricColumns(items), [items]);
  const columns = [
    ...fixed.slice(0, BEFORE_METRICS),
    ...metrics,
    ...fixed
      .slice(BEFORE_METRICS)
      .map(column => (items.some(column.title!) ? column : { ...column, width: EMPTY }))
  ].filter(({ key }) => isShown(key));
  const chosen = items.filter(({ id }) => marked.has(id));
  const onEnd = useCallback(() => void pages.more(), [pages]);
  const compare = comparing(services, chosen);
  return (
    <div className="nby-View nby-RunsPage">
      <div className="nby-View-header">
        <runsIcon.react tag="span" className="nby-Icon" />
        <h2>{trans.__('Runs')}</h2>
        <span className="nby-Dim" role="status">
          {isReady && `${items.length.toLocaleString()}${isWhole ? '' : '+'}`}
        </span>
        <span className="nby-Space" />
        <Button aria-expanded={isChoosing} onClick={() => setChoosing(!isChoosing)}>
          {trans.__('Columns')}
        </Button>
      </div>
      <div className="nby-RunsPage-filters">
        <SearchBox
          search={{ items, text, setText, offered: true }}
          label={trans.__('Search runs')}
          hint={trans.__('Words and filters: %1', FILTER_NAMES)}
          none={problem ? '' : noneText(pages.text, trans)}
          trans={trans}
        >
          <select
            aria-label={trans.__('State')}
            value={IS.exec(text)?.[1] ?? ''}
            onChange={event => setText(withFilter(text, 'is', event.target.value))}
          >
            <option value="">{trans.__('All states')}</option>
            {STATES.map(state => (
              <option key={state} value={state}>
                {stateText(state, trans)}
              </option>
            ))}
          </select>
        </SearchBox>
      </div>
      {isChoosing && <ColumnChoice {...{ fixed, metrics, choices, choose, services }} />}
      <MarkedRuns
        count={chosen.length}
        compare={compare}
        clear={() => setMarked(new Set())}
        services={services}
      >
        <Button onClick={() => void keepRuns(services, chosen)}>
          {chosen.every(({ kept }) => kept) ? trans.__('Stop Keeping') : trans.__('Keep')}
        </Button>
        <Button onClick={() => void tagRuns(services, chosen)}>{trans.__('Tag…')}</Button>
        <Button onClick={() => void deleteRuns(services, chosen)}>{trans.__('Delete…')}</Button>
      </MarkedRuns>
      <Refusal className="nby-Note">
        {problem && (
          <>
            {problem} <Button onClick={() => void pages.reload()}>{trans.__('Try Again')}</Button>
          </>
        )}
      </Refusal>
      {!isReady && !items.length ? (
        <Waiting>{trans.__('Loading…')}</Waiting>
      ) : !items.length && !problem ? (
        !text && (
          <Waiting>
            {trans.__('No runs yet. Run a workflow, or a notebook in the background.')}
          </Waiting>
        )
      ) : (
        <RowTable
          key={pages.text}
          label={trans.__('Runs')}
          noun="run"
          columns={columns}
          rows={items}
          isPart={!isWhole}
          idOf={({ id }) => id}
          marks={{
            label: run =>
              run ? trans.__('Select run %1', run.number) : trans.__('Select all loaded runs'),
            marked,
            onMark: setMarked
          }}
          sort={sort}
          onSort={next => choose({ ...choices, sort: next })}
          selected={inRunInfo}
          keys={{
            ...(compare ? { c: compare } : {}),
            ...(chosen.length ? { Delete: () => void deleteRuns(services, chosen) } : {})
          }}
          onOpen={({ id }: Run) => void commands.execute('nbyard:show-run', { id })}
          onEnd={onEnd}
        />
      )}
    </div>
  );
}

type Choices = typeof USUAL;

/** Return what the user chose for the table, which is remembered from page to page. */
function useChoices({ state }: IPanelServices): [Choices, (choices: Choices) => void] {
  const [choices, setChoices] = useState(USUAL);
  useEffect(() => {
    void state?.fetch(KEY).then(stored => setChoices({ ...USUAL, ...(stored as object) }));
  }, [state]);
  const choose = (next: Choices) => {
    setChoices(next);
    void state?.save(KEY, { ...next, sort: { ...next.sort } });
  };
  return [choices, choose];
}

interface IColumnChoiceProps {
  fixed: readonly IRunColumn[];
  metrics: readonly IRunColumn[];
  choices: Choices;
  choose: (choices: Choices) => void;
  services: IPanelServices;
}

/** Boxes for the columns; those of metrics are hidden at first. */
function ColumnChoice(props: IColumnChoiceProps): JSX.Element {
  const { fixed, metrics, choices, choose, services } = props;
  const { trans } = services;
  const box = ({ key, label }: IRunColumn) => {
    const list = isMetric(key) ? 'metrics' : 'hidden';
    const listed = choices[list].includes(key);
    const others = choices[list].filter(other => other !== key);
    return (
      <CheckBox
        key={key}
        checked={listed === (list === 'metrics')}
        onChange={() => choose({ ...choices, [list]: listed ? others : [...others, key] })}
      >
        {label}
      </CheckBox>
    );
  };
  return (
    <>
      <div className="nby-Bar" role="group" aria-label={trans.__('Columns')}>
        {fixed.map(box)}
      </div>
      <div className="nby-Bar" role="group" aria-label={trans.__('Columns of metrics')}>
        <strong>{trans.__('Metrics')}</strong>
        {metrics.map(box)}
        {!metrics.length && (
          <span className="nby-Dim">{trans.__('The listed runs recorded no metrics.')}</span>
        )}
      </div>
    </>
  );
}
