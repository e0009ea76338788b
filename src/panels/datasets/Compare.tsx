import { TranslationBundle } from '@jupyterlab/translation';
import { useCallback, useState } from 'react';
import { ColumnChange, ColumnFigures, Comparison, Dataset, DatasetVersion } from '../../api/types';
import { showBytes } from '../../components/format/bytes';
import { CompareVersions, IPair } from '../../components/CompareVersions';
import { Table } from '../../components/table/Table';
import { CheckBox } from '../../components/Button';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { showNumber } from './Pictures';

interface ICompareProps {
  services: IPanelServices;
  dataset: Dataset;
  /** The ready versions, newest first, at least two. */
  versions: readonly DatasetVersion[];
}

/** The differences between two versions: columns before and after, or files of folders. */
export function Compare({ services, dataset, versions }: ICompareProps): JSX.Element {
  const { yard, trans } = services;
  const ask = useCallback(
    (query: IPair, signal: AbortSignal) =>
      yard.client.call('datasets.compare', { path: { dataset: dataset.id }, query, signal }),
    [yard, dataset.id]
  );
  return (
    <CompareVersions
      versions={versions}
      ask={ask}
      waiting={trans.__('Reading all rows of both versions…')}
      trans={trans}
    >
      {comparison => <Differences comparison={comparison} trans={trans} />}
    </CompareVersions>
  );
}

interface IDifferencesProps {
  comparison: Comparison;
  trans: TranslationBundle;
}

function Differences({ comparison, trans }: IDifferencesProps): JSX.Element {
  const { columns = [], files = [], file_changes = 0, note } = comparison;
  const count = (change: ColumnChange['change']) =>
    columns.filter(column => column.change === change).length;
  const said = comparison.same
    ? [trans.__('Both versions have the same bytes.')]
    : [
        reasonText(note, trans),
        rowsText(comparison.old.rows, comparison.new.rows, trans),
        sizesText(comparison, trans),
        columns.length &&
          trans.__(
            'columns: %1 added, %2 removed, %3 with another type, %4 with other statistics',
            count('added'),
            count('removed'),
            count('retyped'),
            count('changed')
          ),
        file_changes && trans._n('%1 file differs', '%1 files differ', file_changes)
      ];
  return (
    <>
      <p className="nby-Note" role="status">
        {said.filter(Boolean).join(' · ')}
      </p>
      {!!columns.length && <Columns columns={columns} trans={trans} />}
      {!!files.length && <Files comparison={comparison} trans={trans} />}
    </>
  );
}

/** Return the number of rows before and after; empty if one is unknown. */
export function rowsText(
  old: number | null | undefined,
  now: number | null | undefined,
  trans: TranslationBundle
): string {
  if (typeof old !== 'number' || typeof now !== 'number') {
    return '';
  }
  const rows = thenNow(old.toLocaleString(), now.toLocaleString());
  const more = now - old;
  const change = more && ` (${more > 0 ? '+' : '−'}${Math.abs(more).toLocaleString()})`;
  return trans.__('%1 rows', `${rows}${change || ''}`);
}

function sizesText({ old, new: now }: Comparison, trans: TranslationBundle): string {
  const sizes = thenNow(showBytes(old.size_bytes ?? 0), showBytes(now.size_bytes ?? 0));
  const digests = [old, now].map(({ digest }) => (digest ?? '').replace(/^\w+:/, '').slice(0, 12));
  return trans.__('%1, SHA-256 %2', sizes, thenNow(digests[0], digests[1]));
}

function thenNow(then: string, now: string): string {
  return then === now ? then : `${then} → ${now}`;
}

interface IColumnsProps {
  columns: readonly ColumnChange[];
  trans: TranslationBundle;
}

/** The columns that differ, with their figures before and after. */
export function Columns({ columns, trans }: IColumnsProps): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? columns : columns.filter(({ change }) => change !== 'same');
  const same = columns.length - columns.filter(({ change }) => change !== 'same').length;
  const changeTexts: Record<ColumnChange['change'], string> = {
    same: '',
    changed: trans.__('changed'),
    retyped: trans.__('type changed'),
    added: trans.__('added'),
    removed: trans.__('removed')
  };
  const figures: [keyof ColumnFigures, string][] = [
    ['type', trans.__('Type')],
    ['nulls', trans.__('Missing')],
    ['distinct', trans.__('Distinct')],
    ['min', trans.__('Min')],
    ['mean', trans.__('Mean')],
    ['max', trans.__('Max')]
  ];
  return (
    <>
      {!!same && (
        <CheckBox className="nby-Note" checked={all} onChange={setAll}>
          {trans._n('Show the unchanged column', 'Show the %1 unchanged columns', same)}
        </CheckBox>
      )}
      <Table
        label={trans.__('Columns of both versions')}
        heads={[...[trans.__('Column'), trans.__('Change')], ...figures.map(([, label]) => label)]}
      >
        {shown.map(column => (
          <tr key={column.name} className={`nby-mod-${column.change}`}>
            <th scope="row">{column.name}</th>
            <td>{changeTexts[column.change]}</td>
            {figures.map(([figure]) => (
              <Figure key={figure} column={column} figure={figure} />
            ))}
          </tr>
        ))}
      </Table>
    </>
  );
}

interface IFigureProps {
  column: ColumnChange;
  figure: keyof ColumnFigures;
}

/** A figure, or its old and new values. */
function Figure({ column, figure }: IFigureProps): JSX.Element {
  const { old, new: now, differs = [] } = column;
  if (!differs.includes(figure)) {
    return <td>{shown((now ?? old)?.[figure])}</td>;
  }
  return (
    <td>
      <del>{shown(old?.[figure])}</del> → <ins>{shown(now?.[figure])}</ins>
    </td>
  );
}

function shown(value: unknown): string {
  return value === null || value === undefined ? '–' : showNumber(value);
}

function Files({ comparison, trans }: IDifferencesProps): JSX.Element {
  const { files = [], file_changes = 0 } = comparison;
  const signs = { added: '+', changed: '~', removed: '−' };
  const changeTexts = {
    added: trans.__('added'),
    changed: trans.__('changed'),
    removed: trans.__('removed')
  };
  const size = (bytes: number | null | undefined) =>
    typeof bytes === 'number' ? showBytes(bytes) : '';
  return (
    <>
      <div className="nby-Diff" tabIndex={0} role="region" aria-label={trans.__('Changes')}>
        {files.map(({ path, change, old_bytes, new_bytes }) => (
          <div key={path} className={`nby-Diff-line nby-mod-${change}`}>
            <span className="nby-Diff-sign" aria-hidden="true">
              {signs[change]}
            </span>
            <span className="nby-Sr">{changeTexts[change]}: </span>
            <span className="nby-Diff-name">{path}</span>
            <span>{[size(old_bytes), size(new_bytes)].filter(Boolean).join(' → ')}</span>
          </div>
        ))}
      </div>
      {file_changes > files.length && (
        <p className="nby-Note">{trans.__('and %1 more', file_changes - files.length)}</p>
      )}
    </>
  );
}
